import Primitives

/// Any key of a settings file, in the camel case that the file's snake case was turned into.
struct SettingsKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ text: String) {
    stringValue = text
  }

  init?(stringValue: String) {
    self.init(stringValue)
  }

  init?(intValue: Int) {
    nil
  }

  /// As the file spells it.
  static func snake(_ text: String) -> String {
    text.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
  }
}

/// Reads one section of the settings: absent keys keep their defaults, unknown ones are errors.
struct SectionReader {
  private let container: KeyedDecodingContainer<SettingsKey>
  private let path: String

  init(_ decoder: any Decoder, known: [String]) throws {
    container = try decoder.container(keyedBy: SettingsKey.self)
    path = decoder.codingPath.reduce(into: "") { path, key in
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += (path.isEmpty ? "" : ".") + SettingsKey.snake(key.stringValue)
      }
    }
    for key in container.allKeys where !known.contains(key.stringValue) {
      throw SettingsError(
        key: name(key.stringValue),
        problem: "is not a setting",
        remedy: "the settings here are " + known.map(SettingsKey.snake).joined(separator: ", ")
      )
    }
  }

  /// The key with its section, as the file spells it.
  func name(_ key: String) -> String {
    (path.isEmpty ? "" : path + ".") + SettingsKey.snake(key)
  }

  func value<Value: Decodable>(_ key: String, default value: Value) throws -> Value {
    do {
      return try container.decodeIfPresent(Value.self, forKey: SettingsKey(key)) ?? value
    } catch let error as Swift.DecodingError {
      throw SettingsError(key: name(key), problem: "has the wrong type (\(error))", remedy: "see the comment")
    }
  }

  func required<Value: Decodable>(_ key: String, _ type: Value.Type = Value.self) throws -> Value {
    guard let value: Value = try value(key, default: nil) else {
      throw SettingsError(key: name(key), problem: "is missing", remedy: "write it")
    }
    return value
  }

  /// An exact decimal, written as a text or as a number.
  func decimal(_ key: String, default value: Decimal18) throws -> Decimal18 {
    try self.value(key, default: DecimalText(value: value)).value
  }

  /// A table of exact decimals.
  func decimals(_ key: String) throws -> [String: Decimal18] {
    try value(key, default: DecimalTable(values: [:])).values
  }

  /// A number of bytes with an optional suffix: `64Gi`.
  func bytes(_ key: String, default value: UInt64) throws -> UInt64 {
    try self.value(key, default: ByteCount(value: value)).value
  }
}

/// A decimal as written: a text, or a number whose shortest text is meant.
struct DecimalText: Codable, Hashable, Sendable {
  var value: Decimal18

  init(value: Decimal18) {
    self.value = value
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text: String
    if let written = try? container.decode(String.self) {
      text = written
    } else if let whole = try? container.decode(Int64.self) {
      text = String(whole)
    } else {
      text = String(try container.decode(Double.self))
    }
    guard let value = Decimal18(text) else {
      throw Swift.DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "\(text) is not a decimal number such as \"1.99\""
      )
    }
    self.value = value
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value.description)
  }
}

struct DecimalTable: Codable, Hashable, Sendable {
  var values: [String: Decimal18]

  init(values: [String: Decimal18]) {
    self.values = values
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: SettingsKey.self)
    values = [:]
    for key in container.allKeys {
      values[key.stringValue] = try container.decode(DecimalText.self, forKey: key).value
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: SettingsKey.self)
    for (key, value) in values { try container.encode(DecimalText(value: value), forKey: SettingsKey(key)) }
  }
}

/// A number of bytes as written: `64Gi`, `500G`, `1048576`.
struct ByteCount: Codable, Hashable, Sendable {
  var value: UInt64

  init(value: UInt64) {
    self.value = value
  }

  /// Nil unless `text` is digits with an optional suffix and the product fits.
  init?(_ text: String) {
    let suffixes: [(String, UInt64)] = [
      ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40),
      ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000), ("", 1),
    ]
    guard let (suffix, factor) = suffixes.first(where: { text.hasSuffix($0.0) }),
      let number = UInt64(text.dropLast(suffix.count))
    else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    value = product
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(UInt64.self) {
      value = number
      return
    }
    let text = try container.decode(String.self)
    guard let count = ByteCount(text) else {
      throw Swift.DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "\(text) is not a number of bytes such as \"64Gi\""
      )
    }
    self = count
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(String(value))
  }
}
