import Primitives

extension SectionReader {
  /// Reads a value into `variable`, which keeps its default where the key is missing.
  func read<Value: Decodable>(_ key: String, into variable: inout Value) throws {
    variable = try value(key, default: variable)
  }

  func read<Value: FixedWidthInteger & Decodable>(_ key: String, into variable: inout Value) throws {
    variable = try value(key, default: variable)
  }

  /// Reads an exact decimal; the file may have it as a text or a number.
  func read(_ key: String, into variable: inout Decimal18) throws {
    variable = try value(key, default: DecimalText(value: variable)).value
  }

  /// Reads a table with exact decimals as values.
  func read(_ key: String, into variable: inout [String: Decimal18]) throws {
    let table: [String: DecimalText]? = try optional(key)
    variable = table?.mapValues(\.value) ?? variable
  }
}

/// Throws an error about the setting `key` unless `isLegal`.
func require(
  _ isLegal: Bool,
  _ key: @autoclosure () -> String,
  _ problem: @autoclosure () -> String,
  _ remedy: @autoclosure () -> String
) throws(SettingsError) {
  guard isLegal else { throw SettingsError(key: key(), problem: problem(), remedy: remedy()) }
}

/// A decimal in a settings file: a text, or a number, of which the shortest decimal form is taken.
struct DecimalText: Hashable, Sendable {
  var value: Decimal18
}

extension DecimalText: Decodable {
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
    self.init(value: value)
  }
}

/// A number of bytes in a settings file: `64Gi`, `500G`, `1048576`.
struct ByteCount: Hashable, Sendable {
  var value: UInt64
}

extension ByteCount: Decodable {
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
    self.init(value: product)
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
