import Chain
import Cryptography
import Primitives

/// A value of an entry, or a part of one. Texts are not checked for length when written: decoders have
/// bounded them before.
protocol StateValue {
  func encode(into writer: inout ByteWriter)
  init(from reader: inout ByteReader) throws(DecodingError)
}

extension ByteWriter {
  /// Writes values one after the other.
  mutating func write<each Value: StateValue>(_ values: repeat each Value) {
    repeat (each values).encode(into: &self)
  }
}

extension ByteReader {
  /// Reads values one after the other. Their types are those of the variables that get them.
  mutating func readAll<each Value: StateValue>() throws(DecodingError) -> (repeat each Value) {
    (repeat try (each Value)(from: &self))
  }
}

extension StateValue where Self: FixedWidthInteger & UnsignedInteger {
  func encode(into writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.read() }
}

extension UInt8: StateValue {}
extension UInt16: StateValue {}
extension UInt32: StateValue {}
extension UInt64: StateValue {}
extension UInt128: StateValue {}

extension Int64: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(UInt64(bitPattern: self)) }

  init(from reader: inout ByteReader) throws(DecodingError) { self.init(bitPattern: try reader.read()) }
}

extension Bool: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readFlag() }
}

/// Whether there is a value, then the value.
extension Optional: StateValue where Wrapped: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(self != nil)
    if let self { self.encode(into: &writer) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self = try reader.readFlag() ? try Wrapped(from: &reader) : nil
  }
}

/// The count in 16 bits, then the elements.
extension Array: StateValue where Element: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(UInt16(truncatingIfNeeded: count))
    for element in self { element.encode(into: &writer) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self = []
    for _ in 0..<(try reader.read(UInt16.self)) { append(try Element(from: &reader)) }
  }
}

/// Cases are encoded by their numbers.
extension StateValue where Self: RawRepresentable, RawValue: StateValue {
  func encode(into writer: inout ByteWriter) { rawValue.encode(into: &writer) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    guard let value = Self(rawValue: try RawValue(from: &reader)) else {
      throw .outOfRange(field: "\(Self.self)".lowercased())
    }
    self = value
  }
}

extension Closer: StateValue {}
extension LeaseCloseReason: StateValue {}
extension VoteOption: StateValue {}
extension Grant.Kind: StateValue {}

extension Amount: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(units) }

  init(from reader: inout ByteReader) throws(DecodingError) { self.init(try reader.read()) }
}

extension Decimal18: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(raw) }

  init(from reader: inout ByteReader) throws(DecodingError) { self.init(raw: try reader.read()) }
}

extension Timestamp: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(milliseconds) }

  init(from reader: inout ByteReader) throws(DecodingError) { self.init(milliseconds: try reader.read()) }
}

extension Moment: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(height, time, tick) }

  init(from reader: inout ByteReader) throws(DecodingError) { (height, time, tick) = try reader.readAll() }
}

extension Coin: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(amount, denomination) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(try Amount(from: &reader), try Denomination(from: &reader))
  }
}

extension DecimalCoin: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(amount, denomination) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(try Decimal18(from: &reader), try Denomination(from: &reader))
  }
}

extension Attribute: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(key)
    writer.write(value)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      key: try reader.readText(limit: ChainLimits.attributeBytes),
      value: try reader.readText(limit: ChainLimits.attributeBytes)
    )
  }
}

extension GroupSpec: StateValue {
  func encode(into writer: inout ByteWriter) { writer.writeCounted(encoded) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    try self.init(decoding: try reader.readCounted())
  }
}

extension ResourceOffer: StateValue {
  func encode(into writer: inout ByteWriter) { writer.writeCounted(encoded) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    try self.init(decoding: try reader.readCounted())
  }
}

extension ProposalContent: StateValue {
  func encode(into writer: inout ByteWriter) { writer.writeCounted(encoded) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    try self.init(decoding: try reader.readCounted())
  }
}
