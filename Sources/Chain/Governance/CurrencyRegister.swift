public import Primitives

/// How amounts of one registered currency are written.
public struct CurrencyUnit: Hashable, Sendable {
  /// The smallest unit, in which the ledger counts.
  public var denomination: Denomination
  /// The main unit, such as AKT.
  public var symbol: String
  /// One main unit is 10^exponent smallest units; at most 18.
  public var exponent: UInt8
  /// Other names of the smallest unit.
  public var aliases: [Denomination]

  public init(denomination: Denomination, symbol: String, exponent: UInt8, aliases: [Denomination]) {
    self.denomination = denomination
    self.symbol = symbol
    self.exponent = exponent
    self.aliases = aliases
  }

  public init(_ currency: Currency) {
    self.init(
      denomination: currency.denomination,
      symbol: currency.symbol,
      exponent: currency.exponent,
      aliases: currency.aliases
    )
  }

  /// The smallest units of one main unit, with commas between thousands: `1,000,000`.
  public var unitsText: String {
    let zeros = Int(exponent)
    var text = "1" + String(repeating: "0", count: zeros % 3)
    for _ in 0..<zeros / 3 { text += ",000" }
    return text
  }
}

/// The currencies of a network. All amounts that people type or read go through it, so that they have the
/// decimals that the network has registered.
public struct CurrencyRegister: Hashable, Sendable {
  public let units: [CurrencyUnit]

  public init(_ units: [CurrencyUnit] = []) { self.units = units }

  /// The currency with this denomination or alias; nil when it is not registered.
  public func unit(_ name: Denomination) -> CurrencyUnit? {
    units.first { $0.denomination == name } ?? units.first { $0.aliases.contains(name) }
  }

  /// The currency with this symbol, in whatever case; nil when there is none.
  public func unit(symbol: String) -> CurrencyUnit? {
    units.first { $0.symbol.lowercased() == symbol.lowercased() }
  }

  /// The amount in the currency's main unit, such as `12.5 AKT`: whole smallest units exactly, fractions of
  /// one cut off. An amount of a currency that is not registered is written in smallest units.
  public func text(_ amount: Decimal18, _ denomination: Denomination) -> String {
    text(amount, denomination, times: 1, over: 1) ?? "\(amount) \(denomination)"
  }

  /// `amount` × `factor` ÷ `divisor` in the currency's main unit. With `isRounded`, an amount of one main unit or
  /// more has two decimals. Nil when `divisor` is zero or the result exceeds `Decimal18`.
  public func text(
    _ amount: Decimal18,
    _ denomination: Denomination,
    times factor: UInt64,
    over divisor: UInt64,
    isRounded: Bool = false
  ) -> String? {
    let unit = unit(denomination)
    let product = amount.raw.multipliedFullWidth(by: UInt128(factor))
    let whole = UInt128(divisor) * Self.power(unit?.exponent ?? 0)
    guard product.high < whole else { return nil }
    let result = whole.dividingFullWidth(product).quotient
    guard let unit else { return "\(Decimal18(raw: result)) \(denomination)" }
    let decimals = isRounded && result >= Decimal18.one ? min(unit.exponent, 2) : unit.exponent
    let step = Decimal18.one / Self.power(decimals)
    return "\(Decimal18(raw: result / step * step)) \(unit.symbol)"
  }

  /// 10 to the power of `exponent`, of which more than 18 counts as 18.
  private static func power(_ exponent: UInt8) -> UInt128 {
    (0..<min(exponent, 18)).reduce(UInt128(1)) { product, _ in product * 10 }
  }

  public func text(_ coin: Coin) -> String { text(Decimal18(coin.amount), coin.denomination) }

  /// The exact amount that a person wrote, in smallest units and under the currency's own denomination.
  public func coin(_ written: WrittenAmount) throws(AmountFault) -> Coin {
    let named = Denomination(written.name).flatMap { unit($0) }
    guard let unit = named ?? unit(symbol: written.name) else {
      throw .unknown(written.name, known: units)
    }
    let decimals = named == nil ? Int(unit.exponent) : 0
    var fraction = Substring(written.fraction)
    while fraction.hasSuffix("0") { fraction.removeLast() }
    guard fraction.utf8.count <= decimals else {
      throw .tooPrecise(written.name, decimals: decimals, unit)
    }
    let digits = written.whole + fraction + String(repeating: "0", count: decimals - fraction.utf8.count)
    guard let units = UInt64(digits) else { throw .tooLarge }
    return Coin(units, unit.denomination)
  }
}

/// An amount as a person writes it: digits, optionally a point and more digits, then a denomination, an alias
/// or a symbol, with or without spaces before it: `2500000uakt`, `2.5AKT`, `2.5 AKT`.
public struct WrittenAmount: Hashable, Sendable {
  public let whole: String
  public let fraction: String
  public let name: String

  public init(_ text: String) throws(AmountFault) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    var rest = text.dropFirst(digits.count)
    guard !digits.isEmpty else { throw .noNumber }
    var fraction = Substring()
    if rest.first == "." {
      fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(fraction.count + 1)
      guard !fraction.isEmpty else { throw .noNumber }
    }
    if rest.first == "," { throw .comma }
    let name = rest.drop { $0 == " " }
    guard let first = name.first else { throw .noUnit }
    guard first.isASCII, first.isLetter, !name.contains(" ") else { throw .noUnit }
    // `1e6uakt` means a million to whoever writes it; it must not be read as one of `e6uakt`.
    if rest.startIndex == name.startIndex, first == "e" || first == "E",
      name.dropFirst().first.map({ $0.isNumber || "+-".contains($0) }) ?? false
    {
      throw .exponent
    }
    whole = String(digits)
    self.fraction = String(fraction)
    self.name = String(name)
  }
}

/// Why a text is not an amount of one of the network's currencies.
public enum AmountFault: Error, Hashable, Sendable, CustomStringConvertible {
  case noNumber
  case noUnit
  case comma
  case exponent
  case unknown(String, known: [CurrencyUnit])
  case tooPrecise(String, decimals: Int, CurrencyUnit)
  case tooLarge

  public var description: String {
    switch self {
    case .noNumber: "an amount begins with digits, and has digits on both sides of a point"
    case .noUnit: "the currency must follow the number"
    case .comma: "a comma can mean thousands or decimals"
    case .exponent: "an `e` after the number can mean a power of ten or the beginning of a name"
    case .unknown(let name, _): "this network has no currency `\(name)`"
    case .tooPrecise(let name, let decimals, let unit):
      decimals == 0
        ? "\(name) is the smallest unit and has no fractions (1 \(unit.symbol) = \(unit.unitsText) \(name))"
        : "\(unit.symbol) has \(decimals) decimals (1 \(unit.symbol) = \(unit.unitsText) \(unit.denomination))"
    case .tooLarge: "no balance can be that large"
    }
  }

  /// What to write instead, as a clause.
  public var remedy: String {
    switch self {
    case .unknown(_, let known) where !known.isEmpty:
      "use " + known.map { "\($0.denomination) or \($0.symbol)" }.joined(separator: ", ")
    case .comma: "write the number without commas and with a point before decimals, such as 2500.5AKT"
    case .exponent: "write all digits, such as 1000000uakt"
    case .tooPrecise: "write fewer decimals"
    case .tooLarge: "write at most 18446744073709551615 smallest units"
    case .noNumber, .noUnit, .unknown: "digits and a currency, such as 2500000uakt or 2.5AKT"
    }
  }
}
