import API
import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Logging
import NIOCore
import Primitives
import Replication
import Storage
import Transport
import Wire

/// Runs one replica on one event loop and performs its effects in order.
///
/// Records that must be durable go to the storage worker. Once they are durable, the worker returns what
/// depends on them (such as a signed vote) as an input, and only then is it sent.
actor ReplicaHost {
  nonisolated let loop: any EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  private var replica: Replica<StoreState>
  private let dependencies: Dependencies
  private let startedAt = NIODeadline.now()
  /// An array whose memory is reused for the effects of each turn; empty between turns.
  private var effects: [ReplicaEffect] = []
  /// The replica's answers to requests of this turn.
  private var answers: [Ticket: ReplicaAnswer] = [:]
  private var nextTicket: UInt64 = 0
  private(set) var counters = HostCounters()
  private var observers: [Int: @Sendable (HostEvent) -> Void] = [:]
  private var nextObserver = 0
  /// Callers that wait until a block contains their transaction, by the transaction's hash.
  private var waiting: [Digest: [CheckedContinuation<CommittedTransaction?, any Error>]] = [:]
  private var isStopped = false
  /// Banned peers, with the end of each ban. Gossip decides about bans; the transport enforces them.
  private var banned: [PeerID: NIODeadline] = [:]

  /// The parts that perform a replica's effects.
  struct Dependencies: Sendable {
    var storage: StorageWorker
    var transport: Transport.Endpoint
    var bridge: TransportBridge
    var verifier: SignatureVerifier
    var blocks: BlockServer
    var logger: Logger
    /// The number of milliseconds that are added to the machine's clock.
    var clockOffset: Int64
    /// Posts inputs to this host, which handles them later. May be called on any thread.
    var post: @Sendable ([ReplicaInput]) -> Void
    /// Ends the node with an error.
    var failed: @Sendable (any Error) -> Void
  }

  init(replica: Replica<StoreState>, loop: any EventLoop, dependencies: Dependencies) {
    self.replica = replica
    self.loop = loop
    self.dependencies = dependencies
  }

  // MARK: Inputs

  /// Handles a batch of inputs. Must be called on the loop.
  func handle(_ inputs: [ReplicaInput]) {
    guard !isStopped else { return }
    var turn = ReplicaTurn(at: now, wall: .now(offsetBy: dependencies.clockOffset), effects: effects)
    effects = []
    for input in inputs { replica.step(input, &turn) }
    replica.step(.batchEnded, &turn)
    perform(turn.effects)
    effects = turn.effects
    effects.removeAll(keepingCapacity: true)
  }

  /// Passes a request of this node's own users to the replica, which answers in the same turn.
  ///
  /// - Throws: `unavailable` when the node has stopped.
  private func ask(_ request: (Ticket) -> ReplicaInput) throws(ServingError) -> ReplicaAnswer {
    nextTicket += 1
    let ticket = Ticket(nextTicket)
    handle([request(ticket)])
    guard let answer = answers.removeValue(forKey: ticket) else { throw .unavailable("the node is stopping") }
    return answer
  }

  func stop() {
    isStopped = true
    dependencies.blocks.stop()
    for (_, continuations) in waiting {
      for continuation in continuations { continuation.resume(returning: nil) }
    }
    waiting = [:]
    observers = [:]
  }

  /// The present time by the replica's monotonic clock.
  var now: Instant {
    Instant(nanoseconds: UInt64(max(0, (NIODeadline.now() - startedAt).nanoseconds)))
  }

  // MARK: Users

  /// Submits a checked transaction. With `wait`, returns when a block has it; nil when the node stops first.
  ///
  /// - Throws: `ServingError` when the mempool refuses it.
  func submit(_ transaction: Transaction, wait: Bool) async throws -> CommittedTransaction? {
    guard wait else {
      try admit(transaction)
      return nil
    }
    let hash = transaction.hash
    return try await withCheckedThrowingContinuation { continuation in
      // The wait begins first, so that it cannot miss the block. Nothing suspends until the answer is there.
      waiting[hash, default: []].append(continuation)
      do { try admit(transaction) } catch {
        _ = waiting[hash]?.popLast()
        if waiting[hash]?.isEmpty == true { waiting[hash] = nil }
        continuation.resume(throwing: error)
      }
    }
  }

  /// Signs a transaction of `sender` with its next sequence number and submits it as `submit` does. Nothing comes
  /// between the two, so tasks that send for one account at the same time get different numbers.
  func submit(
    from sender: Address,
    wait: Bool,
    signing sign: @Sendable (UInt64) -> Transaction
  ) async throws -> (transaction: Transaction, committed: CommittedTransaction?) {
    let transaction = sign(replica.nextSequence(of: sender))
    return (transaction, try await submit(transaction, wait: wait))
  }

  private func admit(_ transaction: Transaction) throws {
    guard let admission = try submit([transaction]).first else {
      throw ServingError.unavailable("the node is stopping")
    }
    if let error = ServingError(admission) { throw error }
  }

  /// Submits transactions whose signatures have been checked, in their order.
  func submit(_ transactions: [Transaction]) throws(ServingError) -> [Admission] {
    guard case .admitted(let admissions) = try ask({ .submitted(transactions, $0) }) else { return [] }
    return admissions
  }

  /// Publishes an order, bid, withdrawal or offer whose signature has been checked.
  @discardableResult
  func publish(_ object: SignedObject) throws(ServingError) -> BookOutcome {
    guard case .published(let outcome) = try ask({ .published(object, $0) }) else { return .malformed }
    return outcome
  }

  /// Passes the gossip state saved by the last run to the replica.
  ///
  /// Returns the number of live objects, and the error if the address book could not be decoded.
  func restore(_ memory: PersistedGossip) throws(ServingError) -> (live: Int, addressBook: DecodingError?) {
    guard case .restored(let live, let failure) = try ask({ .gossipRecovered(memory, $0) }) else {
      return (0, nil)
    }
    return (live, failure)
  }

  /// Reads the replica's state. `body` runs on the loop, so it must be short.
  func read<Value: Sendable>(_ body: @Sendable (borrowing Replica<StoreState>) throws -> Value) rethrows
    -> Value
  {
    try body(replica)
  }

  /// Calls `observer` with every commit and every change of the order book, until `forget`. Returns the
  /// observer's number for `forget`.
  func observe(_ observer: @escaping @Sendable (HostEvent) -> Void) -> Int {
    nextObserver += 1
    observers[nextObserver] = observer
    return nextObserver
  }

  func forget(_ observer: Int) {
    observers[observer] = nil
  }

  // MARK: Effects

  private func perform(_ effects: [ReplicaEffect]) {
    guard !effects.isEmpty else { return }
    var jobs: [StorageWorker.Job] = []
    for effect in effects { perform(effect, &jobs) }
    dependencies.storage.post(jobs)
  }

  /// After a restore of the whole network, a peer's newer backup may have blocks that this node signed and has
  /// forgotten. It signs nothing until it has them, since it would sign their heights twice.
  private var mustCatchUpToSign: Bool {
    dependencies.storage.isRestored && replica.claimedHeight > replica.tip.height
  }

  private func perform(_ effect: ReplicaEffect, _ jobs: inout [StorageWorker.Job]) {
    switch effect {
    case .log(let record): jobs.append(.log(record))
    case .sign(let request):
      guard !mustCatchUpToSign else { return }
      jobs.append(.sign(request))
    case .foundOwn(let message): jobs.append(.judge(message))
    case .commit(let commit):
      jobs.append(.commit(commit))
      committed(commit)
    case .send(let message, let peers):
      guard !peers.isEmpty else { return }
      let bytes = message.encoded
      for peer in peers { transmit(message.kind, bytes, to: peer, class: message.trafficClass) }
    case .answer(let ticket, let answer): answers[ticket] = answer
    case .sendGossip(let message, let peer, let delivery): send(message, to: peer, via: delivery)
    case .verifyTransactions(let transactions, let block):
      dependencies.verifier.verify(transactions, of: block)
    case .verify(let object): dependencies.verifier.verify(object)
    case .schedule(let timer, let interval): schedule(timer, after: interval)
    case .keepEvidence(let evidence): jobs.append(.keepEvidence(evidence))
    case .serveBlocks(let peer, let from, let count):
      dependencies.blocks.serve(peer, .init(from: from, count: count))
    case .dial(let dial): dependencies.dial(dial)
    case .disconnect(let peer, let reason):
      dependencies.logger.info("closing a session", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
      disconnect(peer, reason)
    case .validatorsKnown(let nodes, let keys):
      dependencies.bridge.setValidators(keys)
      dependencies.transport.setReserved(Set(nodes))
    case .bookChanged(let events): notifyObservers(.book(events))
    case .alarm(let alarm):
      dependencies.logger.critical(
        "consensus is broken; this node signs nothing more",
        metadata: ["reason": "\(alarm)"]
      )
    case .upgradeNeeded(let version, let height):
      // Queued behind the jobs of earlier effects, so the node ends after they are written.
      let failed = dependencies.failed
      jobs.append(.perform { failed(UpgradeNeeded(version: version, height: height)) })
    case .enteredRound(let height, let round, _):
      if round > 0 {
        counters.roundsAboveZero += 1
        dependencies.logger.debug(
          "entered a round above 0",
          metadata: ["height": "\(height)", "round": "\(round)"]
        )
      }
    case .faulted(let peer, let fault):
      counters.faults[fault, default: 0] += 1
      dependencies.logger.info(
        "a peer broke a rule",
        metadata: ["peer": "\(peer)", "fault": "\(fault.rawValue)"]
      )
    }
  }

  /// Ends a session, and for a ban has the transport refuse the peer until the ban ends.
  private func disconnect(_ peer: PeerID, _ reason: CloseReason) {
    switch reason {
    case .tested, .nearer, .silent: dependencies.transport.disconnect(peer)
    case .full: dependencies.transport.disconnect(peer, reason: .full)
    case .banned(let seconds):
      let end = NIODeadline.now() + .seconds(Int64(clamping: seconds))
      banned[peer] = end
      dependencies.transport.setBanned(Set(banned.keys))
      loop.assumeIsolated().scheduleTask(deadline: end) { self.assumeIsolated { $0.endExpiredBans() } }
    }
  }

  /// Ends the bans whose time is over.
  private func endExpiredBans() {
    let now = NIODeadline.now()
    banned = banned.filter { $0.value > now }
    dependencies.transport.setBanned(Set(banned.keys))
  }

  private func send(_ message: GossipMessage, to peer: PeerID, via delivery: GossipCore.Delivery) {
    let bytes = message.encoded
    if delivery == .datagram, case .packet = message,
      dependencies.transport.sendDatagram(to: peer, bytes: bytes)
    {
      dependencies.bridge.traffic.sent(.packet, bytes.count)
      return
    }
    transmit(message.kind, bytes, to: peer, class: .gossip)
  }

  private func transmit(_ kind: FrameKind, _ bytes: [UInt8], to peer: PeerID, class traffic: TrafficClass) {
    dependencies.bridge.traffic.sent(kind, bytes.count)
    dependencies.transport.send(to: peer, type: kind.rawValue, bytes: bytes, class: traffic)
  }

  private func schedule(_ timer: ReplicaTimer, after interval: Interval) {
    loop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(clamping: interval.nanoseconds))) {
      self.assumeIsolated { $0.handle([.timeout(timer)]) }
    }
  }

  private func committed(_ commit: Commit) {
    counters.committedBlocks += 1
    counters.committedTransactions += UInt64(commit.transactions.count)
    dependencies.verifier.recordCommitted(commit.transactions)
    for (index, transaction) in commit.transactions.enumerated() {
      guard let continuations = waiting.removeValue(forKey: transaction.hash) else { continue }
      let result = CommittedTransaction(
        hash: transaction.hash,
        height: commit.tip.height,
        receipt: commit.outcome.receipts[index]
      )
      for continuation in continuations { continuation.resume(returning: result) }
    }
    notifyObservers(.committed(commit))
  }

  private func notifyObservers(_ event: HostEvent) {
    for observer in observers.values { observer(event) }
  }
}

