import Primitives

/// The price sheet in one currency: amounts per hour.
///
/// With `rate` 1, amounts are in the currency's main unit (1 AKT = 10⁶ uakt). To write a sheet in dollars
/// and be paid in AKT at 0.80 dollars each, `rate` is 1.25: what one unit of the sheet's money costs in the
/// currency. `like` takes every amount from another entry, so that the sheet is written once.
public struct PriceEntry: Decodable, Hashable, Sendable {
  /// The smallest unit, `uakt`.
  public var denomination: String
  /// The main unit is 10^exponent smallest ones.
  public var exponent: UInt32
  public var rate: Decimal18
  /// The denomination whose amounts are taken; empty for own ones.
  public var like: String
  /// Per GPU, by `vendor/model/memory/interface`; parts that are `*` or not there match anything, and the
  /// key with most parts wins.
  public var gpu: [String: Decimal18]
  /// Per core.
  public var cpu: Decimal18
  /// Per GiB.
  public var memory: Decimal18
  /// Per GiB, by class; `ephemeral` is what volumes without a class are.
  public var storage: [String: Decimal18]
  /// Per endpoint of a unit, not per replica.
  public var endpoint: Decimal18
  /// The least for a group.
  public var floor: Decimal18

  public init(
    denomination: String,
    exponent: UInt32 = 6,
    rate: Decimal18 = Decimal18(1),
    like: String = "",
    gpu: [String: Decimal18] = [:],
    cpu: Decimal18 = .zero,
    memory: Decimal18 = .zero,
    storage: [String: Decimal18] = [:],
    endpoint: Decimal18 = .zero,
    floor: Decimal18 = .zero
  ) {
    self.denomination = denomination
    self.exponent = exponent
    self.rate = rate
    self.like = like
    self.gpu = gpu
    self.cpu = cpu
    self.memory = memory
    self.storage = storage
    self.endpoint = endpoint
    self.floor = floor
  }

  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: [
        "denomination", "exponent", "rate", "like", "gpu", "cpu", "memory", "storage", "endpoint", "floor",
      ]
    )
    self.init(
      denomination: try section.required("denomination"),
      exponent: try section.value("exponent", default: 6),
      rate: try section.decimal("rate", default: Decimal18(1)),
      like: try section.value("like", default: ""),
      gpu: try section.decimals("gpu"),
      cpu: try section.decimal("cpu", default: .zero),
      memory: try section.decimal("memory", default: .zero),
      storage: try section.decimals("storage"),
      endpoint: try section.decimal("endpoint", default: .zero),
      floor: try section.decimal("floor", default: .zero)
    )
  }

  /// This entry with the amounts of `other`.
  func taking(_ other: PriceEntry) -> PriceEntry {
    var entry = other
    entry.denomination = denomination
    entry.exponent = exponent
    entry.rate = rate
    entry.like = ""
    return entry
  }
}
