import Chain
import Cryptography
import Gossip
import Ledger
import Primitives

extension Replica {
  /// Checks transactions in their order and inserts them into the mempool. Their signatures are verified
  /// already. `peer` is the sender; nil for this node's own users. `announceTransactions` announces the accepted
  /// ones once all inputs that arrived together are handled.
  ///
  /// - Returns: The result of each transaction.
  mutating func admit(_ transactions: [Transaction], from peer: PeerID?) -> [Admission] {
    let check = TransactionCheck(on: state, at: moment, checks: configuration.checks)
    return transactions.map { admit($0, from: peer, by: check) }
  }

  private mutating func admit(_ transaction: Transaction, from peer: PeerID?, by check: TransactionCheck)
    -> Admission
  {
    guard !mempool.contains(transaction.hash) else { return .known }
    let expected = check.sequence(of: transaction.sender)
    let next = mempool.nextSequence(of: transaction.sender, committed: expected)
    // A transaction with a later sequence number waits in the pool for those before it. The ledger checks it
    // as if they were committed.
    let judged = max(next, transaction.sequence)
    if let rejection = check.rejection(of: transaction, expectedSequence: judged) {
      rejectedHashes.append(transaction.hash)
      return .rejected(rejection)
    }
    let outcome = mempool.insert(transaction, expected: expected, at: tip.height)
    guard outcome == .added else { return .refused(outcome) }
    announcements.append((transaction, peer))
    return .accepted
  }

  /// The sequence number that `sender`'s next transaction should have, counting those in the mempool.
  public func nextSequence(of sender: Address) -> UInt64 {
    mempool.nextSequence(of: sender, committed: LedgerQuery(state: state).sequence(of: sender))
  }

  /// Tells consensus that there is work, sends the transactions of own users to the peers that need them, and
  /// announces all transactions of this batch to the others.
  mutating func announceTransactions(_ turn: inout ReplicaTurn) {
    for hash in rejectedHashes { exchange.markHandled(hash, at: turn.now) }
    rejectedHashes.removeAll(keepingCapacity: true)
    guard !announcements.isEmpty else { return }
    signalWork(&turn)
    let audience = TransactionAudience(
      validators: validatorPeers,
      others: peers.keys.filter { !knownNodes.validators.contains($0) },
      setCount: tip.validators.count,
      isValidator: ownAddress != nil
    )
    var own: [Transaction] = []
    for (transaction, origin) in announcements {
      exchange.recordAdded(transaction.hash, bytes: transaction.encoded.count, at: turn.now)
      if origin == nil { own.append(transaction) }
      exchange.announce(transaction.hash, to: audience.announceReceivers(from: origin), at: turn.now)
    }
    announcements.removeAll(keepingCapacity: true)
    if !own.isEmpty { sendTransactions(own, to: audience.pushReceivers(from: nil), &turn) }
    scheduleExchange(&turn)
  }

  /// Sends whole transactions, in messages of at most `announcementBytes` each, unless a single one is
  /// longer.
  private mutating func sendTransactions(
    _ transactions: [Transaction],
    to receivers: [PeerID],
    _ turn: inout ReplicaTurn
  ) {
    var batch: [[UInt8]] = []
    var size = 0
    for transaction in transactions {
      let bytes = transaction.encoded
      if size + bytes.count > Self.announcementBytes, !batch.isEmpty {
        turn.effects.append(.send(.transactions(batch), to: receivers))
        batch = []
        size = 0
      }
      batch.append(bytes)
      size += bytes.count
      exchange.counters.sentBytes += UInt64(bytes.count) * UInt64(receivers.count)
    }
    if !batch.isEmpty { turn.effects.append(.send(.transactions(batch), to: receivers)) }
  }

  /// Handles the announcement of transactions by a peer.
  mutating func receive(names: [TransactionName], from peer: PeerID, _ turn: inout ReplicaTurn) {
    guard peers[peer] != nil else { return }
    exchange.handleAnnouncement(names, by: peer, at: turn.now)
    scheduleExchange(&turn)
  }

  /// Sends a peer the requested transactions that are in the mempool. If a block has included one meanwhile,
  /// the peer gets it with the block.
  mutating func receive(request names: [TransactionName], from peer: PeerID, _ turn: inout ReplicaTurn) {
    let transactions = exchange.answerRequest(names, by: peer, at: turn.now).compactMap { mempool[$0] }
    exchange.counters.supplied += UInt64(transactions.count)
    sendTransactions(transactions, to: [peer], &turn)
  }

  /// Handles the timer of the exchange: sends the gathered announcements and the requests that are due.
  mutating func handleExchangeTimer(_ turn: inout ReplicaTurn) {
    exchangeTimerAt = nil
    let (tell, ask) = exchange.takeDue(at: turn.now)
    for (peer, names) in tell { turn.effects.append(.send(.transactionNames(names), to: [peer])) }
    for (peer, names) in ask { turn.effects.append(.send(.transactionRequest(names), to: [peer])) }
    scheduleExchange(&turn)
  }

  private mutating func scheduleExchange(_ turn: inout ReplicaTurn) {
    guard let deadline = exchange.deadline, exchangeTimerAt.map({ deadline < $0 }) ?? true else { return }
    exchangeTimerAt = deadline
    turn.effects.append(.schedule(.transactions, after: deadline.since(turn.now)))
  }

  /// The number of bytes of transactions in one message.
  private static var announcementBytes: Int { 512 * 1024 }
}

/// The choice of peers that get a whole transaction (push) and of peers that get only its name (announce).
///
/// A transaction must reach the validators, which propose blocks. The node of a user pushes it to all
/// validators that it is connected to. In a full mesh each validator receives one copy. A transaction that
/// came from a peer is announced, and peers that lack it request it (`TransactionExchange`). If a transaction
/// does not reach all validators, a validator that has it includes it when it proposes a block.
struct TransactionAudience {
  /// A node that is connected to fewer validators than this announces transactions to all its peers.
  static let minimumValidatorLinks = 3
  /// The number of other peers to which a node with few validator links also pushes the transactions of its
  /// users, so that they travel on without the delay of a request.
  static let sparsePushCount = 2

  private let validators: [PeerID]
  private let others: [PeerID]
  /// Whether this node is connected to too few validators.
  private let isSparse: Bool
  /// Whether this node is a validator that is connected to all others. Then it assumes that each of them is
  /// too.
  private let isMeshed: Bool

  /// `validators` and `others` are the connected peers, sorted. `setCount` is the number of validators in the
  /// current set.
  init(validators: [PeerID], others: [PeerID], setCount: Int, isValidator: Bool) {
    self.validators = validators
    self.others = others
    let reachable = setCount - (isValidator ? 1 : 0)
    isSparse = validators.count < min(reachable, Self.minimumValidatorLinks)
    isMeshed = isValidator && validators.count >= reachable
  }

  /// The peers to which a transaction from `origin` is pushed; `origin` is nil for a user of this node.
  func pushReceivers(from origin: PeerID?) -> [PeerID] {
    guard origin == nil else { return [] }
    return validators + (isSparse ? Array(others.prefix(Self.sparsePushCount)) : [])
  }

  /// The peers to which a transaction from `origin` is announced; `origin` is nil for a user of this node.
  func announceReceivers(from origin: PeerID?) -> [PeerID] {
    guard let origin else { return isSparse ? Array(others.dropFirst(Self.sparsePushCount)) : [] }
    // The origin is a validator, which has pushed the transaction to all other validators.
    if isMeshed, validators.contains(origin) { return [] }
    return (validators + (isSparse ? others : [])).filter { $0 != origin }
  }
}
