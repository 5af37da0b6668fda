import Chain
import Cryptography
import Gossip
import Primitives
import Replication
import Testing

@Suite struct PersistedGossipTests {
  private let chain = ChainID("memory-test")!

  private var memory: PersistedGossip {
    let key = SigningKey(seed: Array(repeating: 7, count: 32))!
    let withdrawal = Withdrawal(object: .sha256([1]), expiresAt: Timestamp(milliseconds: 1_000))
    let object = SignedObject(kind: .withdrawal, body: withdrawal.encoded, signer: key, chain: chain)
    return PersistedGossip(objects: [object], addressBook: [1, 2, 3], anchors: [key.publicKey])
  }

  @Test func `what is kept comes back`() throws {
    #expect(try PersistedGossip(decoding: memory.encoded, chain: chain) == memory)
    let empty = PersistedGossip()
    #expect(try PersistedGossip(decoding: empty.encoded, chain: chain) == empty)
  }

  @Test func `any changed, missing or additional byte is found`() {
    let bytes = memory.encoded
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 1
      #expect(throws: DecodingError.self) { try PersistedGossip(decoding: damaged, chain: chain) }
    }
    #expect(throws: DecodingError.self) {
      try PersistedGossip(decoding: Array(bytes.dropLast()), chain: chain)
    }
    #expect(throws: DecodingError.self) { try PersistedGossip(decoding: bytes + [0], chain: chain) }
  }
}
