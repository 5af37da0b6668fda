import Cryptography
import Primitives
import Testing

@Suite struct SessionCipherTests {
  @Test func `key agreement agrees with RFC 7748`() throws {
    let alice = EphemeralKey(
      scalar: hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    )!
    let bob = EphemeralKey(
      scalar: hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    )!
    let keys = (Hex.encode(alice.publicKey), Hex.encode(bob.publicKey))
    #expect(keys.0 == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    #expect(keys.1 == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    let secrets = (
      try alice.sharedSecret(with: bob.publicKey).bytes, try bob.sharedSecret(with: alice.publicKey).bytes
    )
    #expect(Hex.encode(secrets.0) == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    #expect(secrets.0 == secrets.1)
  }

  @Test(
    arguments: [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]
  )
  func `points that would decide the result alone are refused`(point: String) {
    #expect(throws: CryptographyError.lowOrderPoint) {
      _ = try EphemeralKey.generate().sharedSecret(with: hex(point))
    }
  }

  @Test func `a key of another length is refused`() {
    for count in [0, 31, 33] {
      #expect(throws: CryptographyError.length(count)) {
        _ = try EphemeralKey.generate().sharedSecret(with: [UInt8](repeating: 9, count: count))
      }
    }
    let none = EphemeralKey(scalar: [1]) == nil
    #expect(none)
  }

  @Test func `numbered sealing agrees with RFC 8439, appendix A.5`() throws {
    let key = try #require(AEADKey(hex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0")))
    let text =
      "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, "
      + "or obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference "
      + "material or to cite them other than as /“work in progress./”"
    let sealed = key.seal(
      counter: 0x0807_0605_0403_0201,
      plaintext: text.utf8,
      associated: hex("f33388860000000000004e91")
    )
    #expect(Hex.encode(sealed.suffix(16)) == "eead9d67890cbb22392336fea1851f38")
    #expect(Hex.encode(sealed.prefix(16)) == "64a0861575861af460f062c79be643bd")
    let opened = try key.open(
      counter: 0x0807_0605_0403_0201,
      ciphertext: sealed,
      associated: hex("f33388860000000000004e91")
    )
    #expect(opened == Array(text.utf8))
  }

  @Test func `what was sealed opens with the same number and associated data only`() throws {
    let key = AEADKey(.sha256("key".utf8))
    for count in [0, 1, 15, 16, 17, 1_200] {
      let plaintext = [UInt8](repeating: 5, count: count)
      let sealed = key.seal(counter: 7, plaintext: plaintext, associated: [1, 2])
      #expect(sealed.count == count + AEADKey.overhead)
      #expect(try key.open(counter: 7, ciphertext: sealed, associated: [1, 2]) == plaintext)
      #expect(throws: CryptographyError.notAuthentic) {
        try key.open(counter: 8, ciphertext: sealed, associated: [1, 2])
      }
      #expect(throws: CryptographyError.notAuthentic) { try key.open(counter: 7, ciphertext: sealed) }
      for index in sealed.indices {
        var changed = sealed
        changed[index] ^= 4
        #expect(throws: CryptographyError.notAuthentic) {
          try key.open(counter: 7, ciphertext: changed, associated: [1, 2])
        }
      }
    }
    #expect(throws: CryptographyError.truncated) {
      try key.open(counter: 0, ciphertext: [UInt8](repeating: 0, count: 15))
    }
    #expect(AEADKey([1, 2, 3]) == nil)
  }

  @Test func `a stream opens in order, with empty and large messages and a change of key between`() throws {
    let key = Digest.sha256("stream".utf8)
    var sealer = StreamSealer(key: key)
    var opener = try StreamOpener(key: key, header: sealer.header)
    for (index, count) in [0, 1, 100, 70_000, 3].enumerated() {
      let plaintext = [UInt8](repeating: UInt8(index), count: count)
      let sealed = sealer.seal(plaintext, rekey: index == 2)
      #expect(sealed.count == count + StreamSealer.overhead)
      let opened = try opener.open(sealed)
      #expect(opened.bytes == plaintext && !opened.isFinal)
    }
    let last = try opener.open(sealer.seal("bye".utf8, final: true))
    #expect(last.bytes == Array("bye".utf8) && last.isFinal)
    let more = sealer.seal([1])
    #expect(throws: CryptographyError.streamEnded) { try opener.open(more) }
  }

  @Test func `a stream notices what is changed, repeated, dropped or cut`() throws {
    let key = Digest.sha256("stream".utf8)
    func pair() throws -> ([UInt8], [UInt8], [UInt8]) {
      var sealer = StreamSealer(key: key)
      return (sealer.header, sealer.seal([1, 2, 3]), sealer.seal([4]))
    }
    let (header, first, second) = try pair()
    for index in first.indices {
      var changed = first
      changed[index] ^= 1
      var opener = try StreamOpener(key: key, header: header)
      #expect(throws: CryptographyError.notAuthentic) { try opener.open(changed) }
    }
    var skipped = try StreamOpener(key: key, header: header)
    #expect(throws: CryptographyError.notAuthentic) { try skipped.open(second) }
    var repeated = try StreamOpener(key: key, header: header)
    _ = try repeated.open(first)
    #expect(throws: CryptographyError.notAuthentic) { try repeated.open(first) }
    var cut = try StreamOpener(key: key, header: header)
    #expect(throws: CryptographyError.truncated) { try cut.open(first.prefix(16)) }
    var other = try StreamOpener(key: .zero, header: header)
    #expect(throws: CryptographyError.notAuthentic) { try other.open(first) }
    #expect(throws: CryptographyError.length(23)) {
      _ = try StreamOpener(key: key, header: header.dropLast())
    }
  }

  @Test func `mixing gives both sides the same keys, and any other input others`() throws {
    let start = Digest.sha256("start".utf8)
    let mixed = KeyDerivation.mix(chainingKey: start, input: [1])
    #expect(mixed == KeyDerivation.mix(chainingKey: start, input: [1]))
    #expect(mixed.0 != mixed.1)
    let others = [
      KeyDerivation.mix(chainingKey: start, input: [2]), KeyDerivation.mix(chainingKey: .zero, input: [1]),
      KeyDerivation.mix(chainingKey: start, input: []),
    ]
    #expect(Set(others.flatMap { [$0.0, $0.1] } + [mixed.0, mixed.1]).count == 8)

    let mine = EphemeralKey.generate()
    let theirs = EphemeralKey.generate()
    let secret = try mine.sharedSecret(with: theirs.publicKey)
    let direct = KeyDerivation.mix(chainingKey: start, secret: secret)
    #expect(direct == KeyDerivation.mix(chainingKey: start, input: secret.bytes))
  }

  @Test func `label and context do not run into each other`() {
    let key = Digest.sha256("key".utf8)
    let digests = [
      KeyDerivation.derive(from: key, label: "ab", context: [0x63]),
      KeyDerivation.derive(from: key, label: "abc"),
      KeyDerivation.derive(from: key, label: "", context: "abc".utf8),
    ]
    #expect(Set(digests).count == 3)
  }

  @Test func `the short hash is SipHash-2-4`() throws {
    let hash = try #require(ShortHash(key: Array(0...15)))
    #expect(hash(Array(0...14)) == 0xA129_CA61_49BE_45E5)
    #expect(hash([]) == 0x726F_DB47_DD0E_0E31)
    #expect(hash(Digest.zero) == hash([UInt8](repeating: 0, count: 32)))
    #expect(ShortHash(key: [1]) == nil)
    #expect(ShortHash(.sha256([1])) != ShortHash(.sha256([2])))
  }

  @Test func `random bytes have the count asked for and do not repeat`() {
    #expect(SecureRandom.bytes(0).isEmpty)
    #expect(SecureRandom.bytes(33).count == 33)
    #expect(SecureRandom.bytes(16) != SecureRandom.bytes(16))
    #expect(Set((0..<100).map { _ in SecureRandom.uint64() }).count == 100)
  }
}
