public import Cryptography

/// Tells whether a signature by a key, in a domain of a chain, covers a body. Replaceable, so that the simulator
/// can do without real signatures.
public typealias SignatureCheck = @Sendable (PublicKey, Signature, SigningDomain, ChainID, [UInt8]) -> Bool

/// Why a vote, proposal, certificate or piece of evidence proves nothing.
public enum CertificateError: Error, Hashable, Sendable {
  /// A number is outside its range, or fields contradict each other.
  case malformed
  /// The bitmap has not exactly one bit for each validator, or padding that is not zero.
  case bitmap
  case signatureCount(expected: Int, found: Int)
  case unknownValidator(ValidatorIndex)
  case repeatedValidator(ValidatorIndex)
  case insufficientPower(Int64, needed: Int64)
  case invalidSignature(ValidatorIndex)
  /// The two votes do not contradict each other.
  case noContradiction
}

extension Certificate {
  /// Whether both have signatures of one and the same vote.
  fileprivate func isForSameVote(as other: Certificate) -> Bool {
    kind == other.kind && height == other.height && round == other.round && validRound == other.validRound
      && block == other.block
  }
}

extension ValidatorSet {
  /// libsodium's verdict.
  public static let ed25519: SignatureCheck = { key, signature, domain, chain, body in
    key.verifies(signature, domain: domain, chain: chain.text, body)
  }

  /// Checks that a quorum of this set signed one vote for one block.
  ///
  /// The rule is fixed: the bitmap has exactly the set's size and zero padding, there is one signature for each bit,
  /// the signers hold quorum power, and every signature covers the same vote. No signature is skipped because
  /// others suffice.
  ///
  /// `known`: certificates of this set that were checked; a signature that one of them has for the same vote is not
  /// checked again.
  public func verify(
    _ certificate: Certificate,
    chain: ChainID,
    known: [Certificate] = [],
    using check: SignatureCheck = ValidatorSet.ed25519
  ) throws(CertificateError) {
    let vote = Vote.signBody(
      height: certificate.height,
      round: certificate.round,
      validRound: certificate.validRound,
      block: certificate.block
    )
    guard
      Self.isWellFormed(
        kind: certificate.kind,
        height: certificate.height,
        round: certificate.round,
        validRound: certificate.validRound,
        block: certificate.block
      )
    else { throw .malformed }
    guard let signers = SignerSet(bytes: certificate.signers, count: count) else { throw .bitmap }
    let indices = signers.indices
    guard indices.count == certificate.signatures.count else {
      throw .signatureCount(expected: indices.count, found: certificate.signatures.count)
    }
    let power = power(of: signers)
    guard isQuorum(power) else { throw .insufficientPower(power, needed: quorumPower) }
    let verified = signatures(in: known.filter { $0.isForSameVote(as: certificate) })
    for (index, signature) in zip(indices, certificate.signatures) {
      if !verified.isEmpty, verified[Int(index)] == signature { continue }
      guard check(members[Int(index)].key, signature, certificate.kind.domain, chain, vote) else {
        throw .invalidSignature(index)
      }
    }
  }

  /// By index; empty when there are no certificates.
  private func signatures(in certificates: [Certificate]) -> [Signature?] {
    guard !certificates.isEmpty else { return [] }
    var signatures = [Signature?](repeating: nil, count: count)
    for certificate in certificates {
      guard let signers = SignerSet(bytes: certificate.signers, count: count) else { continue }
      for (index, signature) in zip(signers.indices, certificate.signatures) {
        signatures[Int(index)] = signature
      }
    }
    return signatures
  }

  /// Checks that `certificate` justifies entering its round.
  ///
  /// Either a quorum precommitted, anything, in the round before it, or validators of honest power voted in it or
  /// in later ones.
  public func verify(
    _ certificate: RoundCertificate,
    chain: ChainID,
    using check: SignatureCheck = ValidatorSet.ed25519
  ) throws(CertificateError) {
    guard certificate.round > 0, certificate.round <= ChainLimits.round, certificate.votes.count <= count
    else {
      throw .malformed
    }
    var voters = SignerSet(count: count)
    for vote in certificate.votes {
      guard vote.height == certificate.height else { throw .malformed }
      guard Int(vote.validator) < count else { throw .unknownValidator(vote.validator) }
      guard voters.insert(vote.validator) else { throw .repeatedValidator(vote.validator) }
    }
    let leaves = certificate.votes.allSatisfy { vote in
      vote.kind == .precommit && vote.round == certificate.round - 1
    }
    guard leaves || certificate.votes.allSatisfy({ $0.round >= certificate.round }) else { throw .malformed }
    let power = power(of: voters)
    let needed = leaves ? quorumPower : honestPower
    guard power >= needed else { throw .insufficientPower(power, needed: needed) }
    for vote in certificate.votes { try verify(vote, chain: chain, using: check) }
  }

