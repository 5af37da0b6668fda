import Chain
import Consensus
import Cryptography
import Primitives
import Replication

/// A part of the nodes of a run that one thread simulates: it holds their events and handles them in the
/// order of time.
///
/// A lane changes only itself and its nodes. Whatever concerns others is stored until the lanes are
/// synchronized (`Cluster.settle`): messages to nodes of other lanes, ends of sessions, and observations.
/// Therefore lanes can run in parallel for as long as the fastest message between them takes (the lookahead
/// of conservative parallel simulation), and the result does not depend on the threads.
final class Lane {
  /// An event of one node. It is indirect because the queue moves it often.
  indirect enum Occurrence {
    /// A message arrives; it is lost when its session has ended.
    case arrival(ReplicaInput, to: Int, from: Int, session: UInt32)
    /// A timer, a result, or the end of a session, for the node with this index. It is void when the node has
    /// stopped since, which `life` shows.
    case local(ReplicaInput, Int, life: UInt32)
    /// A sync of the node's disk ends.
    case synced(Int, life: UInt32)
  }

  typealias Travel = (at: Instant, occurrence: Occurrence)

  /// An end of sessions that a lane asks the cluster for, since it may concern nodes of other lanes.
  enum Request {
    /// The first node disconnects the second.
    case part(Int, Int)
    /// The node has stopped.
    case gone(Int)
  }

  /// Something that the observer is told when the lanes are synchronized.
  enum Sighting {
    case counted(Invariant)
    case violated(Invariant, String)
    case committed(Commit)
    case released(SignedMessage, PublicKey)
  }

  /// Results that are equal for all nodes, computed once for the lane.
  struct Caches {
    /// Encodings of stored blocks.
    var blocks: [Digest: [UInt8]] = [:]
    /// Encodings of stored certificates.
    var certificates = CertificateTable<[UInt8]>()
  }

  let index: Int
  let stage: Stage
  let trace = Trace()
  /// How the nodes of the lane check signatures; they share its memory.
  let checks: Checks
  var now = Instant.zero
  var queue: EventQueue<Occurrence>
  /// The lane's copy of the network: sessions and cuts are equal in all lanes; the order of messages is kept
  /// only for messages that this lane's nodes send.
  var network: NetworkModel
  var generator: SeededGenerator
  var counters = TrafficCounters()
  var caches = Caches()
  /// Messages for nodes of other lanes, by the index of the lane, until the lanes are synchronized.
  var departures: [[Travel]]
  /// Messages from other lanes that are not in the queue yet.
  private var arrivals: [Travel] = []
  /// An empty array whose memory is used again for the effects of each input.
  private var spareEffects: [ReplicaEffect] = []
  /// Ends of sessions to be carried out when the lanes are synchronized.
  var requests: [Request] = []
  /// Observations that the observer has not been given yet, in the order of time.
  var sightings: [(at: Instant, node: SimulatedNode, what: Sighting)] = []

  init(_ index: Int, on stage: Stage) {
    self.index = index
    self.stage = stage
    checks = SharedChecks().checks(stage.signatures.verdict)
    // Each lane has its own sequence of random numbers from the scenario's seed.
    let seed = stage.scenario.seed ^ UInt64(index) << 56
    departures = Array(repeating: [], count: stage.lanes.count)
    queue = EventQueue(seed: seed)
    network = NetworkModel(count: stage.nodes.count, plan: stage.scenario.faults, seed: seed)
    generator = SeededGenerator(seed: seed ^ 0x6C61_6E65)
  }

  /// Handles all events before `stop`.
  func run(until stop: Instant) {
    for travel in arrivals {
      precondition(travel.at >= now, "a message would arrive in its receiver's past")
      queue.insert(travel.occurrence, at: travel.at)
    }
    arrivals.removeAll(keepingCapacity: true)
    while let instant = queue.nextInstant, instant < stop { step() }
  }

