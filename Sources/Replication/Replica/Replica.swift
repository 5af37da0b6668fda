public import Chain
public import Consensus
public import Cryptography
public import Gossip
public import Ledger
public import Primitives

/// What a node fixes for its replica.
public struct ReplicaConfiguration: Sendable {
  public var genesis: Genesis
  /// The own consensus key; nil for a node that follows.
  public var consensusKey: PublicKey?
  public var timeouts: Timeouts
  public var mempool: Mempool.Limits
  public var signatures: SignatureScheme
  public var reading = BlockReading.decoding
  /// The lowest height that this node has a block of when it starts.
  public var lowestBlock: Height
  /// The most transactions of an own block. What a block holds must be verified, executed and written by all before
  /// a round times out; smaller blocks follow each other faster.
  public var blockTransactions = 500
  /// A proposed block of at least this many bytes goes out as a compact one. A smaller one gains nothing, and costs a
  /// round trip where a transaction has not arrived yet.
  public var compactBytes = 16 * 1024
  /// Protocol versions by whose rules this program can execute.
  public var versions: ClosedRange<UInt32>

  public init(
    genesis: Genesis,
    consensusKey: PublicKey?,
    timeouts: Timeouts,
    mempool: Mempool.Limits = Mempool.Limits(),
    signatures: SignatureScheme = .ed25519,
    lowestBlock: Height = 1,
    versions: ClosedRange<UInt32> = Executor.versions
  ) {
    self.genesis = genesis
    self.consensusKey = consensusKey
    self.timeouts = timeouts
    self.mempool = mempool
    self.signatures = signatures
    self.lowestBlock = lowestBlock
    self.versions = versions
  }

  var chain: ChainID { genesis.chain }
}

/// When an input is handled: the monotonic clock for timers, the wall clock for proposals.
public struct ReplicaClock: Hashable, Sendable {
  public var now: Instant
  public var wall: Timestamp

  public init(now: Instant, wall: Timestamp) {
    self.now = now
    self.wall = wall
  }
}

/// What a replica is given to handle inputs with: the time at which they are handled, and a place for its effects.
public struct Turn: Sendable {
  public let clock: ReplicaClock
  /// What is to be done, in order.
  public var effects: [ReplicaEffect]

  /// `effects`: an empty buffer that an earlier turn has grown, or one with effects that come before this turn's.
  public init(at clock: ReplicaClock, effects: consuming [ReplicaEffect] = []) {
    self.clock = clock
    self.effects = effects
  }

  var now: Instant { clock.now }
  var wall: Timestamp { clock.wall }
}

/// One whole node without input and output: consensus, mempool, execution, block sync, gossip and order book,
/// composed into one deterministic machine.
///
/// The node runs it on an event loop and RocksDB, the simulator under a virtual clock; both carry its effects out in
/// order. What this node signs depends on nothing that a crash could take: signatures come back through `signed` only
/// when the log in front of them is synced, and behind the parent's write in the storage's queue.
public struct Replica<State: ReplicaState>: Sendable {
  public let configuration: ReplicaConfiguration
  let rules: BlockRules
  var state: LayeredState<State>
  public internal(set) var tip: Tip
  var consensus: Tendermint
  public internal(set) var mempool: Mempool
  public internal(set) var gossip: GossipCore
  public internal(set) var book: OrderBook
  var sync = BlockSync()
  /// Whether the replica wakes by itself to ask for blocks.
  var isSyncArmed = false
  var anchor = SyncAnchor()
  /// Blocks that may follow the tip, by identifier.
  var candidates = Candidates()
  var peers = PeerTable()
  var known = KnownNodes()
  /// The time of the block at which all vouchers were read.
  var knownAt: Timestamp = .zero
  var validatorsChangedAt: Height?
  /// Own messages and votes of others that were verified already, at the heights around the tip.
  var seenVotes: Set<Vote> = []
  /// The height at which the validator with a consensus key last voted.
  var lastHeard: [PublicKey: Height] = [:]
  /// Proven misbehaviour that no block carries yet.
  var pendingEvidence: [Evidence] = []
  /// Transactions to tell peers of at the end of this batch, with the peer that each came from.
  var announcements: [(transaction: Transaction, from: PeerID?)] = []
  /// Hashes of what the ledger rejected in this batch.
  var refusals: [Digest] = []
  public internal(set) var exchange = TransactionExchange()
  var exchangeWakesAt: Instant?
  /// When the ledger next has something to do by itself.
  var due: DueWork
  /// What the committed state says about the next block.
  var committed: CommittedRules
  var isStarted = false
  /// A consensus timer or validation needs no answer while a commit is being made durable.
  var durableHeight: Height
  /// A peer that asks for blocks gets them from this height on.
  public internal(set) var lowestBlock: Height
  public internal(set) var round: Round = 0
  public internal(set) var alarms: [Alarm] = []

  /// `tip`: where the committed state stands; of genesis for a new chain.
  /// `gossip`: with its configuration and seed.
  public init(configuration: ReplicaConfiguration, tip: Tip, state: State, gossip: GossipCore) {
    let genesis = configuration.genesis
    self.configuration = configuration
    // Of the committed state, not of genesis: votes have changed them since.
    let committed = CommittedRules(on: state, after: tip.height)
    self.committed = committed
    rules = BlockRules(
      chain: genesis.chain,
      signatures: configuration.signatures,
      reading: configuration.reading
    )
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
    due = DueWork(on: state, ticks: committed.ticks)
  }

  /// The point of the chain at which something that comes now would be judged.
  public var moment: Moment {
    Moment(height: tip.height, time: tip.time, tick: committed.ticks.tick(at: tip.time))
  }

  /// Whether peers claim to be further than one block ahead.
  public var isCatchingUp: Bool { sync.claimedHeight > tip.height + 1 }

  public var peerCount: Int { peers.count }

  /// What the peer says it is; a validator has proved it.
  public func role(of peer: PeerID) -> NodeRecord.Role? {
    guard let role = peers[peer]?.role else { return nil }
    return role == .validator && !known.validators.contains(peer) ? .full : role
  }

  /// The height that the peer has committed as far as it told, by a status or by votes on the next one.
  public func claimedHeight(of peer: PeerID) -> Height {
    max(peers.committed(by: peer), max(1, votedHeight(of: peer)) - 1)
  }

  /// The height at which the validator behind the peer last voted; 0 for none, and for who is no validator.
  func votedHeight(of peer: PeerID) -> Height {
    guard known.validators.contains(peer), let key = peers[peer]?.voucher?.key else { return 0 }
    return lastHeard[key] ?? 0
  }

  /// Committed state with the blocks that are being made durable.
  public var view: some StateReading { state }

  /// What proves the entry at `key`, or its absence, against the tip's state root; nil when the tree is damaged.
  public func proof(of key: [UInt8]) -> StateTreeProof? {
    try? StateTree.prove(key: key, in: state, root: tip.stateRoot)
  }

  /// The validators of `height`; nil when this node does not know them.
  func validators(at height: Height) -> ValidatorSet? {
    if height == tip.height + 1 { return tip.validators }
    if height == tip.height + 2 { return tip.nextValidators }
    return height == tip.height && height > 0 ? tip.lastValidators : nil
  }
}
