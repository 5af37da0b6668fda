import Primitives

/// Rate × ticks of one currency's take, summed since genesis: how a rate that changes in the middle of a lease is
/// exact for every lease without touching any.
///
/// Changes come after the settlements that are due up to their tick, so a rate is known for every tick that can
/// still be settled.
struct TakeIndex: Hashable, Sendable {
  /// The sum of the rates, in basis points, of all ticks before `since`.
  private(set) var base: UInt128
  private(set) var since: Tick
  /// In basis points, for ticks from `since` on.
  private(set) var rate: UInt32

  init(rate: UInt32, since: Tick) {
    base = 0
    self.since = since
    self.rate = rate
  }

  /// The sum of the rates of all ticks before `tick`. It cannot overflow: 10⁴ × 2⁶⁴ is far from 128 bits.
  func value(at tick: Tick) -> UInt128 {
    base + UInt128(rate) * UInt128(tick > since ? tick - since : 0)
  }

  /// Another rate for ticks from `tick` on.
  mutating func change(to rate: UInt32, at tick: Tick) {
    base = value(at: tick)
    since = max(since, tick)
    self.rate = rate
  }
}

extension TakeIndex: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(base)
    writer.write(since)
    writer.write(rate)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    base = try reader.read()
    since = try reader.read()
    rate = try reader.read()
  }
}

/// A sum of earnings × rates, exact: 10⁻¹⁸ of a unit and 1/10,000 of that.
struct TakeAccrual: Hashable, Sendable {
  private(set) var raw: UInt128 = 0
  /// Below 10,000.
  private(set) var rest: UInt16 = 0

  /// Adds `earned` × `basisPoints`, where `earned` is in 10⁻¹⁸ and `basisPoints` may be a sum over many ticks.
  mutating func add(_ earned: UInt128, basisPoints: UInt128) throws(ArithmeticError) {
    let product = earned.multipliedFullWidth(by: basisPoints)
    guard product.high < 10_000 else { throw .overflow }
    let (quotient, remainder) = UInt128(10_000).dividingFullWidth(product)
    let rest = UInt32(self.rest) + UInt32(remainder)
    let (sum, overflow) = raw.addingReportingOverflow(quotient)
    let (carried, carry) = sum.addingReportingOverflow(UInt128(rest / 10_000))
    guard !overflow, !carry else { throw .overflow }
    raw = carried
    self.rest = UInt16(rest % 10_000)
  }

  /// Whole units.
  func truncated() throws(ArithmeticError) -> Amount {
    try Decimal18(raw: raw).truncated()
  }
}

extension TakeAccrual: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(raw)
    writer.write(rest)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    raw = try reader.read()
    rest = try reader.read()
    guard rest < 10_000 else { throw .outOfRange(field: "rest") }
  }
}
