/// A JSON reader for untrusted input. It is stricter than RFC 8259: keys must not repeat, and numbers must be
/// whole, below 2^64 and without sign or exponent. It limits size and nesting.
struct JSONReader {
  private static let nestingLimit = 16
  private static let valueLimit = 500_000

  private let bytes: [UInt8]
  private var position = 0
  private var values = 0

  /// Reads exactly one value of at most `byteLimit` bytes.
  ///
  /// - Throws: `tooLarge`, or `malformed` with the offset of the first byte that is wrong.
  static func read(_ bytes: [UInt8], byteLimit: Int) throws(ManifestError) -> JSONValue {
    guard bytes.count <= byteLimit else { throw .tooLarge }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw .malformed(path: "byte 0", reason: "the text is not UTF-8")
    }
    var reader = JSONReader(bytes: bytes)
    let value = try reader.value(depth: 0)
    reader.skipBlanks()
    guard reader.position == bytes.count else { throw reader.malformed("something follows the value") }
    return value
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private func malformed(_ reason: String) -> ManifestError {
    .malformed(path: "byte \(position)", reason: reason)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let next, " \t\r\n".utf8.contains(next) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func take(word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard bytes[position...].prefix(length).elementsEqual(String(describing: word).utf8) else { return false }
    position += length
    return true
  }

  private mutating func value(depth: Int) throws(ManifestError) -> JSONValue {
    values += 1
    guard depth <= Self.nestingLimit, values <= Self.valueLimit else { throw .tooLarge }
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case let byte? where NumberSyntax.isDigit(byte): return .number(try number())
    default:
      if take(word: "null") { return .null }
      if take(word: "true") { return .boolean(true) }
      if take(word: "false") { return .boolean(false) }
      throw malformed("a value is expected; numbers are whole and not below zero")
    }
  }

  private mutating func array(depth: Int) throws(ManifestError) -> JSONValue {
    position += 1
    var items: [JSONValue] = []
    skipBlanks()
    if take("]") { return .array(items) }
    repeat {
      items.append(try value(depth: depth + 1))
      skipBlanks()
    } while take(",")
    guard take("]") else { throw malformed("a comma or ] is expected") }
    return .array(items)
  }

  private mutating func object(depth: Int) throws(ManifestError) -> JSONValue {
    position += 1
    var fields: [(key: String, value: JSONValue)] = []
    var keys: Set<Name> = []
    skipBlanks()
    if take("}") { return .object(fields) }
    repeat {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw malformed("a key is expected") }
      let key = try string()
      guard keys.insert(Name(key)).inserted else { throw malformed("the key \(quoted(key)) appears twice") }
      skipBlanks()
      guard take(":") else { throw malformed("a colon is expected") }
      fields.append((key, try value(depth: depth + 1)))
      skipBlanks()
    } while take(",")
    guard take("}") else { throw malformed("a comma or } is expected") }
    return .object(fields)
  }

  private mutating func number() throws(ManifestError) -> UInt64 {
    let digits = bytes[position...].prefix(while: NumberSyntax.isDigit)
    guard digits.count == 1 || digits.first != UInt8(ascii: "0"), let number = NumberSyntax.digits(digits)
    else {
      throw malformed("not a whole number below 2^64")
    }
    position += digits.count
    guard let after = next, ".eE".utf8.contains(after) else { return number }
    throw malformed("numbers are whole")
  }

  private mutating func string() throws(ManifestError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        text += Array(String(try escape()).utf8)
      case 0..<0x20:
        throw malformed("a text holds a control character")
      default:
        text.append(byte)
      }
    }
    throw malformed("the text does not end")
  }

  private mutating func escape() throws(ManifestError) -> Unicode.Scalar {
    guard let byte = next else { throw malformed("the text does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw malformed("an escape that does not exist")
    }
    let first = try codeUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // A high surrogate must be followed by a low one.
    guard (0xD800...0xDBFF).contains(first), take("\\"), take("u") else {
      throw malformed("an escape of half a surrogate pair")
    }
    let second = try codeUnit()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw malformed("an escape of half a surrogate pair") }
    return scalar
  }

  private mutating func codeUnit() throws(ManifestError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = NumberSyntax.hexDigit(byte) else {
        throw malformed("four hex digits are wanted")
      }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }
}
