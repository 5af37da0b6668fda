/// The reasons why bytes cannot be decoded.
public enum DecodingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The bytes end before the value does.
  case truncated
  /// Bytes are left after the value.
  case trailingBytes
  /// A length, count or number is outside its range; `field` names it.
  case outOfRange(field: String)
  /// A field is missing or has an illegal value.
  case invalid(field: String)

  public var description: String {
    switch self {
    case .truncated: "the bytes end too early"
    case .trailingBytes: "bytes follow after the end"
    case .outOfRange(let field): "\(field) is out of range"
    case .invalid(let field): "\(field) is missing or not valid"
    }
  }
}

/// Encodes values as fixed-width big-endian integers and length-prefixed bytes: the form of state keys and
/// values.
///
/// Integers are big-endian, so that the byte order of keys is the order of their values.
public struct ByteWriter: Sendable {
  @usableFromInline var storage: [UInt8] = []

  @inlinable public var bytes: [UInt8] { storage }

  public init(capacity: Int = 64) { storage.reserveCapacity(capacity) }

  @inlinable public mutating func write<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) {
    var shift = Number.bitWidth - 8
    while shift >= 0 {
      storage.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
      shift -= 8
    }
  }

  @inlinable public mutating func write(_ flag: Bool) { storage.append(flag ? 1 : 0) }

  /// Writes bytes without a length in front; the reader must know their number.
  @inlinable public mutating func writeRaw(_ raw: some Sequence<UInt8>) { storage.append(contentsOf: raw) }

  /// Writes the number of bytes as a 32-bit integer, then the bytes.
  @inlinable public mutating func writeCounted(_ counted: some Collection<UInt8>) {
    write(UInt32(counted.count))
    storage.append(contentsOf: counted)
  }

  public mutating func write(_ text: String) { writeCounted(Array(text.utf8)) }
}

/// Decodes what `ByteWriter` wrote. A count that exceeds the remaining bytes is an error, so it cannot cause
/// a large allocation.
public struct ByteReader: Sendable {
  @usableFromInline let bytes: ArraySlice<UInt8>
  @usableFromInline var position: Int

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
    position = 0
  }

  public init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  @inlinable public var remaining: Int { bytes.endIndex - position }

  @inlinable public mutating func read<Number: FixedWidthInteger & UnsignedInteger>(
    _ type: Number.Type = Number.self
  ) throws(DecodingError) -> Number {
    let width = Number.bitWidth / 8
    guard remaining >= width else { throw .truncated }
    var number: Number = 0
    for index in position..<position + width {
      number = number << 8 | Number(truncatingIfNeeded: bytes[index])
    }
    position += width
    return number
  }

  public mutating func readFlag() throws(DecodingError) -> Bool {
    switch try read(UInt8.self) {
    case 0: return false
    case 1: return true
    default: throw .outOfRange(field: "flag")
    }
  }

  @inlinable public mutating func readRaw(count: Int) throws(DecodingError) -> [UInt8] {
    guard count >= 0, remaining >= count else { throw .truncated }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  public mutating func readCounted(limit: Int = .max) throws(DecodingError) -> [UInt8] {
    let count = Int(try read(UInt32.self))
    guard count <= limit else { throw .outOfRange(field: "count") }
    return try readRaw(count: count)
  }

  public mutating func readText(limit: Int = .max) throws(DecodingError) -> String {
    let raw = try readCounted(limit: limit)
    guard let text = String(validating: raw, as: UTF8.self) else { throw .invalid(field: "text") }
    return text
  }

  /// Throws `trailingBytes` when bytes are left.
  public func finish() throws(DecodingError) { guard remaining == 0 else { throw .trailingBytes } }
}
