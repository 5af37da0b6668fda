public import Chain
import Consensus
public import Cryptography
import Gossip
import Ledger
public import Primitives
public import Replication

/// Many replicas under one virtual clock and one seed.
///
/// The replicas are the very ones that nodes run. Around them are a network that delays, loses, doubles and cuts,
/// disks that sync, stall, fill and forget, clocks that differ, and validators that lie. The same scenario gives the
/// same run.
public final class Cluster {
  /// What happens to several lanes at once, or to all.
  enum Occurrence {
    case meet(Int, Int)
    case faultBegins(Int)
    case faultEnds(Int)
    /// A cut has lasted so long that sessions end.
    case severed(Int)
    case work(WorkloadStep)
    case heals
  }

  public let population: Population
  let observer: Observer
  let trace = Trace()
  let faults: [TimedFault]
  /// Static links: validators among each other, each follower to a few nodes.
  let links: [[Int]]
  let stage: Stage
  let lanes: [Lane]
  public internal(set) var now = Instant.zero {
    didSet { for lane in lanes { lane.now = now } }
  }
  var queue: EventQueue<Occurrence>
  var generator: SeededGenerator
  var workload: Workload
  /// What users published; the lanes count the rest.
  var counters = TrafficCounters()
  var isHealed = false
  var healedHeight: Height = 0

  public init(_ scenario: Scenario) throws {
    let count = scenario.validators + scenario.peers
    let seed = scenario.seed
    generator = SeededGenerator(seed: seed)
    let population = try Population(
      seed: seed,
      validators: scenario.validators,
      nodes: count,
      workload: scenario.workload,
      parameters: scenario.parameters
    )
    self.population = population
    let genesis = population.genesis
    let signatures = SigningService(scenario.signatures, chain: genesis.chain)
    let origin = try Origin(genesis)
    let nodes = (0..<count).map { Self.node($0, scenario, population, origin, signatures, genesis) }
    let stage = Stage(scenario: scenario, genesis: genesis, nodes: nodes, signatures: signatures)
    self.stage = stage
    lanes = (0..<stage.lanes.count).map { Lane($0, on: stage) }
    queue = EventQueue(seed: seed)
    faults = scenario.faults.schedule(for: scenario)
    observer = Observer(genesis: genesis, scheme: signatures.scheme)
    workload = Workload(plan: scenario.workload, population: population, seed: seed)
    links = Self.links(scenario, &generator)
    setClocks()
    appointLiars()
  }

  /// From so many followers on they execute a block once for all whose state is equal.
  private static let sharingPeers = 100

  private static func node(
    _ index: Int,
    _ scenario: Scenario,
    _ population: Population,
    _ origin: Origin,
    _ signatures: SigningService,
    _ genesis: Genesis
  ) -> SimulatedNode {
    let isValidator = index < scenario.validators
    return SimulatedNode(
      index: index,
      name: isValidator ? "validator-\(index + 1)" : "peer-\(index - scenario.validators + 1)",
      nodeKey: population.nodeKeys[index],
      consensusKey: isValidator ? population.validators[index] : nil,
      role: isValidator ? .validator : .full,
      // Every validator executes by itself, so that one that errs is seen; so do the followers of a small network.
      store: SimulatedStore(
        origin.version,
        tip: origin.tip,
        sharesExecution: !isValidator && scenario.peers >= Self.sharingPeers
      ),
      signatures: signatures,
      genesis: genesis
    )
  }

  private static func links(_ scenario: Scenario, _ generator: inout SeededGenerator) -> [[Int]] {
    let count = scenario.validators + scenario.peers
    var links = Array(repeating: Set<Int>(), count: count)
    func link(_ left: Int, _ right: Int) {
      guard left != right else { return }
      links[left].insert(right)
      links[right].insert(left)
    }
    for left in 0..<scenario.validators {
      for right in left + 1..<max(left + 1, scenario.validators) { link(left, right) }
    }
    for follower in scenario.validators..<max(scenario.validators, count) {
      // One validator, and nodes that were there before: everybody is reached.
      link(follower, Int(generator.next(below: UInt64(scenario.validators))))
      for _ in 0..<3 { link(follower, Int(generator.next(below: UInt64(follower)))) }
    }
    return links.map { $0.sorted() }
  }

