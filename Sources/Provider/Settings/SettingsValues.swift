import Primitives

extension SectionReader {
  /// An exact decimal; the file may have it as a text or a number.
  func decimal(_ key: String, default value: Decimal18) throws -> Decimal18 {
    try self.value(key, default: DecimalText(value: value)).value
  }

  /// A table with exact decimals as values.
  func decimals(_ key: String) throws -> [String: Decimal18] {
    try value(key, default: DecimalTable(values: [:])).values
  }

  /// A number of bytes with an optional suffix, such as `64Gi`.
  func bytes(_ key: String, default value: UInt64) throws -> UInt64 {
    try self.value(key, default: ByteCount(value: value)).value
  }
}

/// A decimal in a settings file: a text, or a number, of which the shortest decimal form is taken.
struct DecimalText: Decodable, Hashable, Sendable {
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
}

struct DecimalTable: Decodable, Hashable, Sendable {
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
}

/// A number of bytes in a settings file: `64Gi`, `500G`, `1048576`.
struct ByteCount: Decodable, Hashable, Sendable {
  var value: UInt64

  init(value: UInt64) {
    self.value = value
  }

  /// Nil unless `text` is digits with an optional suffix and the number fits into 64 bits.
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
    let number = try? container.decode(Int64.self)
    let text = try number.map { String($0) } ?? container.decode(String.self)
    guard let count = ByteCount(text) else {
      throw Swift.DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "\(text) is not a number of bytes such as \"64Gi\""
      )
    }
    self = count
  }
}