  /// When the next event happens; nil when there is none.
  var nextInstant: Instant? {
    arrivals.reduce(queue.nextInstant) { min($0 ?? $1.at, $1.at) }
  }

  /// Takes the messages that nodes of another lane have sent to nodes of this one. None of them arrives
  /// before `now`.
  func receive(from lane: Lane) {
    if arrivals.isEmpty {
      swap(&arrivals, &lane.departures[index])
    } else {
      arrivals += lane.departures[index]
      lane.departures[index].removeAll(keepingCapacity: true)
    }
  }

  /// Handles the next event.
  func step() {
    guard let (at, occurrence) = queue.next() else { return }
    now = max(now, at)
    happen(occurrence)
  }

  private func happen(_ occurrence: Occurrence) {
    switch occurrence {
    case .arrival(let input, let to, let from, let session):
      let node = stage.nodes[to]
      guard node.isUp, network.session(to, from) == session else {
        counters.lost += 1
        return
      }
      guard !postpone(occurrence, for: node) else { return }
      arrive(input, at: node)
    case .local(let input, let index, let life):
      let node = stage.nodes[index]
      guard node.life == life, !postpone(occurrence, for: node) else { return }
      handle(input, at: node, tag: 2)
    case .synced(let index, let life):
      let node = stage.nodes[index]
      guard node.life == life, !postpone(occurrence, for: node) else { return }
      finishSync(of: node)
    }
  }

  /// Moves an event of a paused node to the end of the pause; the node's events keep their order. Returns
  /// whether the node is paused.
  private func postpone(_ occurrence: Occurrence, for node: SimulatedNode) -> Bool {
    guard node.pausedUntil > now else { return false }
    queue.insert(occurrence, at: node.pausedUntil, keepsOrder: true)
    return true
  }

  private func arrive(_ input: ReplicaInput, at node: SimulatedNode) {
    // Only Byzantine nodes and broken rules need to see the messages that arrive.
    guard stage.scenario.brokenRule != nil || !node.isHonest else { return handle(input, at: node, tag: 1) }
    if case .message(let message, _) = input {
      if let proposal = message.proposal { node.lastProposal = proposal }
      node.liar?.observe(message)
    }
    guard let input = accepted(input, at: node) else { return }
    handle(input, at: node, tag: 1)
  }

  /// Gives a node's replica one input and carries out the effects. `tag` is the kind of event in the trace.
  func handle(_ input: ReplicaInput, at node: SimulatedNode, tag: UInt8) {
    guard node.isUp else { return }
    let (first, second) = input.summary
    trace.record(at: now, node: node.index, tag: tag, first, second)
    var turn = Turn(at: clock(of: node, for: input), effects: spareEffects)
    spareEffects = []
    node.replica?.step(input, &turn)
    node.replica?.step(.batchEnded, &turn)
    perform(turn.effects, of: node)
    spareEffects = turn.effects
    spareEffects.removeAll(keepingCapacity: true)
  }

  /// Gives a node's replica an input of a user, carries out the effects, and returns the replica's answer.
  func request(_ input: ReplicaInput, of node: SimulatedNode) -> ReplicaAnswer? {
    var turn = Turn(at: clock(of: node))
    node.replica?.step(input, &turn)
    node.replica?.step(.batchEnded, &turn)
    perform(turn.effects, of: node)
    for case .answer(_, let answer) in turn.effects { return answer }
    return nil
  }

  /// Gives a node's replica an input after `delay`, unless the node stops before.
  func schedule(_ input: ReplicaInput, at node: SimulatedNode, after delay: Interval) {
    queue.insert(.local(input, node.index, life: node.life), at: now + delay)
  }

  /// Stores an observation for the observer.
  func saw(_ what: Sighting, at node: SimulatedNode) {
    sightings.append((now, node, what))
  }

  /// The time on the node's own inexact clocks.
  func clock(of node: SimulatedNode) -> ReplicaClock {
    .init(now: node.localInstant(at: now), wall: node.wall(at: now, genesis: stage.genesis.time))
  }
}
