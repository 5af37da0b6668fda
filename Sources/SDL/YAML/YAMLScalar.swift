/// The value of a scalar, determined by its tag, style and text.
enum YAMLScalar {
  case null
  case boolean(Bool)
  case integer(Int128)
  case float(Double)
  case timestamp
  case string(String)

  /// Nil when the text does not match the explicit tag.
  init?(_ node: YAMLNode) {
    let isQuoted = node.style != .plain
    if node.tag == .string || node.tag == .implicit && isQuoted {
      self = .string(node.text)
      return
    }
    let found = node.tag == .binary ? .string(node.text) : Self.resolve(node.text, tag: node.tag)
    switch (node.tag, found) {
    case (.implicit, _), (.null, .null), (.boolean, .boolean), (.integer, .integer), (.float, .float),
      (.timestamp, .timestamp):
      self = found
    case (.float, .integer(let value)) where Int128(Int64.min)...Int128(Int64.max) ~= value:
      self = .float(Double(value))
    case (.merge, .string("<<")):
      self = found
    case (.binary, .string(let text)):
      guard let decoded = Base64.decode(text) else { return nil }
      self = .string(String(decoding: decoded, as: UTF8.self))
    default:
      return nil
    }
  }

  private static func resolve(_ text: String, tag: YAMLTag) -> YAMLScalar {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    case ".nan", ".NaN", ".NAN": return .float(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
    default: break
    }
    guard let first = text.utf8.first else { return .null }
    if first == UInt8(ascii: ".") {
      return NumberSyntax.float(text).map(YAMLScalar.float) ?? .string(text)
    }
    guard NumberSyntax.isDigit(first) || first == UInt8(ascii: "+") || first == UInt8(ascii: "-") else {
      return .string(text)
    }
    if tag == .implicit || tag == .timestamp, Timestamps.isTimestamp(text) { return .timestamp }
    return number(text.filter { $0 != "_" }) ?? .string(text)
  }

  private static func number(_ plain: String) -> YAMLScalar? {
    if let integer = NumberSyntax.integer(plain) { return .integer(integer) }
    // A decimal such as `08`, and numbers beyond 64 bits, are floating-point numbers.
    let bytes = Array(plain.utf8)
    let isDecimal = bytes.allSatisfy { NumberSyntax.isDigit($0) || "+-.eE".utf8.contains($0) }
    guard isDecimal, let value = NumberSyntax.float(plain) else { return nil }
    return .float(value)
  }
}

/// The forms of date and time that YAML distinguishes from strings.
private enum Timestamps {
  static func isTimestamp(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var fields = bytes[...]
    guard let year = digits(&fields, 4...4), take(&fields, "-"), let month = digits(&fields, 1...2),
      take(&fields, "-"), let day = digits(&fields, 1...2), (1...12).contains(month)
    else { return false }
    guard day >= 1, day <= days(in: month, of: year) else { return false }
    if fields.isEmpty { return true }
    let isZoned = take(&fields, "T") || take(&fields, "t")
    guard isZoned || take(&fields, " ") else { return false }
    guard let hour = digits(&fields, 1...2), hour < 24, take(&fields, ":"),
      let minute = digits(&fields, 1...2), minute < 60, take(&fields, ":"),
      let second = digits(&fields, 1...2), second < 60
    else { return false }
    if take(&fields, ".") || take(&fields, ",") {
      guard digits(&fields, 1...18) != nil else { return false }
    }
    return isZoned ? isZone(fields) : fields.isEmpty
  }

  private static func isZone(_ zone: ArraySlice<UInt8>) -> Bool {
    var fields = zone
    if take(&fields, "Z") { return fields.isEmpty }
    guard take(&fields, "+") || take(&fields, "-"), let hours = digits(&fields, 2...2), hours <= 24,
      take(&fields, ":"), let minutes = digits(&fields, 2...2), minutes < 60
    else { return false }
    return fields.isEmpty
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func digits(_ bytes: inout ArraySlice<UInt8>, _ count: ClosedRange<Int>) -> Int? {
    let prefix = bytes.prefix(count.upperBound).prefix(while: NumberSyntax.isDigit)
    guard prefix.count >= count.lowerBound, let value = NumberSyntax.digits(prefix) else { return nil }
    bytes = bytes.dropFirst(prefix.count)
    return Int(exactly: value)
  }

  private static func take(_ bytes: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
    guard bytes.first == UInt8(ascii: character) else { return false }
    bytes = bytes.dropFirst()
    return true
  }
}

/// Decodes standard base64 with padding; line breaks are skipped.
private enum Base64 {
  static func decode(_ text: String) -> [UInt8]? {
    let written = text.utf8.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    let digits = written.prefix { $0 != UInt8(ascii: "=") }
    let padding = written.dropFirst(digits.count)
    guard padding.allSatisfy({ $0 == UInt8(ascii: "=") }) else { return nil }
    guard [[0, 0], [2, 2], [3, 1]].contains([digits.count % 4, padding.count]) else { return nil }
    var bits: UInt32 = 0
    var bytes: [UInt8] = []
    for (index, digit) in digits.enumerated() {
      guard let value = value(digit) else { return nil }
      bits = bits << 6 | UInt32(value)
      // Each digit but the first of four completes a byte; the digits after that one have two bits more each.
      if index % 4 > 0 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(6 - index % 4 * 2))) }
    }
    return bytes
  }

  private static func value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