  public func verify(
    _ vote: Vote,
    chain: ChainID,
    using check: SignatureCheck = ValidatorSet.ed25519
  ) throws(CertificateError) {
    guard vote.isWellFormed else { throw .malformed }
    guard let validator = self[vote.validator] else { throw .unknownValidator(vote.validator) }
    guard check(validator.key, vote.signature, vote.kind.domain, chain, vote.signBody) else {
      throw .invalidSignature(vote.validator)
    }
  }

  /// Checks form and signature; whether it is the signer's turn is for the caller, who knows the round.
  public func verify(
    _ proposal: Proposal,
    chain: ChainID,
    using check: SignatureCheck = ValidatorSet.ed25519
  ) throws(CertificateError) {
    guard proposal.isWellFormed else { throw .malformed }
    guard let validator = self[proposal.validator] else { throw .unknownValidator(proposal.validator) }
    guard check(validator.key, proposal.signature, .proposal, chain, proposal.signBody) else {
      throw .invalidSignature(proposal.validator)
    }
  }

  /// Checks evidence against this set, which must be its height's, and names the guilty validator.
  public func verify(
    _ evidence: Evidence,
    chain: ChainID,
    using check: SignatureCheck = ValidatorSet.ed25519
  ) throws(CertificateError) -> ValidatorIndex {
    guard evidence.isContradiction else { throw .noContradiction }
    switch evidence {
    case .duplicateVote(let first, let second), .amnesia(let first, let second):
      try verify(first, chain: chain, using: check)
      try verify(second, chain: chain, using: check)
    case .duplicateProposal(let first, let second):
      try verify(first, chain: chain, using: check)
      try verify(second, chain: chain, using: check)
    }
    return evidence.validator
  }

  public func power(of signers: SignerSet) -> Int64 {
    signers.indices.reduce(0) { $0 + (self[$1]?.power ?? 0) }
  }

  static func isWellFormed(
    kind: Vote.Kind,
    height: Height,
    round: Round,
    validRound: Round?,
    block: Digest?
  ) -> Bool {
    guard height > 0, height <= ChainLimits.height, round <= ChainLimits.round else { return false }
    guard let validRound else { return true }
    return kind == .prevote && block != nil && validRound < round
  }
}

extension Vote {
  /// Whether the fields are in range and agree: only a prevote for a block has a valid round, an earlier one.
  public var isWellFormed: Bool {
    ValidatorSet.isWellFormed(kind: kind, height: height, round: round, validRound: validRound, block: block)
  }
}

extension Proposal {
  public var isWellFormed: Bool {
    ValidatorSet.isWellFormed(
      kind: .prevote,
      height: height,
      round: round,
      validRound: validRound,
      block: block
    )
  }
}

extension Evidence {
  /// Of both messages.
  public var height: Height {
    switch self {
    case .duplicateVote(let vote, _), .amnesia(let vote, _): vote.height
    case .duplicateProposal(let proposal, _): proposal.height
    }
  }

  /// Who is guilty, by its place in the set of `height`.
  public var validator: ValidatorIndex {
    switch self {
    case .duplicateVote(let vote, _), .amnesia(let vote, _): vote.validator
    case .duplicateProposal(let proposal, _): proposal.validator
    }
  }
}

/// Some of a set's validators: bit i of byte i/8, least significant first.
public struct SignerSet: Hashable, Sendable {
  /// Exactly ⌈count/8⌉, with zero padding.
  public private(set) var bytes: [UInt8]
  public let count: Int

  /// None of `count`.
  public init(count: Int) {
    self.count = max(0, count)
    bytes = Array(repeating: 0, count: (self.count + 7) / 8)
  }

  /// Nil unless `bytes` are exactly as many as `count` validators need and the padding is zero.
  public init?(bytes: [UInt8], count: Int) {
    guard count >= 0, bytes.count == (count + 7) / 8 else { return nil }
    if let last = bytes.last, count % 8 != 0, last >> (count % 8) != 0 { return nil }
    self.bytes = bytes
    self.count = count
  }

  public func contains(_ index: ValidatorIndex) -> Bool {
    Int(index) < count && bytes[Int(index) / 8] & (1 << (index % 8)) != 0
  }

  /// False when `index` is out of range or was inside.
  @discardableResult
  public mutating func insert(_ index: ValidatorIndex) -> Bool {
    guard Int(index) < count, !contains(index) else { return false }
    bytes[Int(index) / 8] |= 1 << (index % 8)
    return true
  }

  /// Ascending.
  public var indices: [ValidatorIndex] {
    (0..<ValidatorIndex(count)).filter { contains($0) }
  }
}
