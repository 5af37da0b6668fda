public import Chain
import Consensus
public import Cryptography
import Gossip
import Ledger
public import Primitives
public import Replication

/// A simulated network: many replicas under one virtual clock, with all random numbers drawn from one seed.
///
/// The replicas are the code that real nodes run. The simulator replaces their surroundings: a network that
/// delays, loses, duplicates and cuts; disks that take time, fill up and lose unsynced data; inexact clocks;
/// and Byzantine validators. Equal scenarios give equal runs.
public final class Cluster {
  /// An event that concerns several shards or all.
  enum Event {
    /// The handshake of a session that the first node dialed is done.
    case connect(Int, Int)
    case faultBegins(Int)
    case faultEnds(Int)
    /// A partition or one-way cut has lasted 2 s: sessions across it end.
    case cutSessionsEnd(Int)
    case work(WorkloadStep)
    case heals
  }

  public let population: Population
  let observer: Observer
  let trace = Trace()
  let faults: [TimedFault]
  /// The neighbours of each node: validators are linked to each other, each follower to a few nodes.
  let links: [[Int]]
  let context: RunContext
  let shards: [Shard]
  /// The virtual time since the start of the run.
  public internal(set) var now = Instant.zero { didSet { for shard in shards { shard.now = now } } }
  var queue: EventQueue<Event>
  var generator: SeededGenerator
  var workload: Workload
  /// Counts the objects that users published; the shards count everything else.
  var counters = TrafficCounters()
  /// Whether the faults of network and nodes are over.
  var isHealed = false
  /// The highest height of an honest node when the faults ended.
  var healedHeight: Height = 0

  /// Throws `ScenarioError` for an unknown parameter name, and when the genesis cannot be executed.
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
    let genesisState = try GenesisState(genesis)
    let nodes = (0..<count).map { SimulatedNode($0, of: scenario, population, genesisState) }
    let context = RunContext(scenario: scenario, genesis: genesis, nodes: nodes, signatures: signatures)
    self.context = context
    shards = (0..<context.shards.count).map { Shard($0, in: context) }
    queue = EventQueue(seed: seed)
    faults = scenario.faults.schedule(for: scenario)
    observer = Observer(genesis: genesis, checkSignature: signatures.checkSignature)
    workload = Workload(plan: scenario.workload, population: population, seed: seed)
    links = Self.links(scenario, &generator)
    setClocks()
    chooseByzantineValidators()
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
      // A follower is linked to a validator and up to three nodes with a lower index, so there is a path
      // between any two nodes.
      link(follower, Int(generator.next(below: UInt64(scenario.validators))))
      for _ in 0..<3 { link(follower, Int(generator.next(below: UInt64(follower)))) }
    }
    return links.map { $0.sorted() }
  }

  /// Draws the error of each node's clock.
  private func setClocks() {
    func error(upTo most: UInt64) -> Int64 {
      most > 0 ? Int64(generator.next(below: 2 * most + 1)) - Int64(most) : 0
    }
    for node in nodes {
      node.skewMilliseconds = error(upTo: scenario.faults.skewMilliseconds)
      node.driftPartsPerMillion = error(upTo: scenario.faults.driftPartsPerMillion)
    }
  }

  /// Draws the Byzantine validators and their strategies.
  private func chooseByzantineValidators() {
    let wanted = min(scenario.faults.byzantine ?? scenario.tolerated, scenario.tolerated)
    var candidates = Array(0..<scenario.validators)
    for _ in 0..<max(0, wanted) {
      let index = candidates.remove(at: Int(generator.next(below: UInt64(candidates.count))))
      guard let key = nodes[index].consensusKey else { continue }
      let adversary = Adversary(
        strategies: ByzantineStrategies.draw(from: scenario.faults.strategies, &generator),
        generator: SeededGenerator(seed: generator.next()),
        key: key,
        signatures: signatures
      )
      nodes[index].misbehave(as: adversary)
    }
  }

  public var scenario: Scenario { context.scenario }
  var nodes: [SimulatedNode] { context.nodes }
  var signatures: SigningService { context.signatures }
  func shard(of node: Int) -> Shard { shards[context.shard(of: node)] }
  func session(_ left: Int, _ right: Int) -> UInt32 { shards[0].network.session(left, right) }
  func isCut(_ from: Int, _ to: Int) -> Bool { shards[0].network.isCut(from, to) }
  func sessionPeers(of node: Int) -> [Int] { shards[0].network.sessionPeers(of: node) }

  // MARK: State of the run

  /// The genesis of the simulated chain.
  public var genesis: Genesis { population.genesis }
  /// The number of nodes. Indices below `scenario.validators` are validators, the others followers.
  public var count: Int { nodes.count }
  /// The newest height on a node's disk.
  public func height(of index: Int) -> Height { nodes[index].store.tip.height }
  /// The newest committed block on a node's disk.
  public func tip(of index: Int) -> Tip { nodes[index].store.tip }
  /// Whether a node runs.
  public func isUp(_ index: Int) -> Bool { nodes[index].isUp }
  /// Whether a node is not Byzantine.
  public func isHonest(_ index: Int) -> Bool { nodes[index].isHonest }
  /// A node's replica; nil while the node is down.
  public func replica(of index: Int) -> Replica<some ReplicaState>? { nodes[index].replica }
  /// The first violations of invariants, at most 20.
  public var violations: [Violation] { observer.violations }
  /// How often each invariant was checked.
  public var checks: [Invariant: UInt64] { observer.checks }
  /// The hash of everything that happened; equal for equal scenarios.
  public var traceHash: Digest { .blake2b(traces.flatMap(\.digest.bytes)) }
  /// The number of events that `traceHash` covers.
  public var events: UInt64 { traces.reduce(0) { $0 + $1.events } }
  /// The notable events as lines for a reader, the newest last.
  public var eventLog: [String] { Trace.eventLog(of: traces) }
  private var traces: [Trace] { [trace] + shards.map(\.trace) }
  /// Counts of messages and events of all nodes together.
  public var traffic: TrafficCounters {
    var sum = counters
    for shard in shards { sum.add(shard.counters) }
    return sum
  }
  /// The names of the strategies of a Byzantine node; empty for an honest one.
  public func strategies(of index: Int) -> [String] { nodes[index].adversary?.names ?? [] }

  /// Signs a transaction with the kind of signatures that the scenario's nodes accept.
  public func signed(_ draft: TransactionDraft, by key: SigningKey) -> Transaction {
    signatures.sign(draft, by: key)
  }
}