/// The error when the chain has reached a height whose protocol version this program does not have.
struct UpgradeNeeded: Error, CustomStringConvertible {
  var version: UInt32
  var height: Height

  var description: String {
    """
    height \(height) is executed by version \(version) of the protocol, and this program knows \
    \(Executor.versions.lowerBound) to \(Executor.versions.upperBound): install a newer supercloud and start the node again
    """
  }
}

/// An event for observers. It contains all that observers need, so they do not read the replica's state.
enum HostEvent: Sendable {
  /// A block was decided and executed; it becomes durable a moment later.
  case committed(Commit)
  /// Changes of the order book, in the order in which they occurred.
  case book([OrderBook.Event])
}

/// A committed transaction with its height and receipt.
struct CommittedTransaction: Sendable {
  var hash: Digest
  var height: Height
  var receipt: Receipt
}

/// Counters since the host's start.
struct HostCounters: Sendable {
  var committedBlocks: UInt64 = 0
  var committedTransactions: UInt64 = 0
  var roundsAboveZero: UInt64 = 0
  var faults: [Fault: UInt64] = [:]
}

extension PeerMessage {
  /// The traffic class, and so the session's queue, in which the message is sent.
  var trafficClass: TrafficClass {
    switch self {
    case .status, .proposal, .compactProposal, .votes, .certificates, .evidence, .candidateRequest,
      .candidate,
      .missingRequest, .missingTransactions:
      .consensus
    case .transactions, .transactionNames, .transactionRequest: .gossip
    case .blocksRequest, .blocksResponse: .sync
    }
  }
}
