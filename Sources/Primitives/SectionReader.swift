/// A key of a settings file.
public struct SettingsKey: CodingKey {
  public let stringValue: String
  public var intValue: Int? { nil }

  public init(_ text: String) { stringValue = text }

  public init?(stringValue: String) { self.init(stringValue) }

  public init?(intValue: Int) { nil }
}

/// Reads one section of a settings file. A missing key keeps its default, or is an error if it is required.
/// Unknown keys and numbers outside their ranges are errors. All errors are `SettingsError`s.
public struct SectionReader {
  private let container: KeyedDecodingContainer<SettingsKey>
  private let path: String

  /// Opens a section; `known` are all keys that it may have.
  public init(_ decoder: any Decoder, known: [String]) throws {
    path = Self.text(decoder.codingPath)
    do {
      container = try decoder.container(keyedBy: SettingsKey.self)
    } catch let error as Swift.DecodingError {
      throw SettingsError(
        key: path,
        problem: "is not a section: \(Self.detail(error))",
        remedy: "write [\(path)]"
      )
    }
    for key in container.allKeys where !known.contains(key.stringValue) {
      throw SettingsError(
        key: name(key.stringValue),
        problem: "is not a setting",
        remedy: Spelling.remedy(for: key.stringValue, among: known)
      )
    }
  }

  private static func text(_ path: [any CodingKey]) -> String {
    path.reduce(into: "") { text, key in
      text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? "" : ".") + key.stringValue
    }
  }

  /// The full name of a key: section and key.
  private func name(_ key: String) -> String { (path.isEmpty ? "" : path + ".") + key }

  // MARK: Values

  public func value<Value: Decodable>(_ key: String, default value: Value) throws -> Value {
    try optional(key) ?? value
  }

  public func required<Value: Decodable>(_ key: String) throws -> Value {
    guard let value: Value = try optional(key) else { throw missing(key) }
    return value
  }

  public func value<Value: FixedWidthInteger & Decodable>(_ key: String, default value: Value) throws -> Value
  { try number(key, in: Value.min...Value.max) ?? value }

  public func required<Value: FixedWidthInteger & Decodable>(_ key: String) throws -> Value {
    try required(key, in: Value.min...Value.max)
  }

  /// A whole number in `range`; `value` when the key is missing.
  public func value<Value: FixedWidthInteger>(
    _ key: String,
    in range: ClosedRange<Value>,
    default value: Value
  ) throws -> Value { try number(key, in: range) ?? value }

  /// A whole number in `range`. Throws when the key is missing.
  public func required<Value: FixedWidthInteger>(_ key: String, in range: ClosedRange<Value>) throws -> Value
  {
    guard let value = try number(key, in: range) else { throw missing(key) }
    return value
  }

  private func number<Value: FixedWidthInteger>(_ key: String, in range: ClosedRange<Value>) throws -> Value?
  {
    // TOML's numbers have 64 bits and a sign. Its decoder would trap where a narrower type cannot hold the
    // number.
    guard let written: Int64 = try optional(key) else { return nil }
    guard let value = Value(exactly: written), range.contains(value) else {
      throw SettingsError(
        key: name(key),
        problem: "is \(written)",
        remedy: "it may be \(range.lowerBound) to \(Int64(clamping: range.upperBound))"
      )
    }
    return value
  }

  /// The value of a key; nil when it is missing. Do not use it for numbers: it does not check their ranges.
  public func optional<Value: Decodable>(_ key: String) throws -> Value? {
    do {
      return try container.decodeIfPresent(Value.self, forKey: SettingsKey(key))
    } catch let error as Swift.DecodingError {
      guard let form = Self.form(of: Value.self) else {
        throw SettingsError(
          key: name(key),
          problem: "has the wrong form: \(Self.detail(error))",
          remedy: "write it as the file's comments show"
        )
      }
      throw SettingsError(key: name(key), problem: "has the wrong type", remedy: "write \(form)")
    }
  }

  private func missing(_ key: String) -> SettingsError {
    SettingsError(key: name(key), problem: "is missing", remedy: "write it")
  }

  private static func form(of type: Any.Type) -> String? {
    switch type {
    case is String.Type: "a text in quotes"
    case is Bool.Type: "true or false"
    case is Int64.Type: "a whole number"
    case is [String].Type: "a list of texts in quotes"
    default: nil
    }
  }

  private static func detail(_ error: Swift.DecodingError) -> String {
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
      .dataCorrupted(let context):
      context.debugDescription
    @unknown default: "\(error)"
    }
  }
}

/// An invalid setting: its key, what is wrong with it, and what to do.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The full key as in the file: `policy.bid_lifetime_seconds`, `prices[1].gpu`.
  public var key: String
  /// What is wrong, in words that follow the key.
  public var problem: String
  /// What to do, as a clause.
  public var remedy: String

  public init(key: String, problem: String, remedy: String) {
    self.key = key
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String { "`\(key)` \(problem); \(remedy)" }
}
