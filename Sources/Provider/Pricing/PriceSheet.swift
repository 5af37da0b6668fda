import Chain
import Primitives

/// Computes the price of a group from amounts per hour.
///
/// The price is the sum of: per replica its GPUs (as the model that is offered, not as the one requested),
/// cores, GiB of memory and GiB of each volume by class; per unit its endpoints. It is at least the floor.
/// Each summand is truncated to 18 digits. The sum is converted to smallest units per tick and rounded *up*
/// to six digits: nothing is sold below the sheet, and the surplus is less than one smallest unit in 10⁶
/// ticks.
public struct PriceSheet: Hashable, Sendable {
  /// One currency's entry. The GPU keys are sorted, the most specific first.
  struct Sheet: Hashable, Sendable {
    let entry: PriceEntry
    let gpus: [(key: GPUPriceKey, price: Decimal18)]

    static func == (left: Sheet, right: Sheet) -> Bool { left.entry == right.entry }
    func hash(into hasher: inout Hasher) { hasher.combine(entry) }
  }

  let sheets: [Denomination: Sheet]
  /// The currencies in the order of the settings.
  public let denominations: [Denomination]
  public let tickMilliseconds: UInt64

  public init(_ entries: [PriceEntry], tickMilliseconds: UInt64) throws(SettingsError) {
    try require(tickMilliseconds > 0, "tick_milliseconds", "is zero", "the network's genesis sets it")
    try require(!entries.isEmpty, "prices", "is empty", "write at least one [[prices]] section")
    var sheets: [Denomination: Sheet] = [:]
    var denominations: [Denomination] = []
    for (index, written) in entries.enumerated() {
      let key = "prices[\(index)]"
      guard let denomination = Denomination(written.denomination) else {
        throw SettingsError(
          key: key + ".denomination",
          problem: "is `\(written.denomination)`, not a currency",
          remedy: "write a smallest unit such as uakt"
        )
      }
      let isNew = sheets[denomination] == nil
      try require(isNew, key, "prices \(denomination) again", "remove one of the two")
      sheets[denomination] = try Self.sheet(written, in: entries, key: key)
      denominations.append(denomination)
    }
    self.sheets = sheets
    self.denominations = denominations
    self.tickMilliseconds = tickMilliseconds
  }

  private static func sheet(
    _ written: PriceEntry,
    in entries: [PriceEntry],
    key: String
  ) throws(SettingsError) -> Sheet {
    var entry = written
    if !written.like.isEmpty {
      guard let other = entries.first(where: { $0.denomination == written.like && $0.like.isEmpty }) else {
        throw SettingsError(
          key: key + ".like",
          problem: "is `\(written.like)`, which has no amounts of its own",
          remedy: "name the denomination of another [[prices]] section that has amounts"
        )
      }
      entry = written.withAmounts(of: other)
    }
    let exponent = entry.exponent
    try require(exponent <= ChainLimits.exponent, key + ".exponent", "is \(exponent)", "it is at most 18")
    try require(!entry.rate.isZero, key + ".rate", "is zero", "write what one unit of money costs")
    var gpus: [(key: GPUPriceKey, price: Decimal18)] = []
    for (text, price) in entry.gpu.sorted(by: { $0.key < $1.key }) {
      guard let parsed = GPUPriceKey(text) else {
        throw SettingsError(
          key: key + ".gpu",
          problem: "has the key `\(text)`",
          remedy: "write vendor/model/memory/interface, with * for any: nvidia/h100/*"
        )
      }
      gpus.append((parsed, price))
    }
    gpus.sort { $0.key.isMoreSpecific(than: $1.key) }
    let amounts =
      [entry.cpu, entry.memory, entry.endpoint, entry.floor] + entry.gpu.values + entry.storage.values
    let isPriced = amounts.contains { !$0.isZero }
    try require(isPriced, key, "prices everything at zero", "write at least a floor")
    return Sheet(entry: entry, gpus: gpus)
  }

  /// The price of one GPU of `model` per tick; nil when the sheet has none.
  public func gpuPrice(_ model: GPUModel, in denomination: Denomination) -> DecimalCoin? {
    guard let sheet = sheets[denomination], let price = sheet.price(of: model),
      let perTick = try? perTick(price, in: sheet.entry)
    else { return nil }
    return DecimalCoin(perTick, denomination)
  }

  /// The models that have a price, the cheapest first; equal ones stay in the given order.
  public func cheapestFirst(_ models: [GPUModel], in denomination: Denomination) -> [GPUModel] {
    guard let sheet = sheets[denomination] else { return [] }
    let priced = models.enumerated().compactMap { index, model in
      sheet.price(of: model).map { (index: index, model: model, price: $0) }
    }
    return priced.sorted { ($0.price.raw, $0.index) < ($1.price.raw, $1.index) }.map(\.model)
  }

  /// Converts an amount per hour in the sheet's money to smallest units per tick.
  func perTick(_ perHour: Decimal18, in entry: PriceEntry) throws(ArithmeticError) -> Decimal18 {
    let money = try perHour.scaled(by: entry.rate.raw, over: Decimal18.one)
    let scale = (0..<entry.exponent).reduce(UInt128(1)) { product, _ in product * 10 }
    // Rounds up to six digits: the quotient is in 10⁻⁶, the result in 10⁻¹⁸.
    let millionths = try money.scaled(
      by: scale * UInt128(tickMilliseconds),
      over: 3_600_000 * Self.digitStep,
      roundingUp: true
    )
    let (raw, overflow) = millionths.raw.multipliedReportingOverflow(by: Self.digitStep)
    guard !overflow else { throw .overflow }
    return Decimal18(raw: raw)
  }

  private static let digitStep: UInt128 = 1_000_000_000_000
}

extension PriceSheet.Sheet {
  func price(of model: GPUModel) -> Decimal18? {
    gpus.first { $0.key.matches(model) }?.price
  }
}

extension Decimal18 {
  /// Returns `self` × `numerator` ÷ `denominator`, computed with a 256-bit product. The result is truncated
  /// or rounded up at the 18th digit.
  func scaled(
    by numerator: UInt128,
    over denominator: UInt128,
    roundingUp: Bool = false
  ) throws(ArithmeticError) -> Decimal18 {
    guard denominator > 0 else { throw .divisionByZero }
    let product = raw.multipliedFullWidth(by: numerator)
    guard product.high < denominator else { throw .overflow }
    let (quotient, remainder) = denominator.dividingFullWidth(product)
    guard roundingUp, remainder > 0 else { return Decimal18(raw: quotient) }
    let (sum, overflow) = quotient.addingReportingOverflow(1)
    guard !overflow else { throw .overflow }
    return Decimal18(raw: sum)
  }
}
