/// The reasons why a calculation with amounts has no result.
public enum ArithmeticError: Error, Hashable, Sendable, CustomStringConvertible {
  case overflow
  case underflow
  case divisionByZero

  public var description: String {
    switch self {
    case .overflow: "the result is too large"
    case .underflow: "the result is below zero"
    case .divisionByZero: "the divisor is zero"
    }
  }
}

/// An amount of money in a currency's smallest units (1 `uakt` = 10⁻⁶ AKT). All arithmetic is checked.
public struct Amount: Hashable, Comparable, Sendable {
  public var units: UInt64

  public init(_ units: UInt64) { self.units = units }

  public static let zero = Amount(0)

  public var isZero: Bool { units == 0 }

  public static func < (left: Amount, right: Amount) -> Bool { left.units < right.units }

  public func adding(_ other: Amount) throws(ArithmeticError) -> Amount {
    let (sum, overflow) = units.addingReportingOverflow(other.units)
    guard !overflow else { throw .overflow }
    return Amount(sum)
  }

  public func subtracting(_ other: Amount) throws(ArithmeticError) -> Amount {
    guard units >= other.units else { throw .underflow }
    return Amount(units - other.units)
  }
}

extension Amount: CustomStringConvertible { public var description: String { String(units) } }

/// The name of a currency's smallest unit: `uakt`, `uusdc`, `ibc/170C…`.
public struct Denomination: Hashable, Comparable, Sendable {
  public let name: String

  /// Nil unless `name` is `[a-zA-Z][a-zA-Z0-9/:._-]{2,127}` (the Cosmos SDK's rule).
  public init?(_ name: String) {
    let bytes = Array(name.utf8)
    guard (3...128).contains(bytes.count), Self.isLetter(bytes[0]) else { return nil }
    guard bytes.dropFirst().allSatisfy(Self.isTail) else { return nil }
    self.name = name
  }

  private init(known name: String) { self.name = name }

  public static let uakt = Denomination(known: "uakt")
  public static let uusdc = Denomination(known: "uusdc")

  public static func < (left: Denomination, right: Denomination) -> Bool {
    left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  private static func isTail(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "/:._-".utf8.contains(byte)
  }
}

extension Denomination: CustomStringConvertible { public var description: String { name } }

/// An amount of one currency: `5000000uakt`.
public struct Coin: Hashable, Sendable {
  public var amount: Amount
  public var denomination: Denomination

  public init(_ amount: Amount, _ denomination: Denomination) {
    self.amount = amount
    self.denomination = denomination
  }

  public init(_ units: UInt64, _ denomination: Denomination) { self.init(Amount(units), denomination) }

  /// Parses the Cosmos SDK's text form, digits directly followed by the denomination; nil for other texts.
  public init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let units = UInt64(digits), let denomination = Denomination(String(text.dropFirst(digits.count)))
    else { return nil }
    self.init(units, denomination)
  }
}

extension Coin: CustomStringConvertible { public var description: String { "\(amount)\(denomination)" } }
