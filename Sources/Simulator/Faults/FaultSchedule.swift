import Primitives

/// One fault that lasts for some time.
public struct TimedFault: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable {
    /// `nodes` stop and lose what they have not synced to disk; they start again when the fault ends.
    case crash = "crash"
    /// No message passes between `nodes` and the other nodes, in both directions.
    case partition = "partition"
    /// No message passes from the first of `nodes` to the second.
    case oneWayCut = "oneWayCut"
    /// Disk syncs of `nodes` complete only when the fault has ended.
    case diskStall = "diskStall"
    /// `nodes` cannot write: they stop, and start again when the fault ends.
    case fullDisk = "fullDisk"
    /// `nodes` handle no event during the fault; afterwards they handle the delayed events at once.
    case pause = "pause"
  }

  public var kind: Kind
  /// When the fault begins, in milliseconds of virtual time since the start of the run.
  public var atMilliseconds: UInt64
  /// How long the fault lasts, in milliseconds of virtual time.
  public var forMilliseconds: UInt64
  /// Indices of the affected nodes: validators first, then followers. Indices without a node are ignored.
  public var nodes: [Int]

  /// `at` and `length` are milliseconds of virtual time.
  public init(_ kind: Kind, at: UInt64, for length: UInt64, nodes: [Int]) {
    self.kind = kind
    atMilliseconds = at
    forMilliseconds = length
    self.nodes = nodes
  }
}

extension FaultPlan {
  /// The faults of a run: `schedule` unchanged, or else a schedule drawn from the rates, in the order of time.
  /// All drawn faults end by `Scenario.healsAt`.
  func schedule(for scenario: Scenario) -> [TimedFault] {
    if let schedule { return schedule }
    var generator = SeededGenerator(seed: scenario.seed ^ 0x6661_756C_7473)
    let end = scenario.healsAt.nanoseconds / 1_000_000
    var faults: [TimedFault] = []
    let rates: [(TimedFault.Kind, UInt64)] = [
      (.crash, crashesPerMinute), (.partition, partitionsPerMinute), (.oneWayCut, oneWayCutsPerMinute),
      (.diskStall, diskStallsPerMinute), (.fullDisk, fullDisksPerMinute), (.pause, pausesPerMinute),
    ]
    let nodes = scenario.validators + scenario.peers
    guard nodes > 1, end > 1_000 else { return [] }
    for (kind, perMinute) in rates where perMinute > 0 {
      let mean = 60_000 / perMinute
      var at = generator.next(below: 2 * mean)
      while at < end {
        let length = min(Self.length(of: kind, &generator), end - at)
        let victims = Self.victims(of: kind, validators: scenario.validators, nodes: nodes, &generator)
        faults.append(TimedFault(kind, at: at, for: length, nodes: victims))
        at += 1 + generator.next(below: 2 * mean)
      }
    }
    return faults.sorted { ($0.atMilliseconds, $0.kind.rawValue) < ($1.atMilliseconds, $1.kind.rawValue) }
  }

  /// Draws how long a fault lasts, in milliseconds.
  private static func length(of kind: TimedFault.Kind, _ generator: inout SeededGenerator) -> UInt64 {
    switch kind {
    case .crash: 50 + generator.next(below: generator.chance(partsPerMillion: 200_000) ? 15_000 : 1_500)
    case .partition, .oneWayCut: 100 + generator.next(below: 8_000)
    case .diskStall: 50 + generator.next(below: 3_000)
    case .fullDisk: 500 + generator.next(below: 5_000)
    case .pause: 20 + generator.next(below: 3_000)
    }
  }

  /// Draws the affected nodes. Disk faults and pauses affect validators only.
  private static func victims(
    of kind: TimedFault.Kind,
    validators: Int,
    nodes: Int,
    _ generator: inout SeededGenerator
  ) -> [Int] {
    switch kind {
    case .partition:
      let side = (0..<nodes).filter { _ in generator.chance(partsPerMillion: 400_000) }
      return side.isEmpty || side.count == nodes ? [0] : side
    case .oneWayCut:
      let first = Int(generator.next(below: UInt64(nodes)))
      let second = (first + 1 + Int(generator.next(below: UInt64(nodes - 1)))) % nodes
      return [first, second]
    case .crash:
      // One crash in twenty stops all nodes at once, as a power failure does.
      if generator.chance(partsPerMillion: 50_000) { return Array(0..<nodes) }
      return [Int(generator.next(below: UInt64(nodes)))]
    case .diskStall, .fullDisk, .pause: return [Int(generator.next(below: UInt64(max(1, validators))))]
    }
  }
}
