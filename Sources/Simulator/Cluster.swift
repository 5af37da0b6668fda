public import Chain
import Consensus
public import Cryptography
import Gossip
import HeapModule
import Ledger
public import Primitives
public import Replication

/// Many replicas under one virtual clock and one seed.
///
/// The replicas are the very ones that nodes run. Messages take a drawn time and may be lost; a crashed node loses
/// what it had not synced. The same seed gives the same run.
public final class Cluster {
  /// What the simulated network does to a message.
  public struct Network: Hashable, Sendable {
    public var minimumDelay = Interval.milliseconds(1)
    public var maximumDelay = Interval.milliseconds(10)
    public var lossPartsPerMillion: UInt64 = 0
    public var duplicationPartsPerMillion: UInt64 = 0

    public init() {}
  }

  struct Node {
    let name: String
    let nodeKey: SigningKey
    let consensusKey: SigningKey?
    let role: NodeRecord.Role
    let store: SimulatedStore
    /// Nil while the node is down.
    var replica: Replica<SimulatedStore>?
    /// Counts restarts: events of an earlier life are void.
    var life = 0
    /// When the disk has done what it was asked for: it works in order.
    var diskFreeAt = Instant.zero
  }

  enum Delivery {
    case input(ReplicaInput)
    case storage([ReplicaRecord], SigningRequest?, Commit?)
  }

  struct Event: Comparable {
    let at: Instant
    let tie: UInt64
    let sequence: UInt64
    let node: Int
    let life: Int
    let index: Int

    static func < (left: Event, right: Event) -> Bool {
      (left.at, left.tie, left.sequence) < (right.at, right.tie, right.sequence)
    }

    static func == (left: Event, right: Event) -> Bool {
      left.sequence == right.sequence
    }
  }

  public let genesis: Genesis
  public var network = Network()
  public private(set) var now = Instant.zero
  var nodes: [Node]
  private var queue: Heap<Event> = []
  private var payloads: [Int: Delivery] = [:]
  private var nextPayload = 0
  private var sequence: UInt64 = 0
  private var generator: SeededGenerator
  private var isolated: Set<Int> = []
  /// Certificates of every height that any node committed, to compare.
  private var decided: [Height: Digest] = [:]
  private var roots: [Height: Digest] = [:]
  public private(set) var violations: [String] = []

  /// - Parameters:
  ///   - genesis: whose validators are the keys of `validators`, in their order.
  public init(genesis: Genesis, validators: [SigningKey], followers: Int = 0, seed: UInt64) throws {
    self.genesis = genesis
    generator = SeededGenerator(seed: seed)
    nodes = []
    let (state, pages, tip) = try Self.origin(genesis)
    for index in 0..<validators.count + followers {
      var seedBytes = [UInt8](repeating: 0, count: 32)
      for position in seedBytes.indices { seedBytes[position] = UInt8(truncatingIfNeeded: generator.next()) }
      guard let nodeKey = SigningKey(seed: seedBytes) else { preconditionFailure("a seed has 32 bytes") }
      let isValidator = index < validators.count
      nodes.append(
        Node(
          name: isValidator ? "validator-\(index + 1)" : "follower-\(index - validators.count + 1)",
          nodeKey: nodeKey, consensusKey: isValidator ? validators[index] : nil,
          role: isValidator ? .validator : .full,
          store: SimulatedStore(state: state, pages: pages, tip: tip)))
    }
  }

