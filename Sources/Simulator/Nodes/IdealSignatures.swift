import Chain
import Cryptography
import Replication

/// Signatures without arithmetic: a digest of what is signed and by whom.
///
/// Nobody forges one, because nobody in a run computes digests of this kind but through the key that signs; a check
/// costs a digest, and remembers nothing. One chain only.
enum IdealSignatures {
  /// `domain`: nil for a transaction.
  static func sign(_ body: [UInt8], domain: SigningDomain?, by key: PublicKey) -> Signature {
    let tag = domain?.tag ?? []
    var message = key.bytes
    message.reserveCapacity(message.count + 1 + tag.count + body.count)
    message.append(UInt8(tag.count))
    message.append(contentsOf: tag)
    message.append(contentsOf: body)
    let digest = Digest.blake2b(message)
    return Signature(digest, digest)
  }

  static let scheme = SignatureScheme(
    check: { key, signature, domain, _, body in sign(body, domain: domain, by: key) == signature },
    isTransactionAuthentic: { transaction in
      sign(transaction.signBytes, domain: nil, by: transaction.signer) == transaction.signature
    }
  )
}

/// How the nodes of a run sign and check.
struct SigningService: Sendable {
  let chain: ChainID
  private let isIdeal: Bool

  init(_ kind: Scenario.Signatures, chain: ChainID) {
    self.chain = chain
    isIdeal = kind == .ideal
  }

  var scheme: SignatureScheme { isIdeal ? IdealSignatures.scheme : .ed25519 }

  func sign(_ body: [UInt8], domain: SigningDomain, by key: SigningKey) -> Signature {
    isIdeal
      ? IdealSignatures.sign(body, domain: domain, by: key.publicKey)
      : key.sign(domain: domain, chain: chain.text, body)
  }

  func sign(_ draft: TransactionDraft, by key: SigningKey) -> Transaction {
    guard isIdeal else { return draft.signed(by: key, chain: chain) }
    return draft.signed(by: key.publicKey, chain: chain) { bytes in
      IdealSignatures.sign(bytes, domain: nil, by: key.publicKey)
    }
  }
}
