/// An exact non-negative decimal number with 18 fractional digits, stored as a 128-bit integer of 10⁻¹⁸.
///
/// It is the type of prices and earnings. The largest value is about 3.4 · 10²⁰. All arithmetic is checked.
public struct Decimal18: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The value times 10¹⁸.
  public var raw: UInt128

  /// The value of `raw` for the number 1.
  public static let one: UInt128 = 1_000_000_000_000_000_000
  public static let zero = Decimal18(raw: 0)

  public init(raw: UInt128) { self.raw = raw }

  /// The decimal for a whole number.
  public init(_ whole: UInt64) { raw = UInt128(whole) * Self.one }

  public init(_ amount: Amount) { self.init(amount.units) }

  /// Parses digits, optionally followed by a point and 1 to 18 digits; nil for other texts or values out of
  /// range.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty, whole.utf8.allSatisfy(Self.isDigit) else { return nil }
    guard let units = UInt128(whole) else { return nil }
    let (scaled, overflow) = units.multipliedReportingOverflow(by: Self.one)
    guard !overflow else { return nil }
    var fraction: UInt128 = 0
    if parts.count == 2 {
      let digits = parts[1]
      guard (1...18).contains(digits.utf8.count), digits.utf8.allSatisfy(Self.isDigit) else { return nil }
      guard let value = UInt128(digits) else { return nil }
      fraction = (digits.utf8.count..<18).reduce(value) { value, _ in value * 10 }
    }
    let (sum, carry) = scaled.addingReportingOverflow(fraction)
    guard !carry else { return nil }
    raw = sum
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  public var isZero: Bool { raw == 0 }

  public static func < (left: Decimal18, right: Decimal18) -> Bool { left.raw < right.raw }

  public func adding(_ other: Decimal18) throws(ArithmeticError) -> Decimal18 {
    let (sum, overflow) = raw.addingReportingOverflow(other.raw)
    guard !overflow else { throw .overflow }
    return Decimal18(raw: sum)
  }

  public func subtracting(_ other: Decimal18) throws(ArithmeticError) -> Decimal18 {
    guard raw >= other.raw else { throw .underflow }
    return Decimal18(raw: raw - other.raw)
  }

  /// `self` × `count`, exact.
  public func multiplied(by count: UInt64) throws(ArithmeticError) -> Decimal18 {
    let (product, overflow) = raw.multipliedReportingOverflow(by: UInt128(count))
    guard !overflow else { throw .overflow }
    return Decimal18(raw: product)
  }

  /// The whole part. Throws `overflow` when it exceeds 64 bits.
  public func truncated() throws(ArithmeticError) -> Amount {
    guard let units = UInt64(exactly: raw / Self.one) else { throw .overflow }
    return Amount(units)
  }

  /// The fractional part, which `truncated()` drops.
  public var fraction: Decimal18 { Decimal18(raw: raw % Self.one) }

  /// The text with exactly 18 fractional digits, as the SDL's group specs and the Cosmos SDK write decimals.
  public var fixedText: String {
    let digits = String(raw % Self.one)
    return "\(raw / Self.one)." + String(repeating: "0", count: 18 - digits.utf8.count) + digits
  }

  /// The shortest exact text: `2.5`, `100`, `0.000001`.
  public var description: String {
    guard raw % Self.one != 0 else { return String(raw / Self.one) }
    var text = Substring(fixedText)
    while text.hasSuffix("0") { text.removeLast() }
    return String(text)
  }
}

/// A price or rate: a decimal number of a currency's smallest units.
public struct DecimalCoin: Hashable, Sendable, CustomStringConvertible {
  public var amount: Decimal18
  public var denomination: Denomination

  public init(_ amount: Decimal18, _ denomination: Denomination) {
    self.amount = amount
    self.denomination = denomination
  }

  /// Parses a decimal directly followed by the denomination, such as `2.5uakt`; nil for other texts.
  public init?(_ text: String) {
    let digits = text.prefix { $0 == "." || ($0.isASCII && $0.isNumber) }
    guard let amount = Decimal18(digits),
      let denomination = Denomination(String(text.dropFirst(digits.count)))
    else { return nil }
    self.init(amount, denomination)
  }

  public var description: String { "\(amount)\(denomination)" }
}
