import Cryptography
import Primitives
import Testing

@Suite struct DigestTests {
  @Test func `the functions agree with the published digests of nothing and of abc`() {
    #expect(
      Digest.sha256("abc".utf8).description
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    #expect(
      Digest.sha256([]).description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    #expect(
      Digest.blake2b("abc".utf8).description
        == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
    )
    #expect(
      Digest.blake2b([]).description == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
    )
  }

  @Test func `a digest has 32 bytes, no more and no fewer`() {
    #expect(Digest([UInt8](repeating: 7, count: 31)) == nil)
    #expect(Digest([UInt8](repeating: 7, count: 33)) == nil)
    #expect(Digest([]) == nil)
    #expect(Digest([UInt8](repeating: 0, count: 32)) == .zero)
  }

  @Test(arguments: UInt64(1)...10)
  func `digests keep their bytes and sort as the bytes do`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let left = generator.bytes(32)
      var right = left
      right[Int(generator.next(below: 32))] = UInt8(truncatingIfNeeded: generator.next())
      let pair = (try #require(Digest(left)), try #require(Digest(right)))
      #expect(pair.0.bytes == left, "seed \(seed)")
      #expect((pair.0 < pair.1) == left.lexicographicallyPrecedes(right), "seed \(seed)")
      #expect((pair.0 == pair.1) == (left == right), "seed \(seed)")
    }
  }

  @Test func `bytes that are not stored in one piece hash the same`() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
    #expect(Digest.blake2b(bytes.lazy.map { $0 }) == Digest.blake2b(bytes))
    #expect(Digest.sha256(bytes.reversed().reversed()) == Digest.sha256(bytes))
    #expect(Digest.sha256(bytes[100...]) == Digest.sha256(Array(bytes[100...])))
  }

  @Test(arguments: UInt64(1)...10)
  func `pieces hash as the whole does, whatever the pieces`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let bytes = generator.bytes(Int(generator.next(below: 2_000)))
    var blake = DigestBuilder()
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Int(generator.next(below: 200)))
      blake.update(piece)
      rest = rest.dropFirst(piece.count)
    }
    let digests = (blake.finalize(), blake.finalize())
    #expect(digests.0 == Digest.blake2b(bytes), "seed \(seed)")
    #expect(digests.1 == digests.0, "finalize can be asked again")
  }

  @Test func `a key changes the digest, and another key changes it again`() {
    let keys = [Digest.zero, .sha256("one".utf8), .sha256("two".utf8)]
    let digests = keys.map { Digest.blake2b("message".utf8, key: $0) } + [Digest.blake2b("message".utf8)]
    #expect(Set(digests).count == 4)
  }

  @Test func `HMAC-SHA-512 agrees with RFC 4231, for short keys and for keys longer than a block`() {
    #expect(
      Hex.encode(Hash.hmacSHA512(key: [UInt8](repeating: 0x0B, count: 20), message: "Hi There".utf8))
        == "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
    )
    #expect(
      Hex.encode(
        Hash.hmacSHA512(
          key: [UInt8](repeating: 0xAA, count: 131),
          message: "Test Using Larger Than Block-Size Key - Hash Key First".utf8
        )
      ) == "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"
    )
  }

  @Test func `digests, keys, signatures and addresses pass through the byte coding`() throws {
    let key = try #require(SigningKey(seed: [UInt8](repeating: 1, count: 32)))
    let signature = key.sign("message".utf8)
    var writer = ByteWriter()
    writer.write(Digest.sha256([1]))
    writer.write(key.publicKey)
    writer.write(signature)
    writer.write(key.address)
    #expect(
      writer.bytes == Digest.sha256([1]).bytes + key.publicKey.bytes + signature.bytes + key.address.bytes
    )
    var reader = ByteReader(writer.bytes)
    #expect(try reader.readDigest() == .sha256([1]))
    #expect(try reader.readPublicKey() == key.publicKey)
    #expect(try reader.readSignature() == signature)
    #expect(try reader.readAddress() == key.address)
    try reader.finish()
    for count in [0, 31] {
      var short = ByteReader([UInt8](repeating: 0, count: count))
      #expect(throws: DecodingError.truncated) { try short.readDigest() }
    }
    var short = ByteReader([UInt8](repeating: 0, count: 19))
    #expect(throws: DecodingError.truncated) { try short.readAddress() }
  }
}
