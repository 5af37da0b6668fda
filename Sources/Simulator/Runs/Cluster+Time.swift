import Chain
import Consensus
import Cryptography
import Gossip
public import Primitives
public import Replication
import Wire

extension Cluster {
  /// Boots every node and lets the faults and the users of the scenario begin.
  public func start() {
    for node in nodes { boot(node) }
    for (index, fault) in faults.enumerated() {
      let begins = Instant.zero + .milliseconds(fault.atMilliseconds)
      queue.insert(.faultBegins(index), at: begins)
      queue.insert(.faultEnds(index), at: begins + .milliseconds(fault.forMilliseconds))
      guard fault.kind == .partition || fault.kind == .oneWayCut, fault.forMilliseconds > 2_000 else {
        continue
      }
      queue.insert(.severed(index), at: begins + .milliseconds(2_000))
    }
    queue.insert(.heals, at: scenario.healsAt)
    for (step, delay) in workload.firstSteps() { queue.insert(.work(step), at: now + delay) }
  }

  /// Runs until `condition` holds or `limit` of virtual time has passed; tells whether it holds.
  @discardableResult
  public func run(for limit: Interval, until condition: (Cluster) -> Bool = { _ in false }) -> Bool {
    let end = now + limit
    while let (at, occurrence) = queue.next(until: end) {
      now = max(now, at)
      happen(occurrence)
      if condition(self) { return true }
    }
    now = max(now, end)
    return condition(self)
  }

  private func happen(_ occurrence: Occurrence) {
    switch occurrence {
    case .arrival(let input, let to, let from, let session):
      guard nodes[to].isUp, network.session(to, from) == session else {
        counters.lost += 1
        return
      }
      guard !postpone(occurrence, for: nodes[to]) else { return }
      arrive(input, at: nodes[to])
    case .local(let input, let index, let life):
      let node = nodes[index]
      guard node.life == life, !postpone(occurrence, for: node) else { return }
      handle(input, at: node, tag: 2)
    case .synced(let index, let life):
      let node = nodes[index]
      guard node.life == life, !postpone(occurrence, for: node) else { return }
      finishSync(of: node)
    case .meet(let left, let right): meet(left, right)
    case .faultBegins(let index): begin(faults[index])
    case .faultEnds(let index): end(faults[index])
    case .severed(let index): sever(faults[index])
    case .work(let step):
      trace.record(at: now, node: -1, tag: 6, 0)
      perform(step)
    case .heals: heal()
    }
  }

  /// A paused node's events wait until it goes on, in their order.
  private func postpone(_ occurrence: Occurrence, for node: SimulatedNode) -> Bool {
    guard node.pausedUntil > now else { return false }
    queue.insert(occurrence, at: node.pausedUntil, keepsOrder: true)
    return true
  }

  private func arrive(_ input: ReplicaInput, at node: SimulatedNode) {
    if case .message(let message, _) = input {
      if let proposal = message.proposal { node.lastProposal = proposal }
      node.liar?.observe(message)
    }
    guard let input = accepted(input, at: node) else { return }
    handle(input, at: node, tag: 1)
  }

  /// One input, and everything that the replica wants done about it.
  func handle(_ input: ReplicaInput, at node: SimulatedNode, tag: UInt8) {
    guard node.isUp else { return }
    let (first, second) = Self.summary(of: input)
    trace.record(at: now, node: node.index, tag: tag, first, second)
    let clock = clock(of: node, for: input)
    var effects: [ReplicaEffect] = []
    node.replica?.step(input, at: clock, effects: &effects)
    node.replica?.step(.batchEnded, at: clock, effects: &effects)
    perform(effects, of: node)
  }

  /// Hands an authentic transaction to a node, as a user would.
  @discardableResult
  public func submit(_ transaction: Transaction, to index: Int) -> Admission? {
    let node = nodes[index]
    let clock = clock(of: node)
    var effects: [ReplicaEffect] = []
    guard let admission = node.replica?.admit(transaction, from: nil) else { return nil }
    node.replica?.step(.batchEnded, at: clock, effects: &effects)
    trace.record(at: now, node: index, tag: 7, transaction.sequence)
    perform(effects, of: node)
    return admission
  }

  /// Gives a message to a node as if another had sent it.
  public func receive(_ message: PeerMessage, at index: Int, from sender: Int) {
    handle(.message(message, from: nodes[sender].peer), at: nodes[index], tag: 1)
  }

  /// Hands an authentic object to a node, as a user would; tells whether the node's book took it.
  @discardableResult
  public func publish(_ object: SignedObject, to index: Int) -> Bool {
    let node = nodes[index]
    var effects: [ReplicaEffect] = []
    let outcome = node.replica?.publish(object, at: clock(of: node), &effects)
    trace.record(at: now, node: index, tag: 8, UInt64(object.kind.rawValue))
    perform(effects, of: node)
    return outcome?.judgement == .accepted
  }

  private static func summary(of input: ReplicaInput) -> (UInt64, UInt64) {
    switch input {
    case .started: (1, 0)
    case .connected: (2, 0)
    case .disconnected: (3, 0)
    case .dialFailed: (4, 0)
    case .message(let message, _): (UInt64(message.kind.rawValue) << 8 | 5, detail(of: message))
    case .gossip(let message, _): (UInt64(message.kind.rawValue) << 8 | 6, 0)
    case .transactions(let transactions, _): (7, UInt64(transactions.count))
    case .objectVerified(_, let isAuthentic): (8, isAuthentic ? 1 : 0)
    case .transactionsVerified(_, let transactions): (15, UInt64(transactions?.count ?? 0))
    case .timeout(.consensus(let timer)):
      (UInt64(timer.kind.rawValue) << 8 | 9, timer.height << 16 | UInt64(timer.round))
    case .timeout: (9, 0)
    case .signed(.vote(let vote)): (10, vote.height << 16 | UInt64(vote.round))
    case .signed(.proposal(let proposal)): (11, proposal.height << 16 | UInt64(proposal.round))
    case .durable(let height): (12, height)
    case .misbehaved: (13, 0)
    case .batchEnded: (14, 0)
    }
  }

  private static func detail(of message: PeerMessage) -> UInt64 {
    switch message {
    case .votes(let votes):
      votes.first.map { $0.height << 32 | UInt64($0.round) << 16 | UInt64($0.validator) } ?? 0
    case .proposal(let proposal, let block):
      proposal.height << 32 | UInt64(proposal.round) << 24 | UInt64(block.count)
    case .compactProposal(let proposal, let block):
      proposal.height << 32 | UInt64(proposal.round) << 24 | UInt64(block.transactionHashes.count)
    case .status(let status): status.committed
    default: UInt64(Traffic.bytes(of: message))
    }
  }
}

extension PeerMessage {
  /// The proposal that the message carries, in whichever form.
  var proposal: Proposal? {
    switch self {
    case .proposal(let proposal, _), .compactProposal(let proposal, _): proposal
    default: nil
    }
  }
}
