/// The faults of a run: rates from which a schedule is drawn with the scenario's seed, or a complete
/// schedule.
///
/// Rates per million are shares of messages; rates per minute are faults per minute of virtual time, in the
/// whole network. In a JSON file every field may be left out; a missing field has the default value given
/// here.
public struct FaultPlan: Hashable, Sendable {
  /// The delay of a message from one node to another.
  public enum Delays: String, Codable, Hashable, Sendable {
    /// Uniformly between 0.1 and 1 ms.
    case lan = "lan"
    /// Uniformly between 1 and 60 ms; one message in a hundred takes ten times as long.
    case rough = "rough"
    /// Delays measured between ten regions of the world (`DelayModel.means`).
    case regions = "regions"
  }

  /// The name in reports.
  public var name = "none"
  public var delays = Delays.lan
  public var lossPartsPerMillion: UInt64 = 0
  public var duplicationPartsPerMillion: UInt64 = 0
  /// Share of messages that later ones can overtake: they are delayed by up to `reorderMilliseconds` more.
  public var reorderPartsPerMillion: UInt64 = 0
  public var reorderMilliseconds: UInt64 = 200
  /// Share of messages that are really encoded and decoded, as all messages between real nodes are. The
  /// others are passed on as values, which is faster.
  public var codecPartsPerMillion: UInt64 = 20_000
  /// The greatest constant error of a node's clock, ahead or behind.
  public var skewMilliseconds: UInt64 = 0
  /// The greatest error of a clock's rate, fast or slow.
  public var driftPartsPerMillion: UInt64 = 0
  public var crashesPerMinute: UInt64 = 0
  public var partitionsPerMinute: UInt64 = 0
  public var oneWayCutsPerMinute: UInt64 = 0
  public var diskStallsPerMinute: UInt64 = 0
  public var fullDisksPerMinute: UInt64 = 0
  public var pausesPerMinute: UInt64 = 0
  /// The number of Byzantine validators, at most as many as consensus tolerates; nil stands for that many.
  public var byzantine: Int? = 0
  /// Names of the strategies that Byzantine validators may follow; empty for all.
  public var strategies: [String] = []
  /// All crashes, partitions, cuts, disk faults and pauses. When set, the rates per minute are not used.
  public var schedule: [TimedFault]?

  public init() {}

  /// No faults and the delays of a local network.
  public static let none = FaultPlan()

  /// Some loss and duplication, inexact clocks, rare crashes and disk stalls, as in a worldwide network.
  public static var light: FaultPlan {
    var plan = FaultPlan()
    plan.name = "light"
    plan.delays = .regions
    plan.lossPartsPerMillion = 1_000
    plan.duplicationPartsPerMillion = 500
    plan.skewMilliseconds = 50
    plan.driftPartsPerMillion = 50
    plan.crashesPerMinute = 1
    plan.diskStallsPerMinute = 1
    return plan
  }

  /// Frequent faults of every kind except Byzantine validators.
  public static var chaos: FaultPlan {
    var plan = FaultPlan()
    plan.name = "chaos"
    plan.delays = .rough
    plan.lossPartsPerMillion = 20_000
    plan.duplicationPartsPerMillion = 20_000
    plan.reorderPartsPerMillion = 50_000
    plan.skewMilliseconds = 200
    plan.driftPartsPerMillion = 200
    plan.crashesPerMinute = 10
    plan.partitionsPerMinute = 3
    plan.oneWayCutsPerMinute = 3
    plan.diskStallsPerMinute = 6
    plan.fullDisksPerMinute = 1
    plan.pausesPerMinute = 3
    return plan
  }

  /// As many Byzantine validators as consensus tolerates, in a network that sometimes is slow.
  public static var byzantine: FaultPlan {
    var plan = FaultPlan()
    plan.name = "byzantine"
    plan.delays = .rough
    plan.reorderPartsPerMillion = 10_000
    plan.skewMilliseconds = 50
    plan.driftPartsPerMillion = 50
    plan.byzantine = nil
    return plan
  }

  /// The plan with this name; nil when there is none.
  public static func named(_ name: String) -> FaultPlan? {
    [none, light, chaos, byzantine].first { $0.name == name }
  }
}

extension FaultPlan: Codable {
  private enum Key: String, CodingKey {
    case name, delays, lossPartsPerMillion, duplicationPartsPerMillion, reorderPartsPerMillion,
      reorderMilliseconds
    case codecPartsPerMillion, skewMilliseconds, driftPartsPerMillion, crashesPerMinute, partitionsPerMinute
    case oneWayCutsPerMinute, diskStallsPerMinute, fullDisksPerMinute, pausesPerMinute, byzantine, strategies
    case schedule
  }

  private static var numbers: [(Key, WritableKeyPath<FaultPlan, UInt64>)] {
    [
      (.lossPartsPerMillion, \.lossPartsPerMillion),
      (.duplicationPartsPerMillion, \.duplicationPartsPerMillion),
      (.reorderPartsPerMillion, \.reorderPartsPerMillion), (.reorderMilliseconds, \.reorderMilliseconds),
      (.codecPartsPerMillion, \.codecPartsPerMillion), (.skewMilliseconds, \.skewMilliseconds),
      (.driftPartsPerMillion, \.driftPartsPerMillion), (.crashesPerMinute, \.crashesPerMinute),
      (.partitionsPerMinute, \.partitionsPerMinute), (.oneWayCutsPerMinute, \.oneWayCutsPerMinute),
      (.diskStallsPerMinute, \.diskStallsPerMinute), (.fullDisksPerMinute, \.fullDisksPerMinute),
      (.pausesPerMinute, \.pausesPerMinute),
    ]
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    func read<Value: Decodable>(_ key: Key, into value: inout Value) throws {
      if let found = try values.decodeIfPresent(Value.self, forKey: key) { value = found }
    }
    try read(.name, into: &name)
    try read(.delays, into: &delays)
    for (key, path) in Self.numbers { try read(key, into: &self[keyPath: path]) }
    if values.contains(.byzantine) { byzantine = try values.decode(Int?.self, forKey: .byzantine) }
    try read(.strategies, into: &strategies)
    schedule = try values.decodeIfPresent([TimedFault].self, forKey: .schedule)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(name, forKey: .name)
    try values.encode(delays, forKey: .delays)
    for (key, path) in Self.numbers { try values.encode(self[keyPath: path], forKey: key) }
    try values.encode(byzantine, forKey: .byzantine)
    try values.encode(strategies, forKey: .strategies)
    try values.encodeIfPresent(schedule, forKey: .schedule)
  }
}
