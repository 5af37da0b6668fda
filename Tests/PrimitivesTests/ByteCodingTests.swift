import Primitives
import Testing

@Suite struct ByteCodingTests {
  @Test func `integers are big-endian and of fixed width, so that keys sort as their numbers do`() {
    var writer = ByteWriter()
    writer.write(UInt8(1))
    writer.write(UInt16(0x0203))
    writer.write(UInt32(0x0405_0607))
    writer.write(UInt64(0x0809_0A0B_0C0D_0E0F))
    #expect(writer.bytes == Array(1...15))
    writer = ByteWriter()
    writer.write(UInt128(1) << 120)
    #expect(writer.bytes == [1] + [UInt8](repeating: 0, count: 15))
  }

  @Test func `flags are one byte, 0 or 1, and no other`() throws {
    var writer = ByteWriter()
    writer.write(true)
    writer.write(false)
    #expect(writer.bytes == [1, 0])
    var reader = ByteReader(writer.bytes)
    #expect(try reader.readFlag())
    #expect(try !reader.readFlag())
    #expect(throws: DecodingError.outOfRange(field: "flag")) {
      var reader = ByteReader([2])
      _ = try reader.readFlag()
    }
  }

  @Test func `counted bytes above the limit, or beyond the end, are refused before anything is copied`()
    throws
  {
    #expect(throws: DecodingError.outOfRange(field: "count")) {
      var reader = ByteReader([0, 0, 0, 3, 1, 2, 3])
      _ = try reader.readCounted(limit: 2)
    }
    #expect(throws: DecodingError.truncated) {
      var reader = ByteReader([0xFF, 0xFF, 0xFF, 0xFF, 1])
      _ = try reader.readCounted()
    }
    #expect(throws: DecodingError.truncated) {
      var reader = ByteReader([1, 2, 3])
      _ = try reader.readRaw(count: .max)
    }
    #expect(throws: DecodingError.truncated) {
      var reader = ByteReader([1, 2, 3])
      _ = try reader.readRaw(count: -1)
    }
    var reader = ByteReader([0, 0, 0, 2, 1, 2])
    #expect(try reader.readCounted(limit: 2) == [1, 2])
  }

  @Test func `text that is not UTF-8 is refused`() {
    #expect(throws: DecodingError.invalid(field: "text")) {
      var reader = ByteReader([0, 0, 0, 2, 0xC3, 0x28])
      _ = try reader.readText()
    }
  }

  @Test func `finish refuses bytes that are left`() throws {
    var reader = ByteReader([1, 2])
    _ = try reader.read(UInt8.self)
    let waiting = reader
    #expect(waiting.remaining == 1)
    #expect(throws: DecodingError.trailingBytes) { try waiting.finish() }
    _ = try reader.read(UInt8.self)
    try reader.finish()
  }

  @Test func `a slice is read from its own start`() throws {
    let bytes: [UInt8] = [9, 9, 0, 7, 9]
    var reader = ByteReader(bytes[2..<4])
    #expect(try reader.read(UInt16.self) == 7)
    try reader.finish()
  }

  @Test(arguments: UInt64(1)...30)
  func `what was written is read back, and every truncation of it is refused`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let fields = (0..<generator.next(below: 12) + 1).map { _ in Field(&generator) }
    var writer = ByteWriter()
    for field in fields { field.write(to: &writer) }

    var reader = ByteReader(writer.bytes)
    for field in fields { #expect(try field.matches(&reader), "seed \(seed)") }
    try reader.finish()

    for count in 0..<writer.bytes.count {
      #expect(throws: DecodingError.truncated, "seed \(seed), \(count) bytes") {
        var reader = ByteReader(writer.bytes[..<count])
        for field in fields { _ = try field.matches(&reader) }
        try reader.finish()
      }
    }
  }
}

private enum Field {
  case byte(UInt8)
  case short(UInt16)
  case word(UInt32)
  case long(UInt64)
  case wide(UInt128)
  case flag(Bool)
  case raw([UInt8])
  case counted([UInt8])
  case text(String)

  init(_ generator: inout SeededGenerator) {
    let number = generator.next()
    let bytes = (0..<generator.next(below: 20) + 1).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    switch generator.next(below: 9) {
    case 0: self = .byte(UInt8(truncatingIfNeeded: number))
    case 1: self = .short(UInt16(truncatingIfNeeded: number))
    case 2: self = .word(UInt32(truncatingIfNeeded: number))
    case 3: self = .long(number)
    case 4: self = .wide(UInt128(number) << 64 | UInt128(generator.next()))
    case 5: self = .flag(number & 1 == 1)
    case 6: self = .raw(bytes)
    case 7: self = .counted(bytes)
    default: self = .text(bytes.map { String(UnicodeScalar($0)) }.joined())
    }
  }

  func write(to writer: inout ByteWriter) {
    switch self {
    case .byte(let number): writer.write(number)
    case .short(let number): writer.write(number)
    case .word(let number): writer.write(number)
    case .long(let number): writer.write(number)
    case .wide(let number): writer.write(number)
    case .flag(let flag): writer.write(flag)
    case .raw(let bytes): writer.writeRaw(bytes)
    case .counted(let bytes): writer.writeCounted(bytes)
    case .text(let text): writer.write(text)
    }
  }

  func matches(_ reader: inout ByteReader) throws(DecodingError) -> Bool {
    switch self {
    case .byte(let number): try reader.read() == number
    case .short(let number): try reader.read() == number
    case .word(let number): try reader.read() == number
    case .long(let number): try reader.read() == number
    case .wide(let number): try reader.read() == number
    case .flag(let flag): try reader.readFlag() == flag
    case .raw(let bytes): try reader.readRaw(count: bytes.count) == bytes
    case .counted(let bytes): try reader.readCounted(limit: 64) == bytes
    case .text(let text): try reader.readText(limit: 64) == text
    }
  }
}
