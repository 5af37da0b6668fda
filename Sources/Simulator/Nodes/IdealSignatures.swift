import Chain
import Cryptography
import Replication
import Synchronization

/// Signatures without arithmetic: a registry of what was signed by whom.
///
/// What is not in the registry is not a signature, so nobody can forge one; a check costs a look-up. One chain only.
final class IdealSignatures: Sendable {
  private struct Statement {
    let key: PublicKey
    let domain: SigningDomain?
    let body: [UInt8]
  }

  private let issued = Mutex<[Signature: Statement]>([:])

  /// `domain`: nil for a transaction.
  func sign(_ body: [UInt8], domain: SigningDomain?, by key: PublicKey) -> Signature {
    var message = key.bytes
    message.append(contentsOf: domain?.tag ?? [])
    message.append(contentsOf: body)
    let first = Digest.blake2b(message)
    message.append(0)
    guard let signature = Signature(first.bytes + Digest.blake2b(message).bytes) else {
      preconditionFailure("two digests have 64 bytes")
    }
    issued.withLock { $0[signature] = Statement(key: key, domain: domain, body: body) }
    return signature
  }

  func isSigned(_ body: [UInt8], domain: SigningDomain?, by key: PublicKey, _ signature: Signature) -> Bool {
    issued.withLock { issued in
      guard let statement = issued[signature] else { return false }
      return statement.key == key && statement.domain == domain && statement.body == body
    }
  }

  var scheme: SignatureScheme {
    SignatureScheme(
      check: { key, signature, domain, _, body in
        self.isSigned(body, domain: domain, by: key, signature)
      },
      isTransactionAuthentic: { transaction in
        self.isSigned(transaction.signBytes, domain: nil, by: transaction.signer, transaction.signature)
      }
    )
  }
}

/// How the nodes of a run sign and check.
struct SigningService: Sendable {
  let chain: ChainID
  private let ideal: IdealSignatures?

  init(_ kind: Scenario.Signatures, chain: ChainID) {
    self.chain = chain
    ideal = kind == .ideal ? IdealSignatures() : nil
  }

  var scheme: SignatureScheme { ideal?.scheme ?? .ed25519 }

  func sign(_ body: [UInt8], domain: SigningDomain, by key: SigningKey) -> Signature {
    ideal?.sign(body, domain: domain, by: key.publicKey) ?? key.sign(domain: domain, chain: chain.text, body)
  }

  func sign(_ draft: TransactionDraft, by key: SigningKey) -> Transaction {
    guard let ideal else { return draft.signed(by: key, chain: chain) }
    return draft.signed(by: key.publicKey, chain: chain) { bytes in
      ideal.sign(bytes, domain: nil, by: key.publicKey)
    }
  }
}
