import Primitives

/// The running sum, over all ticks since genesis, of one currency's take rate: the network's share of lease
/// earnings. A lease's take between two ticks is its earnings per tick times the difference of the two sums. So
/// the take stays exact when the rate changes while leases run, and no lease must be updated.
///
/// Earlier rates are not stored, so `value(at:)` is right only for ticks from `since` on. Therefore the rate
/// changes only after the payments that are due by that tick were settled.
struct TakeIndex: Hashable, Sendable {
  /// The sum of the rates, in basis points, of all ticks before `since`.
  private(set) var base: UInt128
  /// The tick at which `rate` took effect.
  private(set) var since: Tick
  /// The take rate for ticks from `since` on, in basis points.
  private(set) var rate: UInt32

  init(rate: UInt32, since: Tick) {
    base = 0
    self.since = since
    self.rate = rate
  }

  /// The sum of the rates of all ticks before `tick`. It cannot overflow: 10⁴ × 2⁶⁴ is far below 2¹²⁸.
  func value(at tick: Tick) -> UInt128 { base + UInt128(rate) * UInt128(tick > since ? tick - since : 0) }

  /// Sets the rate for ticks from `tick` on.
  mutating func change(to rate: UInt32, at tick: Tick) {
    base = value(at: tick)
    since = max(since, tick)
    self.rate = rate
  }
}

extension TakeIndex: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(base, since, rate) }

  init(from reader: inout ByteReader) throws(DecodingError) { (base, since, rate) = try reader.readAll() }
}

/// A sum of products of earnings and take rates, without rounding.
struct TakeAccrual: Hashable, Sendable {
  /// The sum, rounded down to 10⁻¹⁸ of a unit.
  private(set) var raw: UInt128 = 0
  /// The part of the sum below `raw`, in 1/10,000 of 10⁻¹⁸ of a unit; 0 to 9,999.
  private(set) var rest: UInt16 = 0

  /// Adds `earned` × `basisPoints` / 10,000. `earned` is in 10⁻¹⁸ of a unit; `basisPoints` may be the sum of
  /// the rates of many ticks.
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

  /// The sum in whole units, rounded down.
  func truncated() throws(ArithmeticError) -> Amount { try Decimal18(raw: raw).truncated() }
}

extension TakeAccrual: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(raw, rest) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (raw, rest) = try reader.readAll()
    guard rest < 10_000 else { throw .outOfRange(field: "rest") }
  }
}
