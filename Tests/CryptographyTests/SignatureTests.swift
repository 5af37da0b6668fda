import Cryptography
import Primitives
import Testing
import Vectors

private struct EdgeCases: Decodable {
  struct Case: Decodable {
    let name: String
    let pk: String
    let msg: String
    let sig: String
    let libsodium: Bool
  }

  let cases: [Case]
}

@Suite struct SignatureTests {
  @Test func `every edge case of Ed25519 is judged as libsodium judges it`() throws {
    let edges = try Vectors.decode("consensus/ed25519_edges.json", as: EdgeCases.self)
    #expect(edges.cases.count >= 29)
    var agreeing = 0
    for edge in edges.cases {
      let key = try #require(PublicKey(hex(edge.pk)))
      let signature = try #require(Signature(hex(edge.sig)))
      #expect(key.verifies(signature, of: hex(edge.msg)) == edge.libsodium, "\(edge.name)")
      agreeing += key.verifies(signature, of: hex(edge.msg)) == edge.libsodium ? 1 : 0
    }
    print("ed25519 edge cases: \(agreeing) of \(edges.cases.count) agree")
  }

  @Test(
    arguments: [
      (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
          + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
      ),
      (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
      ),
    ]
  )
  func `keys and signatures agree with RFC 8032`(
    seed: String,
    publicKey: String,
    message: String,
    signature: String
  ) throws {
    let key = try #require(SigningKey(seed: hex(seed)))
    #expect(Hex.encode(key.publicKey.bytes) == publicKey)
    #expect(key.sign(hex(message)).description == signature)
    #expect(key.publicKey.verifies(key.sign(hex(message)), of: hex(message)))
    #expect(key.seed() == hex(seed))
  }

  @Test func `lengths are checked`() {
    #expect(PublicKey([UInt8](repeating: 1, count: 31)) == nil)
    #expect(Signature([UInt8](repeating: 1, count: 63)) == nil)
    #expect(SigningKey(seed: [UInt8](repeating: 1, count: 33)) == nil)
    #expect(SigningKey(seed: [1, 2, 3]) == nil)
  }

  @Test func `a registered key must be a canonical point of prime order`() throws {
    #expect(SigningKey.generate().publicKey.isPrimeOrder)
    let identity = try #require(PublicKey([1] + [UInt8](repeating: 0, count: 31)))
    #expect(!identity.isPrimeOrder)
    let notCanonical = try #require(PublicKey([UInt8](repeating: 0xFF, count: 32)))
    #expect(!notCanonical.isPrimeOrder)
  }

  @Test func `a changed signature or message is refused, whichever byte it is`() throws {
    let key = try #require(SigningKey(seed: [UInt8](repeating: 3, count: 32)))
    let message = Array("a message".utf8)
    let signature = key.sign(message)
    #expect(Signature(signature.bytes) == signature)
    for index in 0..<64 {
      var bytes = signature.bytes
      bytes[index] ^= 1
      #expect(!key.publicKey.verifies(try #require(Signature(bytes)), of: message))
    }
    for index in message.indices {
      var changed = message
      changed[index] ^= 0x80
      #expect(!key.publicKey.verifies(signature, of: changed))
    }
    #expect(!SigningKey.generate().publicKey.verifies(signature, of: message))
  }

  @Test func `every domain has a tag of its own, 16 bytes of ASCII, that no transaction begins with`() {
    let tags = SigningDomain.allCases.map(\.tag)
    #expect(tags.allSatisfy { $0.count == 16 && $0.allSatisfy { (0x20..<0x7F).contains($0) } })
    #expect(Set(tags).count == tags.count)
    #expect(tags.allSatisfy { $0[0] != 0x0A })
  }

  @Test func `a signature counts in its own domain and on its own chain only`() {
    let key = SigningKey.generate()
    let body = Array("body".utf8)
    for domain in SigningDomain.allCases {
      let signature = key.sign(domain: domain, chain: "supercloud-1", body)
      for other in SigningDomain.allCases {
        #expect(
          key.publicKey.verifies(signature, domain: other, chain: "supercloud-1", body) == (other == domain)
        )
      }
      #expect(!key.publicKey.verifies(signature, domain: domain, chain: "supercloud-2", body))
      #expect(!key.publicKey.verifies(signature, of: body))
    }
    let message = SigningDomain.bid.message(chain: "c", body)
    #expect(message == SigningDomain.bid.tag + Digest.sha256("c".utf8).bytes + body)
  }

  @Test func `generated keys differ, and a key made of one's seed signs as it does`() {
    let first = SigningKey.generate()
    #expect(first.publicKey != SigningKey.generate().publicKey)
    let second = SigningKey(seed: first.seed())
    #expect(second?.publicKey == first.publicKey)
    #expect(second?.sign("m".utf8) == first.sign("m".utf8))
    let tagged = first.sign(domain: .order, chain: "c", "m".utf8)
    #expect(second?.sign(domain: .order, chain: "c", "m".utf8) == tagged)
  }
}
