import Chain
@testable import Cryptography
import Primitives
import Synchronization

/// How one node checks signatures: as libsodium does, counted, and with a memory as a node has it.
final class CheckMeter: Sendable {
  /// One signature over some bytes.
  struct Question: Hashable {
    let key: PublicKey
    let signature: Signature
    /// Nil for a transaction.
    let domain: SigningDomain?
  }

  private struct Contents {
    var questions: [Question: Int] = [:]
    var claims: Set<Digest> = []
    var transactions: [Digest: Transaction] = [:]
  }

  private let contents = Mutex(Contents())

  var checkSignature: Checks.SignatureCheck {
    { key, signature, domain, chain, bytes in
      self.contents.withLock {
        $0.questions[Question(key: key, signature: signature, domain: domain), default: 0] += 1
      }
      return Checks.ed25519.checkSignature(key, signature, domain, chain, bytes)
    }
  }

  var checks: Checks {
    Checks(
      memory: Checks.Memory(
        isKnown: { claim, _ in self.contents.withLock { $0.claims.contains(claim) } },
        add: { claim, _ in self.contents.withLock { _ = $0.claims.insert(claim) } },
        transaction: { hash, _ in self.contents.withLock { $0.transactions[hash] } },
        addTransaction: { transaction, _ in
          self.contents.withLock { $0.transactions[transaction.hash] = transaction }
        },
        isProven: { _, _, _ in false },
        addProof: { _, _, _ in }
      ),
      checkSignature: checkSignature
    )
  }

  /// How often signatures in these domains were checked.
  func count(_ isCounted: (SigningDomain?) -> Bool) -> Int {
    contents.withLock { $0.questions.filter { isCounted($0.key.domain) }.values.reduce(0, +) }
  }

  func count(_ object: SignedObject) -> Int {
    count(Question(key: object.key, signature: object.signature, domain: object.kind.domain))
  }

  func count(_ transaction: Transaction) -> Int {
    count(Question(key: transaction.signer, signature: transaction.signature, domain: nil))
  }

  private func count(_ question: Question) -> Int {
    contents.withLock { $0.questions[question, default: 0] }
  }
}

/// Counts how often bytes are hashed, alone or at the end of more.
final class HashMeter: Sendable {
  private let inputs = Mutex<[[UInt8]]>([])

  /// Counts what is hashed in `body`.
  func counting<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Digest.$observer.withValue({ input in self.inputs.withLock { $0.append(input) } }, operation: body)
  }

  func count(_ bytes: [UInt8]) -> Int {
    inputs.withLock { inputs in inputs.count { $0.suffix(bytes.count) == bytes } }
  }
}
