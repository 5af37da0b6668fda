import Primitives

/// The price sheet in one currency: amounts per hour.
///
/// With `rate` 1, amounts are in the currency's main unit (1 AKT = 10⁶ uakt). `rate` is the price of one unit
/// of the sheet's money in the currency's main unit: to write a sheet in dollars and be paid in AKT at 0.80
/// dollars each, set it to 1.25. `like` takes all amounts from another entry, so that they are written once.
public struct PriceEntry: Hashable, Sendable {
  /// The currency's smallest unit, such as `uakt`.
  public var denomination: String
  /// The decimal places of the main unit: one main unit is 10^exponent smallest units.
  public var exponent: UInt32 = 6
  public var rate = Decimal18(1)
  /// The denomination of the entry from which the amounts are taken; empty when this one has its own.
  public var like = ""
  /// The amounts per GPU, by `vendor/model/memory/interface`. A part that is `*` or missing matches anything.
  /// Of several matching keys the one with most named parts applies.
  public var gpu: [String: Decimal18] = [:]
  /// The amount per CPU core.
  public var cpu = Decimal18.zero
  /// The amount per GiB of memory.
  public var memory = Decimal18.zero
  /// The amounts per GiB of storage, by storage class. Volumes without a class are `ephemeral`.
  public var storage: [String: Decimal18] = [:]
  /// The amount per endpoint of a unit, whatever the number of its replicas.
  public var endpoint = Decimal18.zero
  /// The lowest amount for which a group is leased.
  public var floor = Decimal18.zero

  /// This entry's currency with the amounts of `other`.
  func withAmounts(of other: PriceEntry) -> PriceEntry {
    var entry = other
    entry.denomination = denomination
    entry.exponent = exponent
    entry.rate = rate
    entry.like = ""
    return entry
  }
}

extension PriceEntry: Decodable {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: [
        "denomination", "exponent", "rate", "like", "gpu", "cpu", "memory", "storage", "endpoint", "floor",
      ]
    )
    self.init(denomination: try section.required("denomination"))
    try section.read("exponent", into: &exponent)
    try section.read("rate", into: &rate)
    try section.read("like", into: &like)
    try section.read("gpu", into: &gpu)
    try section.read("cpu", into: &cpu)
    try section.read("memory", into: &memory)
    try section.read("storage", into: &storage)
    try section.read("endpoint", into: &endpoint)
    try section.read("floor", into: &floor)
  }
}
