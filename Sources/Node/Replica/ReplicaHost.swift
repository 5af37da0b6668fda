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

/// Runs one replica on one event loop and carries its effects out in order.
///
/// What must be durable goes to the storage worker; what depends on it comes back from there as an input, and only
/// then goes to the transport.
actor ReplicaHost {
  nonisolated let loop: any EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  private var replica: Replica<StoreState>
  private let dependencies: Dependencies
  private let startedAt = NIODeadline.now()
  /// Grown by earlier turns, and empty between them.
  private var effects: [ReplicaEffect] = []
  /// What the replica said to requests of this turn.
  private var answers: [Ticket: ReplicaAnswer] = [:]
  private var nextTicket: UInt64 = 0
  private(set) var counters = HostCounters()
  private var observers: [Int: @Sendable (HostEvent) -> Void] = [:]
  private var nextObserver = 0
  /// Answers to users who wait for their transaction's block.
  private var waiting: [Digest: [CheckedContinuation<CommittedTransaction?, Never>]] = [:]
  private var isStopped = false
  /// Until when the transport refuses them; gossip decides and keeps the scores.
  private var banned: [PeerID: NIODeadline] = [:]

  /// What carries a replica's effects out.
  struct Dependencies: Sendable {
    var storage: StorageWorker
    var transport: Transport.Endpoint
    var bridge: TransportBridge
    var verifier: SignatureVerifier
    var blocks: BlockServer
    var logger: Logger
    /// Added to the machine's clock, in milliseconds.
    var clockOffset: Int64
    /// Posts inputs to this host.
    var post: @Sendable ([ReplicaInput]) -> Void
    /// Ends the node.
    var failed: @Sendable (any Error) -> Void
  }

  init(replica: Replica<StoreState>, loop: any EventLoop, dependencies: Dependencies) {
    self.replica = replica
    self.loop = loop
    self.dependencies = dependencies
  }

  // MARK: Inputs

  /// Handles a batch of inputs; called on the loop.
  func handle(_ inputs: [ReplicaInput]) {
    guard !isStopped else { return }
    var turn = Turn(at: clock(), effects: effects)
    effects = []
    for input in inputs { replica.step(input, &turn) }
    replica.step(.batchEnded, &turn)
    counters.inputs += UInt64(inputs.count)
    perform(turn.effects)
    effects = turn.effects
    effects.removeAll(keepingCapacity: true)
  }

  /// Gives the replica a request of this node's own users; the answer comes in the same turn.
  ///
  /// Throws `unavailable` when the node has stopped.
  private func ask(_ request: (Ticket) -> ReplicaInput) throws(ServingError) -> ReplicaAnswer {
    nextTicket += 1
    let ticket = Ticket(nextTicket)
    handle([request(ticket)])
    guard let answer = answers.removeValue(forKey: ticket) else {
      throw .unavailable("the node stops")
    }
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

  /// The replica's monotonic clock.
  var now: Instant { clock().now }

  private func clock() -> ReplicaClock {
    let elapsed = NIODeadline.now() - startedAt
    return .init(
      now: Instant(nanoseconds: UInt64(max(0, elapsed.nanoseconds))),
      wall: .now(offsetBy: dependencies.clockOffset)
    )
  }

  // MARK: Users

  /// Takes an authentic transaction.
  func submit(_ transaction: Transaction) throws(ServingError) -> Admission {
    guard let admission = try submit([transaction]).first else { throw .unavailable("the node stops") }
    return admission
  }

  /// Takes authentic transactions, in their order.
  func submit(_ transactions: [Transaction]) throws(ServingError) -> [Admission] {
    guard case .admitted(let admissions) = try ask({ .submitted(transactions, $0) }) else { return [] }
    return admissions
  }

  /// Nobody waits for the transaction any more.
  func abandon(_ hash: Digest) {
    for continuation in waiting.removeValue(forKey: hash) ?? [] { continuation.resume(returning: nil) }
  }

  /// Waits until a block has the transaction; nil when the node stops first.
  func committed(_ hash: Digest) async -> CommittedTransaction? {
    await withCheckedContinuation { continuation in
      waiting[hash, default: []].append(continuation)
    }
  }

  /// Takes an authentic order, bid, withdrawal or offer.
  @discardableResult
  func publish(_ object: SignedObject) throws(ServingError) -> BookOutcome {
    guard case .published(let outcome) = try ask({ .published(object, $0) }) else { return .malformed }
    return outcome
  }

  /// Takes what the last run kept of gossip.
  ///
  /// Returns how many objects are live, and why the address book was not taken.
  func restore(_ memory: GossipMemory) throws(ServingError) -> (live: Int, addressBook: DecodingError?) {
    guard case .restored(let live, let failure) = try ask({ .remembered(memory, $0) }) else {
      return (0, nil)
    }
    return (live, failure)
  }

  /// Reads what the replica knows. `body` runs on the loop: it must be short.
  func read<Value: Sendable>(_ body: @Sendable (borrowing Replica<StoreState>) throws -> Value) rethrows
    -> Value
  {
    try body(replica)
  }

  /// Tells `observer` of commits and of the order book until `forget`.
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
    for effect in effects { carryOut(effect, &jobs) }
    dependencies.storage.post(jobs)
  }

  private func carryOut(_ effect: ReplicaEffect, _ jobs: inout [StorageWorker.Job]) {
    switch effect {
    case .log(let record): jobs.append(.log(record))
    case .sign(let request): jobs.append(.sign(request))
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
      turnAway(peer, reason)
    case .validatorsKnown(let nodes, let keys):
      dependencies.bridge.know(validators: keys)
      dependencies.transport.setReserved(Set(nodes))
    case .bookChanged(let events): tell(.book(events))
    case .alarm(let alarm):
      dependencies.logger.critical(
        "more than a third of the power is faulty",
        metadata: ["alarm": "\(alarm)"]
      )
    case .upgradeNeeded(let version, let height):
      // After what precedes it is written.
      let failed = dependencies.failed
      jobs.append(.perform { failed(UpgradeNeeded(version: version, height: height)) })
    case .enteredRound(let height, let round, _):
      if round > 0 {
        counters.roundsAboveZero += 1
        dependencies.logger.debug("round", metadata: ["height": "\(height)", "round": "\(round)"])
      }
    case .faulted(let peer, let fault):
      counters.faults[fault, default: 0] += 1
      dependencies.logger.info("a peer broke a rule", metadata: ["peer": "\(peer)", "fault": "\(fault)"])
    }
  }

  /// Ends a session; who is banned is refused by the transport until the ban is over.
  private func turnAway(_ peer: PeerID, _ reason: Gossip.DisconnectReason) {
    switch reason {
    case .tested, .nearer, .silent: dependencies.transport.disconnect(peer)
    case .full: dependencies.transport.disconnect(peer, reason: .full)
    case .banned(let seconds):
      counters.bans += 1
      let end = NIODeadline.now() + .seconds(Int64(clamping: seconds))
      banned[peer] = end
      dependencies.transport.setBanned(Set(banned.keys))
      loop.assumeIsolated().scheduleTask(deadline: end) { self.assumeIsolated { $0.pardon() } }
    }
  }

  /// Lets those in again whose bans are over.
  private func pardon() {
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
    let post = dependencies.post
    loop.scheduleTask(in: .nanoseconds(Int64(clamping: interval.nanoseconds))) { post([.timeout(timer)]) }
  }

  private func committed(_ commit: Commit) {
    counters.blocks += 1
    counters.transactions += UInt64(commit.transactions.count)
    dependencies.verifier.forget(commit.transactions)
    for (index, transaction) in commit.transactions.enumerated() {
      guard let continuations = waiting.removeValue(forKey: transaction.hash) else { continue }
      let result = CommittedTransaction(
        hash: transaction.hash,
        height: commit.tip.height,
        receipt: commit.outcome.receipts[index]
      )
      for continuation in continuations { continuation.resume(returning: result) }
    }
    tell(.committed(commit))
  }

  private func tell(_ event: HostEvent) {
    for observer in observers.values { observer(event) }
  }
}

/// The chain has come to a height whose rules this program does not know.
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

/// What a host tells those who watch it. An event carries all that it is about: who hears of it asks nothing back.
enum HostEvent: Sendable {
  /// Decided and executed, with what it did to leases; durable a moment later.
  case committed(Commit)
  /// Changes of the order book, in their order.
  case book([OrderBook.Event])
}

/// A transaction with its place and result.
struct CommittedTransaction: Sendable {
  var hash: Digest
  var height: Height
  var receipt: Receipt
}

/// What a host has done since it started.
struct HostCounters: Sendable {
  var inputs: UInt64 = 0
  var blocks: UInt64 = 0
  var transactions: UInt64 = 0
  var roundsAboveZero: UInt64 = 0
  /// Bans pronounced.
  var bans: UInt64 = 0
  var faults: [Fault: UInt64] = [:]
}

extension PeerMessage {
  /// In which queue of a session the message waits.
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