  static func origin(_ genesis: Genesis) throws -> (MemoryState, [NibblePath: StateTreePage], Tip) {
    let outcome = try Executor.genesis(genesis)
    var state = MemoryState()
    state.apply(outcome.changes)
    let update = try StateTree.apply(
      outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) }, to: [NibblePath: StateTreePage](),
      root: StateTree.emptyRoot)
    var pages: [NibblePath: StateTreePage] = [:]
    for (path, page) in update.pages { pages[path] = page }
    let tip = try Tip(genesis: genesis, stateRoot: update.root, validators: outcome.validators)
    return (state, pages, tip)
  }

  // MARK: Life

  public func start() {
    for index in nodes.indices { boot(index) }
  }

  public var count: Int { nodes.count }
  public func height(of index: Int) -> Height { nodes[index].store.tip.height }
  public func tip(of index: Int) -> Tip { nodes[index].store.tip }
  public func isUp(_ index: Int) -> Bool { nodes[index].replica != nil }
  public func replica(of index: Int) -> Replica<some ReplicaState>? { nodes[index].replica }

  /// The node is gone with everything that it had not synced.
  public func crash(_ index: Int) {
    guard nodes[index].replica != nil else { return }
    nodes[index].replica = nil
    nodes[index].life += 1
    for other in nodes.indices where other != index && isUp(other) {
      deliver(.disconnected(nodes[index].nodeKey.publicKey), to: other, after: .zero)
    }
  }

  public func restart(_ index: Int) {
    guard nodes[index].replica == nil else { return }
    boot(index)
  }

  /// Cuts the nodes off from all others, or with none heals the network.
  public func isolate(_ indices: Set<Int>) {
    isolated = indices
  }

  private func boot(_ index: Int) {
    let node = nodes[index]
    let operatorAddress = node.consensusKey.flatMap { key in
      genesis.validators.first { $0.consensusKey == key.publicKey }?.operatorAddress
    }
    var replica = Replica(
      configuration: ReplicaConfiguration(
        genesis: genesis, consensusKey: node.consensusKey?.publicKey, operatorAddress: operatorAddress,
        timeouts: .lan),
      tip: node.store.tip, state: node.store,
      gossip: GossipCore(peer: node.nodeKey.publicKey, settings: .local, seed: generator.next(), at: now))
    replica.restore(node.store.log)
    nodes[index].replica = replica
    deliver(.started, to: index, after: .zero)
    for other in nodes.indices where other != index && isUp(other) {
      connect(index, other)
    }
  }

  private func connect(_ left: Int, _ right: Int) {
    let connection = Connection(direction: .inbound, host: "127.0.0.1")
    let outbound = Connection(direction: .outbound(address: nodes[right].name), host: "127.0.0.1")
    deliver(
      .connected(nodes[right].nodeKey.publicKey, outbound, role: nodes[right].role), to: left,
      after: .milliseconds(1))
    deliver(
      .connected(nodes[left].nodeKey.publicKey, connection, role: nodes[left].role), to: right,
      after: .milliseconds(1))
  }

  // MARK: Time

  /// Runs until `condition` holds or `limit` of virtual time has passed; tells whether it holds.
  @discardableResult
  public func run(for limit: Interval, until condition: (Cluster) -> Bool = { _ in false }) -> Bool {
    let end = now + limit
    while let event = queue.min, event.at <= end {
      queue.removeMin()
      now = max(now, event.at)
      guard let delivery = payloads.removeValue(forKey: event.index) else { continue }
      guard nodes[event.node].life == event.life, nodes[event.node].replica != nil else { continue }
      handle(delivery, at: event.node)
      if condition(self) { return true }
    }
    now = max(now, end)
    return condition(self)
  }

  /// Hands an authentic transaction to a node, as a user would.
  @discardableResult
  public func submit(_ transaction: Transaction, to index: Int) -> Admission? {
    var effects: [ReplicaEffect] = []
    guard let admission = nodes[index].replica?.admit(transaction, from: nil, at: clock, &effects) else { return nil }
    nodes[index].replica?.step(.batchEnded, at: clock, effects: &effects)
    perform(effects, of: index)
    return admission
  }

  /// Hands an authentic object to a node, as a user would.
  public func publish(_ object: SignedObject, to index: Int) {
    var effects: [ReplicaEffect] = []
    _ = nodes[index].replica?.publish(object, at: clock, &effects)
    perform(effects, of: index)
  }

  private var clock: Replica<SimulatedStore>.Clock {
    .init(now: now, wall: genesis.time.advanced(byMilliseconds: now.nanoseconds / 1_000_000))
  }

  private func deliver(_ input: ReplicaInput, to index: Int, after delay: Interval) {
    schedule(.input(input), at: index, after: delay)
  }

  private func schedule(_ delivery: Delivery, at index: Int, after delay: Interval) {
    payloads[nextPayload] = delivery
    sequence += 1
    queue.insert(
      Event(
        at: now + delay, tie: generator.next(), sequence: sequence, node: index, life: nodes[index].life,
        index: nextPayload))
    nextPayload += 1
  }

  private func handle(_ delivery: Delivery, at index: Int) {
    var effects: [ReplicaEffect] = []
    switch delivery {
    case .input(let input):
      nodes[index].replica?.step(input, at: clock, effects: &effects)
      nodes[index].replica?.step(.batchEnded, at: clock, effects: &effects)
    case .storage(let records, let request, let commit):
      nodes[index].store.append(records)
      if let commit {
        nodes[index].store.commit(commit)
        check(commit, by: index)
        nodes[index].replica?.step(.durable(commit.tip.height), at: clock, effects: &effects)
      }
      if let request, let key = nodes[index].consensusKey,
        let message = nodes[index].store.sign(request, with: key, chain: genesis.chain)
      {
        nodes[index].replica?.step(.signed(message), at: clock, effects: &effects)
      }
    }
    perform(effects, of: index)
  }

  private func check(_ commit: Commit, by index: Int) {
    let height = commit.tip.height
    if let known = decided[height], known != commit.tip.block {
      violations.append("two blocks are committed at height \(height), one by \(nodes[index].name)")
    }
    if let known = roots[height], known != commit.tip.stateRoot {
      violations.append("two state roots at height \(height), one at \(nodes[index].name)")
    }
    decided[height] = commit.tip.block
    roots[height] = commit.tip.stateRoot
  }
}

