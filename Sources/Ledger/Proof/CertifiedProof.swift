public import Chain
public import Cryptography

/// One entry of the state, or its absence, with a proof that convinces anybody who trusts a validator set.
///
/// The header of height *h* contains the state root after height *h − 1*. The certificate shows that the
/// validators of height *h* decided on that header.
public struct CertifiedProof: Hashable, Sendable {
  public var entry: ProvenEntry
  /// The stored bytes; nil when the entry is absent.
  public var value: [UInt8]?
  public var proof: StateTreeProof
  public var header: Header
  public var certificate: Certificate
  /// The validator set of the header's height; the header contains its hash.
  public var validators: ValidatorSet

  public init(
    entry: ProvenEntry,
    value: [UInt8]?,
    proof: StateTreeProof,
    header: Header,
    certificate: Certificate,
    validators: ValidatorSet
  ) {
    self.entry = entry
    self.value = value
    self.proof = proof
    self.header = header
    self.certificate = certificate
    self.validators = validators
  }

  /// Why evidence is not accepted.
  public enum VerificationError: Error, Hashable, Sendable, CustomStringConvertible {
    case chain(ChainID)
    /// Key, value and proof do not lead to the header's state root.
    case proof
    /// The certificate is not a commit certificate for this header.
    case foreignCertificate
    /// The header contains the hash of another validator set than `validators`.
    case validators
    case certificate(ConsensusVerificationError)
    /// Too little power of the trusted set signed.
    case insufficientTrust(signed: Int64, needed: Int64, of: Int64)

    public var description: String {
      switch self {
      case .chain(let chain): "the header is of chain \(chain)"
      case .proof: "the proof does not lead from this entry to the header's state root"
      case .foreignCertificate: "the certificate is not of a commit of this header"
      case .validators: "the validators are not those that the header names"
      case .certificate(let error): "the certificate proves nothing: \(error)"
      case .insufficientTrust(let signed, let needed, let total):
        "of the trusted power of \(total), \(signed) signed; \(needed) are needed"
      }
    }
  }

  /// The voting power of the trusted set that signed the header, and its total.
  public struct SignedPower: Hashable, Sendable {
    public var signed: Int64
    public var total: Int64
  }

  /// Checks the evidence without any other data.
  ///
  /// The signatures must meet two conditions. Validators of `trusted` (found by their keys) with more than a
  /// third of the trusted power signed, so at least one of them is honest. And a quorum of the header's own
  /// set signed. This is sound as long as more than two thirds of the trusted power were bonded or unbonding
  /// when the header was made.
  public func verify(
    chain: ChainID,
    trusted: ValidatorSet,
    using checks: Checks = .ed25519
  ) throws(VerificationError) -> SignedPower {
    guard header.chain == chain else { throw .chain(header.chain) }
    guard proof.verifies(key: entry.key, value: value, root: header.stateRoot) else { throw .proof }
    guard certificate.kind == .precommit, certificate.height == header.height,
      certificate.block == header.identifier
    else { throw .foreignCertificate }
    guard validators.hash == header.validatorsHash else { throw .validators }
    do throws(ConsensusVerificationError) {
      try validators.verify(certificate, chain: chain, using: checks)
    } catch {
      throw .certificate(error)
    }
    let signers = SignerSet(bytes: certificate.signers, count: validators.count) ?? SignerSet(count: 0)
    let keys = Set(signers.indices.compactMap { validators[$0]?.key })
    let signed = trusted.members.reduce(Int64(0)) { keys.contains($1.key) ? $0 + $1.power : $0 }
    guard trusted.meetsHonestThreshold(signed) else {
      throw .insufficientTrust(signed: signed, needed: trusted.honestThreshold, of: trusted.totalPower)
    }
    return SignedPower(signed: signed, total: trusted.totalPower)
  }
}
