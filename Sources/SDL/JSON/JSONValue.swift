/// A JSON value. Objects keep the order of their keys; numbers are whole.
enum JSONValue {
  case null
  case boolean(Bool)
  case number(UInt64)
  case string(String)
  case array([JSONValue])
  case object([(key: String, value: JSONValue)])

  static func strings(_ texts: [String]?) -> JSONValue {
    texts.map { .array($0.map(JSONValue.string)) } ?? .null
  }
}

/// Writes JSON as Akash's code does, in one of two forms.
struct JSONWriter {
  private let isCanonical: Bool
  private var bytes: [UInt8] = []

  /// The form that is hashed: without blanks, the keys of every object in byte order.
  static func canonical(_ value: JSONValue) -> [UInt8] { bytes(of: value, isCanonical: true) }

  /// The form for people: keys in the given order, two blanks per level, no final line break.
  static func indented(_ value: JSONValue) -> [UInt8] { bytes(of: value, isCanonical: false) }

  private static func bytes(of value: JSONValue, isCanonical: Bool) -> [UInt8] {
    var writer = JSONWriter(isCanonical: isCanonical)
    writer.write(value, depth: 0)
    return writer.bytes
  }

  private mutating func write(_ value: JSONValue, depth: Int) {
    switch value {
    case .null: bytes += Array("null".utf8)
    case .boolean(let flag): bytes += Array((flag ? "true" : "false").utf8)
    case .number(let number): bytes += Array(String(number).utf8)
    case .string(let text): write(text)
    case .array(let items):
      write(items.count, between: "[", "]", depth: depth) { writer, index in
        writer.write(items[index], depth: depth + 1)
      }
    case .object(let fields):
      let fields = isCanonical ? fields.sorted { Name($0.key) < Name($1.key) } : fields
      write(fields.count, between: "{", "}", depth: depth) { writer, index in
        writer.write(fields[index].key)
        writer.bytes += Array((writer.isCanonical ? ":" : ": ").utf8)
        writer.write(fields[index].value, depth: depth + 1)
      }
    }
  }

  private mutating func write(
    _ count: Int,
    between open: Unicode.Scalar,
    _ close: Unicode.Scalar,
    depth: Int,
    item: (inout JSONWriter, Int) -> Void
  ) {
    bytes.append(UInt8(ascii: open))
    for index in 0..<count {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      breakLine(depth + 1)
      item(&self, index)
    }
    if count > 0 { breakLine(depth) }
    bytes.append(UInt8(ascii: close))
  }

  private mutating func breakLine(_ depth: Int) {
    guard !isCanonical else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes += repeatElement(UInt8(ascii: " "), count: depth * 2)
  }

  /// Escapes what JSON requires, and `<`, `>`, `&`, U+2028 and U+2029, which Go's JSON encoder escapes too.
  private mutating func write(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": bytes += Array("\\\"".utf8)
      case "\\": bytes += Array("\\\\".utf8)
      case "\u{8}": bytes += Array("\\b".utf8)
      case "\u{C}": bytes += Array("\\f".utf8)
      case "\n": bytes += Array("\\n".utf8)
      case "\r": bytes += Array("\\r".utf8)
      case "\t": bytes += Array("\\t".utf8)
      case "\u{0}"..."\u{1F}", "<", ">", "&", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        bytes += Array(("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8)
      default: bytes += Array(String(scalar).utf8)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
