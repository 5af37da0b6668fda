public import Chain
public import Consensus
public import Cryptography
public import Gossip
public import Ledger
public import Primitives

/// The settings of a replica.
public struct ReplicaConfiguration: Sendable {
  public var genesis: Genesis
  /// This node's consensus key; nil for a node that is not a validator.
  public var consensusKey: PublicKey?
  public var timeouts: Timeouts
  public var mempool: Mempool.Limits
  /// The signature checker, with its cache of valid signatures. A node uses Ed25519.
  public var checks: Checks
  /// The lowest height whose block this node has stored when it starts.
  public var lowestBlock: Height
  /// The greatest number of transactions in a block that this node builds. All validators must verify,
  /// execute and write them before the round times out.
  public var blockTransactions = 500
  /// The length in bytes from which on a proposed block is sent as a compact one. A smaller block saves
  /// nothing by it, and would cost a round trip if a transaction has not arrived yet.
  public var compactThreshold = 16 * 1024
  /// The protocol versions that this program supports.
  public var versions: ClosedRange<UInt32>

  public init(
    genesis: Genesis,
    consensusKey: PublicKey?,
    timeouts: Timeouts,
    mempool: Mempool.Limits = Mempool.Limits(),
    checks: Checks = .ed25519,
    lowestBlock: Height = 1,
    versions: ClosedRange<UInt32> = Executor.versions
  ) {
    self.genesis = genesis
    self.consensusKey = consensusKey
    self.timeouts = timeouts
    self.mempool = mempool
    self.checks = checks
    self.lowestBlock = lowestBlock
    self.versions = versions
  }

  var chain: ChainID { genesis.chain }
}

/// The time at which the replica handles inputs, and the buffer for its effects.
public typealias ReplicaTurn = Turn<ReplicaEffect>

/// A whole node without input and output: consensus, mempool, execution, block sync, gossip and order book in
/// one deterministic state machine.
///
/// A node runs it on an event loop and RocksDB, the simulator under a virtual clock. Both perform its
/// effects in order.
///
/// A crash cannot make the node contradict what it has signed: a signature comes back through
/// `ReplicaInput.signed` only after all log records before it and the parent block are on disk.
public struct Replica<State: ReplicaState>: Sendable {
  public let configuration: ReplicaConfiguration
  let rules: BlockRules
  var state: LayeredState<State>
  /// The newest committed block; it may not be durable yet.
  public internal(set) var tip: Tip
  var consensus: Tendermint
  public internal(set) var mempool: Mempool
  /// Membership and the spread of orders, bids and node records.
  public internal(set) var gossip: GossipCore
  /// The order book, as of the tip.
  public internal(set) var book: OrderBook
  var sync = BlockSync()
  var isSyncTimerActive = false
  var verifiedIdentifiers = VerifiedIdentifiers()
  /// The proposed blocks that may follow the tip.
  var candidates = Candidates()
  var peers = PeerTable()
  var knownNodes = KnownNodes()
  /// The time of the block at which the vouchers of all nodes in `knownNodes` were last checked. With a voucher
  /// a validator or provider confirms a node.
  var knownNodesReadAt: Timestamp = .zero
  /// The last height whose block changed the validators; nil when none did since the start.
  var validatorsChangedAt: Height?
  /// Votes of this node, and verified votes of others, for heights after the tip.
  var seenVotes: Set<Vote> = []
  /// By consensus key: the highest height at which a vote or proposal of that validator arrived.
  var lastVotedHeights: [PublicKey: Height] = [:]
  /// Proven evidence that no block contains yet.
  var pendingEvidence: [Evidence] = []
  /// The transactions to announce at the end of this batch, each with the peer that sent it; nil for a user
  /// of this node.
  var announcements: [(transaction: Transaction, from: PeerID?)] = []
  /// The hashes of transactions that the ledger rejected in this batch.
  var rejectedHashes: [Digest] = []
  public internal(set) var exchange = TransactionExchange()
  var exchangeTimerAt: Instant?
  /// The time at which the ledger next has work without transactions.
  var due: DueWork
  /// The values of the committed state that the next block must follow.
  var committed: CommittedRules
  var isStarted = false
  /// The highest height whose block is on disk. It can be less than the tip's.
  var durableHeight: Height
  /// The lowest height whose block this node can send to peers.
  public internal(set) var lowestBlock: Height
  public internal(set) var round: Round = 0
  /// All violations of safety since the start.
  public internal(set) var alarms: [Alarm] = []

