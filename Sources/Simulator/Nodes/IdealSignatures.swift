import Chain
import Cryptography

/// Fast signatures for simulations: the digest of the signer's public key and the signed bytes.
///
/// They are not secure: anybody could compute one. In a simulation no one does, because the code of a node
/// signs only with its own key. The digest does not cover the chain's identifier, so all nodes must be of one
/// chain.
enum IdealSignatures {
  /// Signs with the key pair of `key`. `domain` is nil for a transaction.
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

  /// Checks votes, proposals and transactions. Gossiped objects and vouchers have real signatures.
  static let checkSignature: Checks.SignatureCheck = { key, signature, domain, chain, body in
    switch domain {
    case .prevote, .precommit, .proposal, nil: sign(body, domain: domain, by: key) == signature
    default: Checks.ed25519.checkSignature(key, signature, domain, chain, body)
    }
  }
}

/// Signs and checks for all nodes of a run, with the kind of signatures that the scenario chooses.
struct SigningService: Sendable {
  let chain: ChainID
  private let isIdeal: Bool

  init(_ kind: Scenario.Signatures, chain: ChainID) {
    self.chain = chain
    isIdeal = kind == .ideal
  }

  var checkSignature: Checks.SignatureCheck {
    isIdeal ? IdealSignatures.checkSignature : Checks.ed25519.checkSignature
  }

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
