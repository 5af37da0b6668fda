public import Primitives

/// Reads the fields of one protobuf message. It is faster than generated code and is used for the envelope of
/// a transaction, which every node must decode.
///
/// It is as strict as `Message.init(complete:limit:)`: numbers must be in their shortest form, and only the
/// two wire types of our messages are accepted. The bytes that it returns are slices of the input; only
/// `onceText` makes a copy.
public struct MessageReader: Sendable {
  public enum Value: Sendable {
    case number(UInt64)
    /// A text, bytes or a nested message.
    case bytes(ArraySlice<UInt8>)
  }

  public struct Field: Sendable {
    public let number: UInt64
    public let value: Value
  }

  /// The message's full name, for errors.
  public let name: StaticString
  private let bytes: ArraySlice<UInt8>
  private var position: Int
  /// Bit n tells whether field n was read.
  private var seen: UInt64 = 0

  public init(_ name: StaticString, _ bytes: ArraySlice<UInt8>) {
    self.name = name
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// The error for everything that is invalid in this message.
  public var rejection: DecodingError { .invalid(field: "\(name)") }

  /// The next field; nil at the end.
  public mutating func next() throws(DecodingError) -> Field? {
    guard position < bytes.endIndex else { return nil }
    let tag = try number()
    switch tag & 7 {
    case 0: return Field(number: tag >> 3, value: .number(try number()))
    case 2:
      let count = try number()
      guard count <= UInt64(bytes.endIndex - position) else { throw rejection }
      let end = position + Int(count)
      defer { position = end }
      return Field(number: tag >> 3, value: .bytes(bytes[position..<end]))
    default: throw rejection
    }
  }

  /// Checks a number that may occur only once and must be left out when it is 0.
  public mutating func once(_ field: UInt64, _ number: UInt64) throws(DecodingError) -> UInt64 {
    guard number != 0 else { throw rejection }
    try mark(field)
    return number
  }

  /// Checks bytes that may occur only once and must be left out when they are empty.
  public mutating func once(
    _ field: UInt64,
    _ bytes: ArraySlice<UInt8>
  ) throws(DecodingError) -> ArraySlice<UInt8> {
    guard !bytes.isEmpty else { throw rejection }
    try mark(field)
    return bytes
  }

  /// Checks a text that may occur only once and must be left out when it is empty.
  public mutating func onceText(_ field: UInt64, _ bytes: ArraySlice<UInt8>) throws(DecodingError) -> String {
    guard let text = String(validating: try once(field, bytes), as: UTF8.self) else { throw rejection }
    return text
  }

  /// Checks a nested message that may occur only once. It may be empty.
  public mutating func onceMessage(_ field: UInt64, _ bytes: ArraySlice<UInt8>) throws(DecodingError)
    -> ArraySlice<UInt8>
  {
    try mark(field)
    return bytes
  }

  private mutating func mark(_ field: UInt64) throws(DecodingError) {
    let bit: UInt64 = 1 << min(field, 63)
    guard seen & bit == 0 else { throw rejection }
    seen |= bit
  }

  /// Reads a base-128 number, the least significant group first, in its shortest form.
  private mutating func number() throws(DecodingError) -> UInt64 {
    var number: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.endIndex {
      let byte = bytes[position]
      position += 1
      // The tenth byte has only the last of 64 bits.
      guard shift < 63 || byte <= 1 else { throw rejection }
      number |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 {
        guard byte != 0 || shift == 0 else { throw rejection }
        return number
      }
      shift += 7
    }
    throw rejection
  }
}

extension TypedMessage {
  /// Decodes an `Any`.
  public init(reading bytes: ArraySlice<UInt8>) throws(DecodingError) {
    var reader = MessageReader("google.protobuf.Any", bytes)
    self.init(type: "", value: [])
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): type = try reader.onceText(1, bytes)
      case (2, .bytes(let bytes)): value = Array(try reader.once(2, bytes))
      default: throw reader.rejection
      }
    }
  }
}
