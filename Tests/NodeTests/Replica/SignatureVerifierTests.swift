import Chain
import Cryptography
import Foundation
import Gossip
import Primitives
import Replication
import Synchronization
import Testing

@testable import Node

/// Signatures are checked on other threads, and what was found there is known to everybody in the node.
final class SignatureVerifierTests: Sendable {
  private let chain = ChainID("verifier-1")!
  private let key = SigningKey(seed: Array(repeating: 5, count: 32))!
  private let asked = Mutex(0)
  private let answers = Mutex<[ReplicaInput]>([])

  private var checked: Int { asked.withLock { $0 } }
  private var count: Int { answers.withLock { $0.count } }

  private func checks(_ memory: SignatureCache) -> Checks {
    memory.checks { key, signature, domain, chain, bytes in
      self.asked.withLock { $0 += 1 }
      return Checks.ed25519.checkSignature(key, signature, domain, chain, bytes)
    }
  }

  private func verifier(_ memory: SignatureCache) -> SignatureVerifier {
    SignatureVerifier(chain: chain, memory: memory, checks: checks(memory), threads: 2) { inputs in
      self.answers.withLock { $0 += inputs }
    }
  }

  /// Waits until the verifier has given as many answers.
  private func wait(for answers: Int) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while count < answers {
      guard ContinuousClock.now < deadline else { throw TimedOut(answers: count) }
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  private struct TimedOut: Error {
    let answers: Int
  }

  private func transfer(_ sequence: UInt64 = 0) -> Transaction {
    let send = Send(from: key.address, to: key.address, amount: [Coin(7, .uakt)])
    return TransactionDraft(actions: [.send(send)], sequence: sequence, fee: Fee(amount: Coin(10, .uakt)))
      .signed(by: key, chain: chain)
  }

  @Test func `a transaction of two peers, a user and a block is checked once`() async throws {
    let memory = SignatureCache(chain: chain)
    let verifier = verifier(memory)
    let transaction = transfer()
    let bytes = transaction.encoded
    verifier.verify([bytes], from: key.publicKey)
    try await wait(for: 1)
    verifier.verify([bytes], from: key.publicKey)
    #expect(try checks(memory).transaction(bytes, hash: .sha256(bytes), on: chain) == transaction)
    verifier.verify([(hash: transaction.hash, bytes: bytes)], of: .zero)
    try await wait(for: 2)
    #expect(checked == 1)
    guard case .transactionsVerified(_, [transaction]?) = answers.withLock({ $0[1] }) else {
      Issue.record("the block's transaction is not found authentic")
      return
    }
    await verifier.stop()
  }

  @Test func `what the verifier has checked, the execution of a block does not check again`() async throws {
    let memory = SignatureCache(chain: chain)
    let verifier = verifier(memory)
    let object = SignedObject(kind: .order, body: [1], signer: key, chain: chain)
    verifier.verify(object)
    try await wait(for: 1)
    #expect(checked == 1)
    #expect(object.isAuthentic(on: chain, by: checks(memory)))
    #expect(checked == 1)
    await verifier.stop()
  }

  @Test func `a forged transaction is held against its peer, and asked about again each time`() async throws {
    let memory = SignatureCache(chain: chain)
    let verifier = verifier(memory)
    let transaction = transfer()
    var bytes = transaction.encoded
    bytes[bytes.count - 1] ^= 1
    verifier.verify([bytes], from: key.publicKey)
    try await wait(for: 1)
    guard case .misbehaved(_, .forgedSignature) = answers.withLock({ $0[0] }) else {
      Issue.record("the forger goes free")
      return
    }
    #expect(throws: TransactionError.forged) {
      try self.checks(memory).transaction(bytes, hash: .sha256(bytes), on: self.chain)
    }
    #expect(checked == 2)
    await verifier.stop()
  }

  @Test func `the memory is bounded: what was not used for long is checked anew`() {
    let memory = SignatureCache(chain: chain, claims: 8, transactions: 8)
    let objects = (0..<17).map {
      SignedObject(kind: .order, body: [UInt8($0)], signer: key, chain: chain)
    }
    for object in objects { #expect(object.isAuthentic(on: chain, by: checks(memory))) }
    #expect(checked == 17)
    #expect(objects[16].isAuthentic(on: chain, by: checks(memory)))
    #expect(checked == 17)
    #expect(objects[0].isAuthentic(on: chain, by: checks(memory)))
    #expect(checked == 18)
  }

  @Test func `what is true on another chain is not remembered for this one`() {
    let memory = SignatureCache(chain: chain)
    let other = ChainID("verifier-2")!
    let object = SignedObject(kind: .order, body: [1], signer: key, chain: other)
    for _ in 0..<2 { #expect(object.isAuthentic(on: other, by: checks(memory))) }
    #expect(checked == 2)
  }
}
