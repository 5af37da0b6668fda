import Chain
import Consensus
import Cryptography
import Primitives
import Replication

/// A part of the nodes of a run that one thread simulates: it holds their events and handles them in the
/// order of time.
///
/// A shard changes only itself and its nodes. Everything that concerns others is stored until the shards are
/// synchronized (`Cluster.synchronizeShards`): messages to nodes of other shards, ends of sessions, and
/// observations. So shards can run in parallel for as long as the fastest message between them takes (the
/// lookahead of conservative parallel simulation), and the result does not depend on the threads.
final class Shard {
  /// An event of one node. The enum is indirect because the queue moves events often.
  indirect enum Event {
    /// A message arrives; it is lost when its session has ended.
    case arrival(ReplicaInput, to: Int, from: Int, session: UInt32)
    /// A timer, a result, or the end of a session, for the node with this index. It is ignored when the node
    /// has stopped since, which a changed `incarnation` shows.
    case local(ReplicaInput, Int, incarnation: UInt32)
    /// A sync of the node's disk ends.
    case synced(Int, incarnation: UInt32)
  }

  typealias TimedEvent = (at: Instant, event: Event)

  /// A request that the cluster end sessions. It may concern nodes of other shards.
  enum Request {
    /// The first node disconnects the second.
    case disconnect(Int, Int)
    /// The node has stopped.
    case nodeStopped(Int)
  }

  /// Something that is reported to the observer when the shards are synchronized.
  enum Observation {
    case counted(Invariant)
    case violated(Invariant, String)
    case committed(Commit)
    case released(SignedMessage, PublicKey)
  }

  /// Encodings that are equal for all nodes and kept once for the shard.
  struct Caches {
    /// Encodings of stored blocks.
    var blocks: [Digest: [UInt8]] = [:]
    /// Encodings of stored certificates.
    var certificates = CertificateCache<[UInt8]>()
  }

  let index: Int
  let context: RunContext
  let trace = Trace()
  /// How the nodes of the shard check signatures. They share its cache of valid signatures.
  let checks: Checks
  var now = Instant.zero
  var queue: EventQueue<Event>
  /// The shard's copy of the network. Sessions and cuts are equal in all copies; the order of messages is
  /// kept only for those that this shard's nodes send.
  var network: NetworkModel
  var generator: SeededGenerator
  var counters = TrafficCounters()
  var caches = Caches()
  /// Messages for nodes of other shards, by the index of the shard, until the shards are synchronized.
  var outgoingMessages: [[TimedEvent]]
  /// Messages from other shards that are not in the queue yet.
  private var incomingMessages: [TimedEvent] = []
  /// An empty array whose memory is used again for the effects of each input.
  private var spareEffects: [ReplicaEffect] = []
  /// Requests to end sessions. The cluster ends them when the shards are synchronized.
  var requests: [Request] = []
  /// Observations that the observer has not been given yet, in the order of time.
  var observations: [(at: Instant, node: SimulatedNode, what: Observation)] = []

  init(_ index: Int, in context: RunContext) {
    self.index = index
    self.context = context
    checks = SharedChecks().checks(context.signatures.checkSignature)
    // Each shard has its own sequence of random numbers from the scenario's seed.
    let seed = context.scenario.seed ^ UInt64(index) << 56
    outgoingMessages = Array(repeating: [], count: context.shards.count)
    queue = EventQueue(seed: seed)
    network = NetworkModel(count: context.nodes.count, plan: context.scenario.faults, seed: seed)
    generator = SeededGenerator(seed: seed ^ 0x6C61_6E65)
  }

  /// Handles all events before `stop`.
  func run(until stop: Instant) {
    for message in incomingMessages {
      precondition(message.at >= now, "a message would arrive in its receiver's past")
      queue.insert(message.event, at: message.at)
    }
    incomingMessages.removeAll(keepingCapacity: true)
    while let instant = queue.nextInstant, instant < stop { step() }
  }

  /// When the next event happens; nil when there is none.
  var nextInstant: Instant? { incomingMessages.reduce(queue.nextInstant) { min($0 ?? $1.at, $1.at) } }

