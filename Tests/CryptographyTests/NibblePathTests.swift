import Cryptography
import Primitives
import Testing

@Suite struct NibblePathTests {
  @Test(arguments: UInt64(1)...5)
  func `a path is the digest's first nibbles, and grows by one at a time`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let digest = generator.digest()
    let text = digest.description
    var path = NibblePath.root
    for (count, character) in text.enumerated() {
      #expect(path == NibblePath(prefixOf: digest, count: count))
      #expect(path.description == text.prefix(count))
      #expect(path.isPrefix(of: digest))
      path = path.appending(character.hexDigitValue!)
      #expect(path[count] == character.hexDigitValue!)
    }
    #expect(path.count == 64 && path.isPrefix(of: digest))
    #expect(!path.isPrefix(of: .zero))
  }

  @Test func `paths sort as their nibbles, a path before those that it begins`() {
    let zero = NibblePath.root.appending(0)
    let paths = [.root, zero, zero.appending(0), zero.appending(5), NibblePath.root.appending(1)]
    #expect(paths.reversed().sorted() == paths)
  }

  @Test func `encodings read back; every other form is refused`() throws {
    let digest = Digest.sha256([1])
    for count in 0...64 {
      let path = NibblePath(prefixOf: digest, count: count)
      let bytes = path.encoded()
      #expect(bytes.count == 1 + (count + 1) / 2)
      #expect(try NibblePath(decoding: bytes) == path)
      #expect(throws: DecodingError.trailingBytes) { try NibblePath(decoding: bytes + [0]) }
      #expect(throws: DecodingError.truncated) { try NibblePath(decoding: bytes.dropLast()) }
    }
    #expect(throws: DecodingError.invalid(field: "nibbles")) { try NibblePath(decoding: [1, 0x11]) }
    #expect(throws: DecodingError.outOfRange(field: "nibbles")) {
      try NibblePath(decoding: [65] + [UInt8](repeating: 0, count: 33))
    }
  }
}
