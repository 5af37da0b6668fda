import Testing

@testable import Storage

@Suite struct ChecksumTests {
  @Test func `agrees with the examples of RFC 3720, appendix B.4`() {
    #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(Checksum.crc32c([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(Checksum.crc32c(Array(0..<32)) == 0x46dd_794e)
    #expect(Checksum.crc32c(Array((0..<32).reversed())) == 0x113f_db5c)
    #expect(Checksum.crc32c(Array("123456789".utf8)) == 0xe306_9283)
    #expect(Checksum.crc32c([UInt8]()) == 0)
  }

  @Test func `goes on from the checksum of what came before, wherever the bytes are cut`() {
    let bytes = (0..<100).map { UInt8($0 * 7 & 0xff) }
    for cut in 0...bytes.count {
      let first = Checksum.crc32c(bytes[..<cut])
      #expect(Checksum.crc32c(bytes[cut...], after: first) == Checksum.crc32c(bytes))
    }
  }

  @Test func `of a number is that of its big-endian bytes`() {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    #expect(Checksum.crc32c(0x0102_0304_0506_0708) == Checksum.crc32c(bytes))
    #expect(Checksum.crc32c(0x0102_0304_0506_0708, after: 99) == Checksum.crc32c(bytes, after: 99))
  }
}
