/// What goes wrong in a run: rates from which the seed draws a schedule, or a schedule written out.
///
/// In a file every field may be left out.
public struct FaultPlan: Hashable, Sendable {
  /// How long messages travel.
  public enum Delays: String, Codable, Hashable, Sendable {
    /// 0.1 to 1 ms.
    case lan
    /// 1 to 60 ms, one in a hundred ten times as long.
    case rough
    /// Ten regions of the world (`DelayModel.regions`).
    case regions
  }

  public var name = "none"
  public var delays = Delays.lan
  public var lossPartsPerMillion: UInt64 = 0
  public var duplicationPartsPerMillion: UInt64 = 0
  /// Messages that leave their order, by up to `reorderMilliseconds`.
  public var reorderPartsPerMillion: UInt64 = 0
  public var reorderMilliseconds: UInt64 = 200
  /// Messages that are encoded and decoded on the way, as all are in a node.
  public var codecPartsPerMillion: UInt64 = 20_000
  public var skewMilliseconds: UInt64 = 0
  public var driftPartsPerMillion: UInt64 = 0
  public var crashesPerMinute: UInt64 = 0
  public var partitionsPerMinute: UInt64 = 0
  public var oneWayCutsPerMinute: UInt64 = 0
  public var diskStallsPerMinute: UInt64 = 0
  public var fullDisksPerMinute: UInt64 = 0
  public var pausesPerMinute: UInt64 = 0
  /// Validators that misbehave; never more than consensus tolerates. Nil for as many as that.
  public var byzantine: Int? = 0
  /// Names of the strategies they may follow; empty for all.
  public var strategies: [String] = []
  /// Used instead of what the rates would draw.
  public var schedule: [TimedFault]?

  public init() {}

  public static let none = FaultPlan()

  /// A network of the world on an ordinary day.
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

  /// All that can break without malice, often.
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

  /// As many liars as consensus bears, in a network that is slow at times.
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

  public static func named(_ name: String) -> FaultPlan? {
    switch name {
    case "none": FaultPlan.none
    case "light": light
    case "chaos": chaos
    case "byzantine": byzantine
    default: nil
    }
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

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    func read<Value: Decodable>(_ key: Key, into value: inout Value) throws {
      if let found = try values.decodeIfPresent(Value.self, forKey: key) { value = found }
    }
    try read(.name, into: &name)
    try read(.delays, into: &delays)
    try read(.lossPartsPerMillion, into: &lossPartsPerMillion)
    try read(.duplicationPartsPerMillion, into: &duplicationPartsPerMillion)
    try read(.reorderPartsPerMillion, into: &reorderPartsPerMillion)
    try read(.reorderMilliseconds, into: &reorderMilliseconds)
    try read(.codecPartsPerMillion, into: &codecPartsPerMillion)
    try read(.skewMilliseconds, into: &skewMilliseconds)
    try read(.driftPartsPerMillion, into: &driftPartsPerMillion)
    try read(.crashesPerMinute, into: &crashesPerMinute)
    try read(.partitionsPerMinute, into: &partitionsPerMinute)
    try read(.oneWayCutsPerMinute, into: &oneWayCutsPerMinute)
    try read(.diskStallsPerMinute, into: &diskStallsPerMinute)
    try read(.fullDisksPerMinute, into: &fullDisksPerMinute)
    try read(.pausesPerMinute, into: &pausesPerMinute)
    if values.contains(.byzantine) { byzantine = try values.decode(Int?.self, forKey: .byzantine) }
    try read(.strategies, into: &strategies)
    schedule = try values.decodeIfPresent([TimedFault].self, forKey: .schedule)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(name, forKey: .name)
    try values.encode(delays, forKey: .delays)
    try values.encode(lossPartsPerMillion, forKey: .lossPartsPerMillion)
    try values.encode(duplicationPartsPerMillion, forKey: .duplicationPartsPerMillion)
    try values.encode(reorderPartsPerMillion, forKey: .reorderPartsPerMillion)
    try values.encode(reorderMilliseconds, forKey: .reorderMilliseconds)
    try values.encode(codecPartsPerMillion, forKey: .codecPartsPerMillion)
    try values.encode(skewMilliseconds, forKey: .skewMilliseconds)
    try values.encode(driftPartsPerMillion, forKey: .driftPartsPerMillion)
    try values.encode(crashesPerMinute, forKey: .crashesPerMinute)
    try values.encode(partitionsPerMinute, forKey: .partitionsPerMinute)
    try values.encode(oneWayCutsPerMinute, forKey: .oneWayCutsPerMinute)
    try values.encode(diskStallsPerMinute, forKey: .diskStallsPerMinute)
    try values.encode(fullDisksPerMinute, forKey: .fullDisksPerMinute)
    try values.encode(pausesPerMinute, forKey: .pausesPerMinute)
    try values.encode(byzantine, forKey: .byzantine)
    try values.encode(strategies, forKey: .strategies)
    try values.encodeIfPresent(schedule, forKey: .schedule)
  }
}
