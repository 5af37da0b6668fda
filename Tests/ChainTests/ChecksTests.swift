import Chain
import Cryptography
import Primitives
import Synchronization
import Testing

/// A memory of checks spares work and never changes an answer.
struct ChecksTests {
  private let memory = Memory()
  private let chain = Samples.chain
  private let key = Samples.keys[0]

  /// Remembers everything, and counts what it is asked for.
  private final class Memory: Sendable {
    private let claims = Mutex<Set<Digest>>([])
    private let transactions = Mutex<[Digest: Transaction]>([:])
    private let asked = Mutex(0)

    var checked: Int { asked.withLock { $0 } }
    var remembered: Int { claims.withLock { $0.count } + transactions.withLock { $0.count } }

    var checks: Checks {
      Checks(
        memory: Checks.Memory(
          isKnown: { claim, _ in self.claims.withLock { $0.contains(claim) } },
          add: { claim, _ in self.claims.withLock { _ = $0.insert(claim) } },
          transaction: { hash, _ in self.transactions.withLock { $0[hash] } },
          addTransaction: { transaction, _ in
            self.transactions.withLock { $0[transaction.hash] = transaction }
          },
          isProven: { _, _, _ in false },
          addProof: { _, _, _ in }
        ),
        checkSignature: { key, signature, domain, chain, bytes in
          self.asked.withLock { $0 += 1 }
          return Checks.ed25519.checkSignature(key, signature, domain, chain, bytes)
        }
      )
    }
  }

  private func object(_ kind: SignedObject.Kind = .order, _ body: [UInt8] = [1, 2, 3]) -> SignedObject {
    SignedObject(kind: kind, body: body, signer: key, chain: chain)
  }

  /// `bytes` with the first place where they have `part` changed by one bit.
  private func flip(_ part: [UInt8], in bytes: [UInt8]) throws -> [UInt8] {
    var bytes = bytes
    let place = bytes.indices.first { Array(bytes[$0...].prefix(part.count)) == part }
    bytes[try #require(place)] ^= 1
    return bytes
  }

  @Test func `an object is checked once`() {
    for _ in 0..<3 { #expect(object().isAuthentic(on: chain, by: memory.checks)) }
    #expect(memory.checked == 1)
  }

  @Test func `another signature over a known object is checked, found false and not remembered`() throws {
    let known = object()
    #expect(known.isAuthentic(on: chain, by: memory.checks))
    let forged = try SignedObject(
      decoding: try flip(known.signature.bytes, in: known.encoded),
      chain: chain
    )
    #expect(forged.identifier == known.identifier && forged.claim != known.claim)
    for _ in 0..<2 { #expect(!forged.isAuthentic(on: chain, by: memory.checks)) }
    #expect(memory.checked == 3 && memory.remembered == 1)
  }

  @Test func `a claim covers the domain, the chain, the key, the bytes and the signature`() throws {
    let other = SignedObject(kind: .order, body: [1, 2, 3], signer: Samples.keys[1], chain: chain)
    let elsewhere = SignedObject(kind: .order, body: [1, 2, 3], signer: key, chain: ChainID("samples-2")!)
    let forged = try SignedObject(
      decoding: try flip(object().signature.bytes, in: object().encoded),
      chain: chain
    )
    let claims = [object(), object(.bid), object(.order, [1, 2]), other, elsewhere, forged].map(\.claim)
    #expect(Set(claims).count == claims.count)
  }

  @Test func `a transaction is decoded and checked once, and a changed one is not taken for it`() throws {
    var samples = Samples(seed: 3)
    let transaction = samples.transaction()
    let bytes = transaction.encoded
    for _ in 0..<3 {
      #expect(try memory.checks.transaction(bytes, hash: .sha256(bytes), on: chain) == transaction)
    }
    #expect(memory.checked == 1)
    let changed = try flip(transaction.signature.bytes, in: bytes)
    #expect(throws: TransactionError.forged) {
      try memory.checks.transaction(changed, hash: .sha256(changed), on: chain)
    }
    #expect(memory.remembered == 1)
  }

  @Test func `a voucher is checked once for the node that it names`() {
    let node = Samples.keys[1].publicKey
    let voucher = NodeVoucher(
      for: node,
      as: .validator,
      by: key,
      expiresAt: Timestamp(milliseconds: 9),
      chain: chain
    )
    for _ in 0..<2 { #expect(voucher.hasValidSignature(for: node, on: chain, by: memory.checks)) }
    #expect(memory.checked == 1)
    #expect(!voucher.hasValidSignature(for: key.publicKey, on: chain, by: memory.checks))
  }
}
