/// CRC-32C (Castagnoli, RFC 3720 appendix B.4). It detects bit rot and incomplete writes, but no forgeries.
enum Checksum {
  private static let polynomial: UInt32 = 0x82f6_3b78

  /// Eight tables, one after the other: entry `table * 256 + byte` is the checksum of `byte` followed by
  /// `table` zero bytes. With them eight bytes are processed in one step.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var remainder = UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ polynomial : remainder >> 1 }
      tables[byte] = remainder
    }
    for entry in 256..<tables.count {
      let previous = tables[entry - 256]
      tables[entry] = previous >> 8 ^ tables[Int(previous & 0xff)]
    }
    return tables
  }()

  /// The checksum of `bytes`. If `previous` is the checksum of other bytes, the result is the checksum of
  /// those bytes followed by `bytes`.
  static func crc32c(_ bytes: ArraySlice<UInt8>, after previous: UInt32 = 0) -> UInt32 {
    var remainder = ~previous
    bytes.withUnsafeBytes { input in
      tables.withUnsafeBufferPointer { tables in
        var position = 0
        while position + 8 <= input.count {
          let word = UInt64(littleEndian: input.loadUnaligned(fromByteOffset: position, as: UInt64.self))
          let low = UInt32(truncatingIfNeeded: word) ^ remainder
          let high = UInt32(truncatingIfNeeded: word >> 32)
          remainder = 0
          for lane in 0..<4 {
            let shift = UInt32(lane * 8)
            remainder ^= tables[(7 - lane) * 256 + Int(low >> shift & 0xff)]
            remainder ^= tables[(3 - lane) * 256 + Int(high >> shift & 0xff)]
          }
          position += 8
        }
        while position < input.count {
          remainder = remainder >> 8 ^ tables[Int((remainder ^ UInt32(input[position])) & 0xff)]
          position += 1
        }
      }
    }
    return ~remainder
  }

  static func crc32c(_ bytes: [UInt8], after previous: UInt32 = 0) -> UInt32 {
    crc32c(bytes[...], after: previous)
  }

  /// The checksum of a number's big-endian bytes.
  static func crc32c(_ number: UInt64, after previous: UInt32 = 0) -> UInt32 {
    var remainder = ~previous
    tables.withUnsafeBufferPointer { tables in
      for shift in stride(from: 56, through: 0, by: -8) {
        let byte = UInt32(truncatingIfNeeded: number >> UInt64(shift))
        remainder = remainder >> 8 ^ tables[Int((remainder ^ byte) & 0xff)]
      }
    }
    return ~remainder
  }
}