  private func setClocks() {
    let plan = scenario.faults
    for node in nodes {
      if plan.skewMilliseconds > 0 {
        let drawn = generator.next(below: 2 * plan.skewMilliseconds + 1)
        node.skewMilliseconds = Int64(drawn) - Int64(plan.skewMilliseconds)
      }
      if plan.driftPartsPerMillion > 0 {
        let drawn = generator.next(below: 2 * plan.driftPartsPerMillion + 1)
        node.driftPartsPerMillion = Int64(drawn) - Int64(plan.driftPartsPerMillion)
      }
    }
  }

  private func appointLiars() {
    let wanted = min(scenario.faults.byzantine ?? scenario.tolerated, scenario.tolerated)
    var candidates = Array(0..<scenario.validators)
    for _ in 0..<max(0, wanted) {
      let index = candidates.remove(at: Int(generator.next(below: UInt64(candidates.count))))
      guard let key = nodes[index].consensusKey else { continue }
      let strategies = ByzantineStrategies.draw(from: scenario.faults.strategies, &generator)
      nodes[index].misbehave(
        as: Liar(
          strategies: strategies,
          generator: SeededGenerator(seed: generator.next()),
          key: key,
          signatures: signatures
        )
      )
    }
  }

  public var scenario: Scenario { stage.scenario }
  var nodes: [SimulatedNode] { stage.nodes }
  var signatures: SigningService { stage.signatures }
  func lane(of node: Int) -> Lane { lanes[stage.lane(of: node)] }
  func session(_ left: Int, _ right: Int) -> UInt32 { lanes[0].network.session(left, right) }
  func isCut(_ from: Int, _ to: Int) -> Bool { lanes[0].network.isCut(from, to) }
  func sessionPeers(of node: Int) -> [Int] { lanes[0].network.sessionPeers(of: node) }

  // MARK: For those who watch

  public var genesis: Genesis { population.genesis }
  public var count: Int { nodes.count }
  public func height(of index: Int) -> Height { nodes[index].store.tip.height }
  public func tip(of index: Int) -> Tip { nodes[index].store.tip }
  public func isUp(_ index: Int) -> Bool { nodes[index].isUp }
  public func isHonest(_ index: Int) -> Bool { nodes[index].isHonest }
  public func replica(of index: Int) -> Replica<some ReplicaState>? { nodes[index].replica }
  public var violations: [Violation] { observer.violations }
  public var checks: [Invariant: UInt64] { observer.checks }
  public var traceHash: Digest { .blake2b(traces.flatMap(\.digest.bytes)) }
  public var events: UInt64 { traces.reduce(0) { $0 + $1.events } }
  /// What happened, for a reader; the newest last.
  public var story: [String] { Trace.story(of: traces) }
  private var traces: [Trace] { [trace] + lanes.map(\.trace) }
  public var traffic: TrafficCounters {
    var sum = counters
    for lane in lanes { sum.add(lane.counters) }
    return sum
  }
  public func strategies(of index: Int) -> [String] { nodes[index].liar?.names ?? [] }

  /// Signs as the run's nodes do.
  public func signed(_ draft: TransactionDraft, by key: SigningKey) -> Transaction {
    signatures.sign(draft, by: key)
  }

  /// A vote that whoever holds the key could make.
  public func vote(
    _ kind: Vote.Kind,
    height: Height,
    round: Round,
    block: Digest?,
    validator: ValidatorIndex,
    by key: SigningKey
  ) -> Vote {
    let body = Vote.signBody(height: height, round: round, validRound: nil, block: block)
    return Vote(
      kind: kind,
      height: height,
      round: round,
      validRound: nil,
      block: block,
      validator: validator,
      signature: signatures.sign(body, domain: kind.domain, by: key)
    )
  }
}
