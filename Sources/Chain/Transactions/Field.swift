import Cryptography
import Primitives
import Wire

/// Decodes and checks single fields of messages. Errors contain the field's name.
enum Field {
  static func text(_ text: String, _ field: String, limit: Int) throws(DecodingError) -> String {
    guard text.utf8.count <= limit else { throw .outOfRange(field: field) }
    return text
  }

  static func list<Element>(
    _ list: [Element],
    _ field: String,
    limit: Int,
    least: Int = 0
  ) throws(DecodingError) -> [Element] {
    guard list.count >= least, list.count <= limit else { throw .outOfRange(field: field) }
    return list
  }

  /// A list whose elements `element` decodes.
  static func list<Wire, Element>(
    _ list: [Wire],
    _ field: String,
    limit: Int,
    least: Int = 0,
    _ element: (Wire) throws(DecodingError) -> Element
  ) throws(DecodingError) -> [Element] { try Self.list(list, field, limit: limit, least: least).map(element) }

  static func texts(
    _ list: [String],
    _ field: String,
    limit: Int,
    bytes: Int
  ) throws(DecodingError) -> [String] {
    for element in try Self.list(list, field, limit: limit) {
      guard element.utf8.count <= bytes else { throw .outOfRange(field: field) }
    }
    return list
  }

  static func address(
    _ text: String,
    _ field: String,
    prefix: String = Address.accountPrefix
  ) throws(DecodingError) -> Address {
    // Bech32 text has at most 90 characters.
    guard text.utf8.count <= 90, let address = try? Address(text: text, prefix: prefix) else {
      throw .invalid(field: field)
    }
    return address
  }

  /// An address, or nil for an empty text.
  static func optionalAddress(_ text: String, _ field: String) throws(DecodingError) -> Address? {
    text.isEmpty ? nil : try address(text, field)
  }

  static func operatorAddress(_ text: String, _ field: String) throws(DecodingError) -> Address {
    try address(text, field, prefix: Address.operatorPrefix)
  }

  static func digest(_ bytes: [UInt8], _ field: String) throws(DecodingError) -> Digest {
    guard let digest = Digest(bytes) else { throw .invalid(field: field) }
    return digest
  }

  static func key(_ bytes: [UInt8], _ field: String) throws(DecodingError) -> PublicKey {
    guard let key = PublicKey(bytes) else { throw .invalid(field: field) }
    return key
  }

  static func signature(_ bytes: [UInt8], _ field: String) throws(DecodingError) -> Signature {
    guard let signature = Signature(bytes) else { throw .invalid(field: field) }
    return signature
  }

  static func height(_ height: UInt64, _ field: String) throws(DecodingError) -> Height {
    guard height <= ChainLimits.height else { throw .outOfRange(field: field) }
    return height
  }

  /// A number that starts at 1, so that 0 is rejected.
  static func ordinal<Number: FixedWidthInteger & UnsignedInteger>(
    _ number: Number,
    _ field: String
  ) throws(DecodingError) -> Number {
    guard number > 0 else { throw .outOfRange(field: field) }
    return number
  }
}

extension Field {
  /// A kind by its number in the encoding; 0, which stands for an absent kind, is rejected.
  static func kind<Kind: RawRepresentable>(
    _ number: Int,
    _ field: String
  ) throws(DecodingError) -> Kind where Kind.RawValue == UInt8 {
    guard let number = UInt8(exactly: number), let kind = Kind(rawValue: number) else {
      throw .invalid(field: field)
    }
    return kind
  }

  /// A number as decimal digits, without sign or leading zeros, so that each number has one text.
  static func number<Number: FixedWidthInteger & UnsignedInteger>(
    _ digits: some Collection<UInt8>,
    _ field: String
  ) throws(DecodingError) -> Number {
    guard let first = digits.first else { throw .invalid(field: field) }
    guard digits.count <= 39 else { throw .outOfRange(field: field) }
    guard first != UInt8(ascii: "0") || digits.count == 1 else { throw .invalid(field: field) }
    var number: Number = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { throw .invalid(field: field) }
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Number(digit - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw .outOfRange(field: field) }
      number = sum
    }
    return number
  }

  static func amount(_ text: String, _ field: String) throws(DecodingError) -> Amount {
    Amount(try number(text.utf8, field))
  }

  /// A decimal as an integer of 10⁻¹⁸, as the Cosmos SDK encodes it.
  static func decimal(_ text: String, _ field: String) throws(DecodingError) -> Decimal18 {
    Decimal18(raw: try number(text.utf8, field))
  }

  static func denomination(_ text: String, _ field: String) throws(DecodingError) -> Denomination {
    guard let denomination = Denomination(text) else { throw .invalid(field: field) }
    return denomination
  }

  static func coin(_ wire: Cosmos_Base_V1beta1_Coin, _ field: String) throws(DecodingError) -> Coin {
    Coin(try amount(wire.amount, field), try denomination(wire.denom, field))
  }

  /// A list in which no currency occurs twice.
  static func coins(
    _ wire: [Cosmos_Base_V1beta1_Coin],
    _ field: String,
    least: Int = 0
  ) throws(DecodingError) -> [Coin] {
    var coins: [Coin] = []
    for element in try list(wire, field, limit: ChainLimits.coins, least: least) {
      let coin = try coin(element, field)
      guard !coins.contains(where: { $0.denomination == coin.denomination }) else {
        throw .invalid(field: field)
      }
      coins.append(coin)
    }
    return coins
  }

  static func decimalCoin(
    _ wire: Cosmos_Base_V1beta1_DecCoin,
    _ field: String
  ) throws(DecodingError) -> DecimalCoin {
    DecimalCoin(try decimal(wire.amount, field), try denomination(wire.denom, field))
  }
}

extension Coin {
  var wire: Cosmos_Base_V1beta1_Coin {
    var wire = Cosmos_Base_V1beta1_Coin()
    wire.denom = denomination.name
    wire.amount = String(amount.units)
    return wire
  }
}

extension DecimalCoin {
  var wire: Cosmos_Base_V1beta1_DecCoin {
    var wire = Cosmos_Base_V1beta1_DecCoin()
    wire.denom = denomination.name
    wire.amount = String(amount.raw)
    return wire
  }
}

extension Address {
  /// The text of the address as a validator's operator.
  var operatorText: String { text(prefix: Address.operatorPrefix) }
}