  /// `tip` is the tip to which the committed `state` belongs: the tip of genesis for a new chain. `gossip` is
  /// a new gossip machine with its configuration and seed.
  public init(configuration: ReplicaConfiguration, tip: Tip, state: State, gossip: GossipCore) {
    let genesis = configuration.genesis
    self.configuration = configuration
    // Parameters come from the committed state, not from genesis, since governance can have changed them.
    let committed = CommittedRules(on: state, after: tip.height)
    self.committed = committed
    rules = BlockRules(chain: genesis.chain, checks: configuration.checks)
    self.state = LayeredState(base: state)
    self.tip = tip
    consensus = Tendermint(
      configuration: TendermintConfiguration(
        chain: genesis.chain,
        key: configuration.consensusKey,
        timeouts: configuration.timeouts,
        maximumBlockInterval: .milliseconds(committed.parameters[.maximumBlockInterval])
      )
    )
    mempool = Mempool(limits: configuration.mempool)
    self.gossip = gossip
    book = OrderBook(limits: OrderBook.Limits(committed.parameters), time: tip.time)
    durableHeight = tip.height
    lowestBlock = configuration.lowestBlock
    due = DueWork(on: state, committed)
  }

  /// The height, time and tick of the tip, at which transactions and orders that arrive now are checked.
  public var moment: Moment { committed.moment(at: tip.height, time: tip.time) }

  /// Whether a peer claims to be more than one block ahead.
  public var isCatchingUp: Bool { sync.claimedHeight > tip.height + 1 }

  /// The highest height that a peer says to have committed; 0 when none does.
  public var claimedHeight: Height { sync.claimedHeight }

  public var peerCount: Int { peers.count }

  /// The role of a connected peer; nil when it is not connected. A peer that claims to be a validator without
  /// proof counts as a full node.
  public func role(of peer: PeerID) -> NodeRecord.Role? {
    guard let role = peers[peer]?.role else { return nil }
    return role == .validator && !knownNodes.validators.contains(peer) ? .full : role
  }

  /// The height that the peer has committed, according to its last status or the votes of its validator.
  public func claimedHeight(of peer: PeerID) -> Height {
    max(peers.committed(by: peer), max(1, votedHeight(of: peer)) - 1)
  }

  /// The height of the last vote or proposal of the peer's validator; 0 when there is none or the peer is not
  /// a validator.
  func votedHeight(of peer: PeerID) -> Height {
    guard knownNodes.validators.contains(peer), let key = peers[peer]?.voucher?.key else { return 0 }
    return lastVotedHeights[key] ?? 0
  }

  /// The state after the tip, including blocks that are not durable yet.
  public var view: some StateReading { state }

  /// The proof of the entry at `key`, or of its absence, against the tip's state root. Nil when the stored
  /// tree is damaged.
  public func proof(of key: [UInt8]) -> StateTreeProof? {
    try? StateTree.prove(key: StateTree.keyDigest(key), in: state, root: tip.stateRoot)
  }

  /// The validators of `height`, which must be that of the tip or one of the next two; otherwise nil.
  func validators(at height: Height) -> ValidatorSet? {
    if height == tip.height + 1 { return tip.validators }
    if height == tip.height + 2 { return tip.nextValidators }
    return height == tip.height && height > 0 ? tip.lastValidators : nil
  }
}