  /// Takes the messages from nodes of another shard to nodes of this one. None of them arrives before `now`.
  func receive(from shard: Shard) {
    if incomingMessages.isEmpty {
      swap(&incomingMessages, &shard.outgoingMessages[index])
    } else {
      incomingMessages += shard.outgoingMessages[index]
      shard.outgoingMessages[index].removeAll(keepingCapacity: true)
    }
  }

  func step() {
    guard let (at, event) = queue.next() else { return }
    now = max(now, at)
    handle(event)
  }

  private func handle(_ event: Event) {
    switch event {
    case .arrival(let input, let to, let from, let session):
      let node = context.nodes[to]
      guard node.isUp, network.session(to, from) == session else {
        counters.lost += 1
        return
      }
      guard !postpone(event, for: node) else { return }
      arrive(input, at: node)
    case .local(let input, let index, let incarnation):
      let node = context.nodes[index]
      guard node.incarnation == incarnation, !postpone(event, for: node) else { return }
      handle(input, at: node, tag: 2)
    case .synced(let index, let incarnation):
      let node = context.nodes[index]
      guard node.incarnation == incarnation, !postpone(event, for: node) else { return }
      finishSync(of: node)
    }
  }

  /// Moves an event of a paused node to the pause's end, in its order. Returns whether the node is paused.
  private func postpone(_ event: Event, for node: SimulatedNode) -> Bool {
    guard node.pausedUntil > now else { return false }
    queue.insert(event, at: node.pausedUntil, keepsOrder: true)
    return true
  }

  private func arrive(_ input: ReplicaInput, at node: SimulatedNode) {
    // Only Byzantine nodes and broken rules need to observe the messages that arrive.
    guard context.scenario.brokenRule != nil || !node.isHonest else { return handle(input, at: node, tag: 1) }
    if case .message(let message, _) = input {
      if let proposal = message.proposal { node.lastProposal = proposal }
      node.adversary?.observe(message)
    }
    guard let input = applyBrokenRule(to: input, at: node) else { return }
    handle(input, at: node, tag: 1)
  }

  /// Gives a node's replica one input and performs the effects. `tag` is the kind of event in the trace.
  func handle(_ input: ReplicaInput, at node: SimulatedNode, tag: UInt8) {
    guard node.isUp else { return }
    let (first, second) = input.summary
    trace.record(at: now, node: node.index, tag: tag, first, second)
    var turn = makeTurn(of: node, wall: shownTime(to: node, by: input), effects: spareEffects)
    spareEffects = []
    node.replica?.step(input, &turn)
    node.replica?.step(.batchEnded, &turn)
    perform(turn.effects, of: node)
    spareEffects = turn.effects
    spareEffects.removeAll(keepingCapacity: true)
  }

  /// Passes a user's input to a node's replica, performs the effects, and returns the replica's answer.
  func request(_ input: ReplicaInput, of node: SimulatedNode) -> ReplicaAnswer? {
    var turn = makeTurn(of: node)
    node.replica?.step(input, &turn)
    node.replica?.step(.batchEnded, &turn)
    perform(turn.effects, of: node)
    for case .answer(_, let answer) in turn.effects { return answer }
    return nil
  }

  /// Gives a node's replica an input after `delay`, unless the node stops before.
  func schedule(_ input: ReplicaInput, at node: SimulatedNode, after delay: Interval) {
    queue.insert(.local(input, node.index, incarnation: node.incarnation), at: now + delay)
  }

  /// Stores an observation for the observer.
  func report(_ what: Observation, at node: SimulatedNode) { observations.append((now, node, what)) }

  /// Makes a turn at the time on the node's own inexact clocks, or with another time on its wall clock.
  func makeTurn(of node: SimulatedNode, wall: Timestamp? = nil, effects: consuming [ReplicaEffect] = [])
    -> ReplicaTurn
  {
    let wall = wall ?? node.wall(at: now, genesis: context.genesis.time)
    return ReplicaTurn(at: node.localInstant(at: now), wall: wall, effects: effects)
  }
}