extension Cluster {
  /// Carries the effects out in order; what must be durable takes the time of a sync.
  private func perform(_ effects: [ReplicaEffect], of index: Int) {
    var records: [ReplicaRecord] = []
    for effect in effects {
      switch effect {
      case .log(let record): records.append(record)
      case .sign(let request):
        store(.storage(records, request, nil), at: index)
        records = []
      case .commit(let commit):
        store(.storage(records, nil, commit), at: index)
        records = []
      case .send(let message, let peer): send(.message(message, from: nodes[index].nodeKey.publicKey), from: index, to: peer)
      case .sendGossip(let message, let peer, _):
        send(.gossip(message, from: nodes[index].nodeKey.publicKey), from: index, to: peer)
      case .verify(let object):
        deliver(
          .objectVerified(object.identifier, isAuthentic: object.isAuthentic(on: genesis.chain)), to: index,
          after: .milliseconds(0))
      case .schedule(let timer, let delay): deliver(.timeout(timer), to: index, after: delay)
      case .serveBlocks(let peer, let from, let count): serve(peer, from: from, count: count, by: index)
      case .alarm(let alarm): violations.append("\(nodes[index].name) raised \(alarm)")
      case .dial, .disconnect, .bookChanged, .enteredRound, .faulted: break
      }
    }
    if !records.isEmpty { store(.storage(records, nil, nil), at: index) }
  }

  private func store(_ job: Delivery, at index: Int) {
    let syncTime = Interval(nanoseconds: 100_000 + generator.next(below: 100_000))
    nodes[index].diskFreeAt = max(nodes[index].diskFreeAt, now) + syncTime
    schedule(job, at: index, after: nodes[index].diskFreeAt.since(now))
  }

  private func send(_ input: ReplicaInput, from: Int, to peer: PeerID) {
    guard let target = nodes.firstIndex(where: { $0.nodeKey.publicKey == peer }) else { return }
    guard isolated.contains(from) == isolated.contains(target) else { return }
    guard !generator.chance(partsPerMillion: network.lossPartsPerMillion) else { return }
    let copies = generator.chance(partsPerMillion: network.duplicationPartsPerMillion) ? 2 : 1
    for _ in 0..<copies {
      let spread = max(1, network.maximumDelay.nanoseconds - network.minimumDelay.nanoseconds)
      let delay = Interval(nanoseconds: network.minimumDelay.nanoseconds + generator.next(below: spread))
      guard case .message(.transactions(let raw), let from) = input else {
        deliver(input, to: target, after: delay)
        continue
      }
      let transactions = raw.compactMap { try? Transaction(decoding: $0, chain: genesis.chain) }
      deliver(.transactions(transactions.filter(\.isAuthentic), from: from), to: target, after: delay)
    }
  }

  private func serve(_ peer: PeerID, from: Height, count: UInt32, by index: Int) {
    var blocks: [CommittedBlock] = []
    for height in from..<from + Height(count) {
      guard let block = nodes[index].store.block(at: height) else { break }
      blocks.append(block)
    }
    send(.message(.blocksResponse(blocks), from: nodes[index].nodeKey.publicKey), from: index, to: peer)
  }
}
