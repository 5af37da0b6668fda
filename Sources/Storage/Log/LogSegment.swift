import Primitives

/// The format of one file of the record log.
///
///     header   magic 8 ‖ sequence 8 ‖ starting height 8 ‖ length of the previous segment 8 ‖ salt 8
///              ‖ inode 8 ‖ birth 8 ‖ CRC-32C of all that 4
///     record   payload length 4 ‖ CRC-32C 4 ‖ durable offset 8 ‖ payload
///
/// All numbers are big-endian. A record's checksum starts from the segment's random salt and covers length,
/// durable offset and payload, so that neither zeros nor old contents of the disk look like records.
///
/// The *durable offset* is the length up to which the file was synced when the record was written. It tells a
/// torn tail from bit rot: bytes at or after the last durable offset were never acknowledged and may be
/// incomplete in any way, since a disk writes blocks in its own order; bytes before it were on disk and must
/// still be there.
enum LogSegment {
  static let magic: [UInt8] = Array("RECLOG01".utf8)
  static let headerSize = 60
  static let recordHeaderSize = 16

  struct Header: Hashable, Sendable {
    var sequence: UInt64
    var startingHeight: UInt64
    var previousLength: UInt64
    var salt: UInt64
    /// The identity of the file to which this header was written; a copy of the file has another.
    var identity: FileIdentity

    var bytes: [UInt8] {
      var writer = ByteWriter(capacity: headerSize)
      writer.writeRaw(magic)
      for number in [sequence, startingHeight, previousLength, salt, identity.inode, identity.birth] {
        writer.write(number)
      }
      writer.write(Checksum.crc32c(writer.bytes))
      return writer.bytes
    }

    /// Nil when the bytes are not a header or do not pass the checksum.
    static func read(_ bytes: [UInt8]) -> Header? {
      guard bytes.count >= headerSize, bytes.starts(with: magic) else { return nil }
      let checked = headerSize - 4
      guard Checksum.crc32c(bytes[..<checked]) == number(bytes, at: checked, width: 4) else { return nil }
      let numbers = (0..<6).map { number(bytes, at: 8 + $0 * 8, width: 8) }
      return Header(
        sequence: numbers[0],
        startingHeight: numbers[1],
        previousLength: numbers[2],
        salt: numbers[3],
        identity: FileIdentity(inode: numbers[4], birth: numbers[5])
      )
    }
  }

  static func number(_ bytes: [UInt8], at offset: Int, width: Int) -> UInt64 {
    bytes[offset..<offset + width].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func set(_ number: UInt64, _ bytes: inout [UInt8], at offset: Int, width: Int) {
    for index in 0..<width {
      bytes[offset + index] = UInt8(truncatingIfNeeded: number >> UInt64((width - 1 - index) * 8))
    }
  }

  static func checksum(salt: UInt64, durable: UInt64, payload: ArraySlice<UInt8>) -> UInt32 {
    let seed = Checksum.crc32c(durable, after: Checksum.crc32c(salt))
    return Checksum.crc32c(payload, after: Checksum.crc32c(UInt64(payload.count), after: seed))
  }

  static func append(_ payload: [UInt8], durable: Int, salt: UInt64, to buffer: inout [UInt8]) {
    let start = buffer.count
    let sum = checksum(salt: salt, durable: UInt64(durable), payload: payload[...])
    buffer.append(contentsOf: repeatElement(0, count: recordHeaderSize))
    set(UInt64(payload.count), &buffer, at: start, width: 4)
    set(UInt64(sum), &buffer, at: start + 4, width: 4)
    set(UInt64(durable), &buffer, at: start + 8, width: 8)
    buffer.append(contentsOf: payload)
  }

  /// A record found in a segment.
  struct Found {
    var payload: Range<Int>
    var durable: Int
    var end: Int { payload.upperBound }
  }

  /// The record that starts at `offset`; nil when there is no complete one that passes its checksum.
  static func record(in bytes: [UInt8], at offset: Int, salt: UInt64, limit: Int) -> Found? {
    guard bytes.count - offset >= recordHeaderSize else { return nil }
    let count = number(bytes, at: offset, width: 4)
    let start = offset + recordHeaderSize
    guard count <= UInt64(limit), Int(count) <= bytes.count - start else { return nil }
    let durable = number(bytes, at: offset + 8, width: 8)
    guard durable >= UInt64(headerSize), durable <= UInt64(offset) else { return nil }
    let payload = start..<start + Int(count)
    let sum = checksum(salt: salt, durable: durable, payload: bytes[payload])
    guard UInt64(sum) == number(bytes, at: offset + 4, width: 4) else { return nil }
    return Found(payload: payload, durable: Int(durable))
  }

  /// The kind of bytes that follow the last valid record of a segment.
  enum Tail: Hashable {
    /// No bytes follow: the file ends after the record.
    case clean
    /// Bytes of a write that was never acknowledged.
    case torn
    /// Acknowledged bytes that have changed; the offset is where they begin.
    case corrupted(Int)
  }

  /// Calls `body` for each record in order; returns the offset at which the records end, and what follows.
  static func scan<Failure: Error>(
    _ bytes: [UInt8],
    salt: UInt64,
    limit: Int,
    _ body: (Range<Int>) throws(Failure) -> Void
  ) throws(Failure) -> (end: Int, tail: Tail) {
    var offset = headerSize
    while let found = record(in: bytes, at: offset, salt: salt, limit: limit) {
      try body(found.payload)
      offset = found.end
    }
    guard offset < bytes.count else { return (offset, .clean) }
    // A later record with a durable offset beyond this one proves that bytes here were on disk and changed.
    var place = offset + 1
    while place + recordHeaderSize <= bytes.count {
      if let later = record(in: bytes, at: place, salt: salt, limit: limit) {
        if later.durable > offset { return (offset, .corrupted(offset)) }
        place = later.end
      } else {
        place += 1
      }
    }
    return (offset, .torn)
  }
}
