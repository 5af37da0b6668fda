import Chain
import Consensus
import Cryptography
import Primitives
import Replication

/// Some of a run's nodes with all that happens to them, in the order of time.
///
/// A lane changes nothing but itself and its nodes. What others must hear of waits until the lanes stand still: messages
/// to nodes of other lanes, the ends of sessions, and what the observer is to see. So lanes may run side by side for as
/// long as a message between them travels, and come to the same whether they do or not.
final class Lane {
  /// Behind a reference: the queue moves it often.
  indirect enum Occurrence {
    case arrival(ReplicaInput, to: Int, from: Int, session: UInt32)
    /// A timer, an answer, the end of a session.
    case local(ReplicaInput, Int, life: UInt32)
    case synced(Int, life: UInt32)
  }

  typealias Travel = (at: Instant, occurrence: Occurrence)

  /// What concerns nodes of several lanes.
  enum Request {
    /// The first node turns the second away.
    case part(Int, Int)
    /// The node has died by itself.
    case gone(Int)
  }

  /// What the observer is to see.
  enum Sighting {
    case counted(Invariant)
    case violated(Invariant, String)
    case committed(Commit)
    case released(SignedMessage, PublicKey)
  }

  /// Work that all nodes would do with the same result, done once.
  struct Caches {
    var transactions: [[UInt8]: Transaction] = [:]
    var unreadable: Set<[UInt8]> = []
    var blocks: [Digest: [UInt8]] = [:]
    /// Bytes of those that were stored.
    var certificates = CertificateTable<[UInt8]>()
    var objects: [SignedObject: Bool] = [:]
  }

  let index: Int
  let stage: Stage
  let trace = Trace()
  let reading = SharedReading()
  let proofs = SharedProofs()
  var now = Instant.zero
  var queue: EventQueue<Occurrence>
  /// Sessions and cuts are those of all lanes; when messages arrive is kept for what this lane's nodes send.
  var network: NetworkModel
  var generator: SeededGenerator
  var counters = TrafficCounters()
  var caches = Caches()
  /// Messages to nodes of other lanes, by lane.
  var departures: [[Travel]]
  /// Messages from nodes of other lanes that are not in the queue yet.
  private var arrivals: [Travel] = []
  /// Empty; its memory serves one input after another.
  private var spareEffects: [ReplicaEffect] = []
  var requests: [Request] = []
  var sightings: [(at: Instant, node: SimulatedNode, what: Sighting)] = []

  init(_ index: Int, on stage: Stage) {
    self.index = index
    self.stage = stage
    // Lane by lane other draws of the same seed.
    let seed = stage.scenario.seed ^ UInt64(index) << 56
    departures = Array(repeating: [], count: stage.lanes.count)
    queue = EventQueue(seed: seed)
    network = NetworkModel(count: stage.nodes.count, plan: stage.scenario.faults, seed: seed)
    generator = SeededGenerator(seed: seed ^ 0x6C61_6E65)
  }

  /// Handles what happens before `stop`.
  func run(until stop: Instant) {
    for travel in arrivals {
      precondition(travel.at >= now, "a message would arrive in its receiver's past")
      queue.insert(travel.occurrence, at: travel.at)
    }
    arrivals.removeAll(keepingCapacity: true)
    while let instant = queue.nextInstant, instant < stop { step() }
  }

  /// When the next occurrence happens.
  var nextInstant: Instant? {
    arrivals.reduce(queue.nextInstant) { min($0 ?? $1.at, $1.at) }
  }

  /// Takes over what nodes of another lane sent to this one's. None of it arrives before `now`.
  func receive(from lane: Lane) {
    if arrivals.isEmpty {
      swap(&arrivals, &lane.departures[index])
    } else {
      arrivals += lane.departures[index]
      lane.departures[index].removeAll(keepingCapacity: true)
    }
  }

  /// Handles the next occurrence.
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

  /// A paused node's events wait until it goes on, in their order.
  private func postpone(_ occurrence: Occurrence, for node: SimulatedNode) -> Bool {
    guard node.pausedUntil > now else { return false }
    queue.insert(occurrence, at: node.pausedUntil, keepsOrder: true)
    return true
  }

  private func arrive(_ input: ReplicaInput, at node: SimulatedNode) {
    // Only liars, and who breaks a rule, look at what arrives.
    guard stage.scenario.brokenRule != nil || !node.isHonest else { return handle(input, at: node, tag: 1) }
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

  /// One input of the node's own users, and what the replica answers.
  func request(_ input: ReplicaInput, of node: SimulatedNode) -> ReplicaAnswer? {
    var turn = Turn(at: clock(of: node))
    node.replica?.step(input, &turn)
    node.replica?.step(.batchEnded, &turn)
    perform(turn.effects, of: node)
    for case .answer(_, let answer) in turn.effects { return answer }
    return nil
  }

  func schedule(_ input: ReplicaInput, at node: SimulatedNode, after delay: Interval) {
    queue.insert(.local(input, node.index, life: node.life), at: now + delay)
  }

  func saw(_ what: Sighting, at node: SimulatedNode) {
    sightings.append((now, node, what))
  }

  func clock(of node: SimulatedNode) -> ReplicaClock {
    .init(now: node.localInstant(at: now), wall: node.wall(at: now, genesis: stage.genesis.time))
  }
}
