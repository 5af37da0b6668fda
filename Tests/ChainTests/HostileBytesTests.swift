import Chain
import Cryptography
import Primitives
import Testing

/// Bytes that nobody honest sent: never a trap, and never an old meaning in new bytes.
@Suite struct HostileBytesTests {
  /// Every truncation of `bytes`, and changes of single bytes: all of them in short inputs, a sample in long
  /// ones.
  static func variants(of bytes: [UInt8], seed: UInt64) -> [[UInt8]] {
    var random = SeededGenerator(seed: seed)
    let step = max(1, bytes.count / 120)
    var variants = bytes.indices.map { Array(bytes.prefix($0)) }
    for index in stride(from: 0, to: bytes.count, by: step) {
      for change in [1, 0x80, UInt8(random.next(below: 255)) + 1] {
        var changed = bytes
        changed[index] ^= change
        variants.append(changed)
      }
    }
    for _ in 0..<50 {
      var changed = bytes
      let index = Int(random.next(below: UInt64(bytes.count + 1)))
      changed.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
      variants.append(changed)
    }
    return variants
  }

  /// Decodes every variant. What is accepted must be stable: its own encoding gives the same value again.
  private func attack<Value: Equatable>(
    _ bytes: [UInt8],
    seed: UInt64,
    decode: ([UInt8]) throws -> Value,
    encode: (Value) -> [UInt8],
    isCanonical: Bool = false
  ) throws {
    let original = try decode(bytes)
    for variant in Self.variants(of: bytes, seed: seed) where variant != bytes {
      guard let value = try? decode(variant) else { continue }
      let again = encode(value)
      #expect(try decode(again) == value, "seed \(seed): \(Hex.encode(variant))")
      if isCanonical {
        #expect(again == variant, "seed \(seed): not canonical")
        #expect(value != original, "seed \(seed): one value in two forms")
      }
    }
  }

  @Test(
    arguments: [101, 102, 103] as [UInt64]
  )
  func `changed market objects are refused or are another stable value`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    try attack(
      samples.order().encoded,
      seed: seed,
      decode: { try Order(decoding: $0) },
      encode: { $0.encoded }
    )
    try attack(samples.bid().encoded, seed: seed, decode: { try Bid(decoding: $0) }, encode: { $0.encoded })
    try attack(
      samples.withdrawal().encoded,
      seed: seed,
      decode: { try Withdrawal(decoding: $0) },
      encode: { $0.encoded }
    )
    try attack(
      samples.offer().encoded,
      seed: seed,
      decode: { try Offer(decoding: $0) },
      encode: { $0.encoded }
    )
    try attack(
      samples.nodeRecord().encoded,
      seed: seed,
      decode: { try NodeRecord(decoding: $0) },
      encode: { $0.encoded }
    )
  }

  @Test(
    arguments: [201, 202, 203] as [UInt64]
  )
  func `a changed vote, proposal, certificate or evidence is never the same value`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    try attack(
      samples.vote().encoded,
      seed: seed,
      decode: { try Vote(decoding: $0) },
      encode: { $0.encoded },
      isCanonical: true
    )
    try attack(
      samples.proposal().encoded,
      seed: seed,
      decode: { try Proposal(decoding: $0) },
      encode: { $0.encoded },
      isCanonical: true
    )
    try attack(
      samples.certificate().encoded,
      seed: seed,
      decode: { try Certificate(decoding: $0) },
      encode: { $0.encoded },
      isCanonical: true
    )
    try attack(
      samples.roundCertificate().encoded,
      seed: seed,
      decode: { try RoundCertificate(decoding: $0) },
      encode: { $0.encoded },
      isCanonical: true
    )
    try attack(
      samples.evidence().encoded,
      seed: seed,
      decode: { try Evidence(decoding: $0) },
      encode: { $0.encoded },
      isCanonical: true
    )
    try attack(
      samples.header().encoded,
      seed: seed,
      decode: { try Header(decoding: $0) },
      encode: { $0.encoded },
      isCanonical: true
    )
  }

  @Test(arguments: [301, 302, 303] as [UInt64])
  func `a changed block has another identifier or is refused`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let block = samples.block()
    for variant in Self.variants(of: block.encoded, seed: seed) where variant != block.encoded {
      guard let changed = try? Block(decoding: variant) else { continue }
      #expect(changed.identifier != block.identifier, "seed \(seed): \(Hex.encode(variant))")
    }
  }

  @Test(arguments: [401, 402, 403] as [UInt64])
  func `a changed signed object is refused or not authentic`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    for kind in SignedObject.Kind.allCases {
      let object = samples.signed(kind)
      for variant in Self.variants(of: object.encoded, seed: seed) where variant != object.encoded {
        guard let changed = try? SignedObject(decoding: variant, chain: Samples.chain) else { continue }
        #expect(!changed.isAuthentic(on: Samples.chain), "seed \(seed): \(Hex.encode(variant))")
      }
    }
  }

  @Test(arguments: [501, 502] as [UInt64])
  func `a changed transaction is refused or not authentic`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let key = samples.pick(Samples.keys)
    for action in samples.actions(by: key.address) {
      let draft = TransactionDraft(actions: [action], memo: "m", sequence: 7, fee: samples.fee())
      let transaction = draft.signed(by: key, chain: Samples.chain)
      for variant in Self.variants(of: transaction.encoded, seed: seed) where variant != transaction.encoded {
        guard let changed = try? Transaction(decoding: variant, chain: Samples.chain) else { continue }
        let isAuthentic = changed.isAuthentic(on: Samples.chain)
        #expect(!isAuthentic, "seed \(seed), \(action.typeURL): \(Hex.encode(variant))")
      }
    }
  }

  @Test func `random bytes are refused without a trap`() {
    var samples = Samples(seed: 601)
    for _ in 0..<3_000 {
      let noise = samples.bytes(samples.count(0...200))
      _ = try? Order(decoding: noise)
      _ = try? Bid(decoding: noise)
      _ = try? Offer(decoding: noise)
      _ = try? Vote(decoding: noise)
      _ = try? Certificate(decoding: noise)
      _ = try? Evidence(decoding: noise)
      _ = try? Block(decoding: noise)
      _ = try? SignedObject(decoding: noise, chain: Samples.chain)
      _ = try? Transaction(decoding: noise, chain: Samples.chain)
      _ = try? ProposalContent(decoding: noise)
    }
  }
}
