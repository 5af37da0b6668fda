import Cryptography

/// Why a vote, proposal, certificate or piece of evidence is invalid.
public enum ConsensusVerificationError: Error, Hashable, Sendable {
  /// A number is outside its range, or fields contradict each other.
  case malformed
  /// The bitmap does not have exactly one bit for each validator, or its padding is not zero.
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
  /// Whether both certificates have signatures of the same vote.
  fileprivate func isForSameVote(as other: Certificate) -> Bool {
    kind == other.kind && height == other.height && round == other.round && validRound == other.validRound
      && block == other.block
  }
}

extension ValidatorSet {
  /// Checks that a quorum of this set signed one vote for one block.
  ///
  /// The rule is the same on all nodes: the bitmap has exactly the set's size and zero padding, there is one
  /// signature for each bit set, the signers have a quorum of the power, and every signature is valid for the
  /// same vote. All signatures are checked, even when fewer would be a quorum.
  ///
  /// `known` are verified certificates of this set. Signatures that they have for the same vote are not
  /// checked again. No signature is checked if the memory of `checks` holds this certificate with this set.
  public func verify(
    _ certificate: Certificate,
    chain: ChainID,
    known: [Certificate] = [],
    using checks: Checks = .ed25519
  ) throws(ConsensusVerificationError) {
    if checks.memory?.isProven(certificate, self, chain) == true { return }
    try examine(certificate, chain: chain, known: known, using: checks)
    checks.memory?.addProof(certificate, self, chain)
  }

  private func examine(
    _ certificate: Certificate,
    chain: ChainID,
    known: [Certificate],
    using checks: Checks
  ) throws(ConsensusVerificationError) {
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
      guard checks.checkSignature(members[Int(index)].key, signature, certificate.kind.domain, chain, vote)
      else {
        throw .invalidSignature(index)
      }
    }
  }

  /// The signatures in `certificates` by validator index; empty when there are no certificates.
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

  /// Checks that `certificate` justifies entering the round that it names.
  ///
  /// Either a quorum precommitted, for any block or nil, in the round before, or validators with more than a
  /// third of the power voted in the named round or in later ones.
  public func verify(
    _ certificate: RoundCertificate,
    chain: ChainID,
    using checks: Checks = .ed25519
  ) throws(ConsensusVerificationError) {
    guard certificate.round > 0, certificate.round <= ChainLimits.round, certificate.votes.count <= count
    else { throw .malformed }
    var voters = SignerSet(count: count)
    for vote in certificate.votes {
      guard vote.height == certificate.height else { throw .malformed }
      guard Int(vote.validator) < count else { throw .unknownValidator(vote.validator) }
      guard voters.insert(vote.validator) else { throw .repeatedValidator(vote.validator) }
    }
    let endsPreviousRound = certificate.votes.allSatisfy { vote in
      vote.kind == .precommit && vote.round == certificate.round - 1
    }
    guard endsPreviousRound || certificate.votes.allSatisfy({ $0.round >= certificate.round }) else {
      throw .malformed
    }
    let power = power(of: voters)
    let needed = endsPreviousRound ? quorumPower : honestThreshold
    guard power >= needed else { throw .insufficientPower(power, needed: needed) }
    for vote in certificate.votes { try verify(vote, chain: chain, using: checks) }
  }

  public func verify(_ vote: Vote, chain: ChainID, using checks: Checks = .ed25519)
    throws(ConsensusVerificationError)
  {
    guard vote.isWellFormed else { throw .malformed }
    guard let validator = self[vote.validator] else { throw .unknownValidator(vote.validator) }
    guard checks.checkSignature(validator.key, vote.signature, vote.kind.domain, chain, vote.signBody) else {
      throw .invalidSignature(vote.validator)
    }
  }

  /// Checks form and signature. The caller checks that the signer is the proposer of that round.
  public func verify(
    _ proposal: Proposal,
    chain: ChainID,
    using checks: Checks = .ed25519
  ) throws(ConsensusVerificationError) {
    guard proposal.isWellFormed else { throw .malformed }
    guard let validator = self[proposal.validator] else { throw .unknownValidator(proposal.validator) }
    guard checks.checkSignature(validator.key, proposal.signature, .proposal, chain, proposal.signBody) else {
      throw .invalidSignature(proposal.validator)
    }
  }

  /// Checks evidence against this set, which must be that of the evidence's height, and returns the guilty
  /// validator.
  public func verify(
    _ evidence: Evidence,
    chain: ChainID,
    using checks: Checks = .ed25519
  ) throws(ConsensusVerificationError) -> ValidatorIndex {
    guard evidence.isContradiction else { throw .noContradiction }
    switch evidence {
    case .duplicateVote(let first, let second), .amnesia(let first, let second):
      try verify(first, chain: chain, using: checks)
      try verify(second, chain: chain, using: checks)
    case .duplicateProposal(let first, let second):
      try verify(first, chain: chain, using: checks)
      try verify(second, chain: chain, using: checks)
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
  /// Whether the fields are in range and consistent. Only a prevote for a block may have a `validRound`, and
  /// it must be below `round`.
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
  /// The height of both messages.
  public var height: Height {
    switch self {
    case .duplicateVote(let vote, _), .amnesia(let vote, _): vote.height
    case .duplicateProposal(let proposal, _): proposal.height
    }
  }

  /// The index of the guilty validator in the set of `height`.
  public var validator: ValidatorIndex {
    switch self {
    case .duplicateVote(let vote, _), .amnesia(let vote, _): vote.validator
    case .duplicateProposal(let proposal, _): proposal.validator
    }
  }
}

/// A subset of a validator set, as a bitmap: validator i is bit i mod 8 of byte i / 8, the least significant
/// bit first.
public struct SignerSet: Hashable, Sendable {
  /// The bitmap: exactly ⌈count/8⌉ bytes, with zero padding.
  public private(set) var bytes: [UInt8]
  public let count: Int

  /// The empty subset of `count` validators.
  public init(count: Int) {
    self.count = max(0, count)
    bytes = Array(repeating: 0, count: (self.count + 7) / 8)
  }

  /// Nil unless there are exactly ⌈count/8⌉ bytes and the padding is zero.
  public init?(bytes: [UInt8], count: Int) {
    guard count >= 0, bytes.count == (count + 7) / 8 else { return nil }
    if let last = bytes.last, count % 8 != 0, last >> (count % 8) != 0 { return nil }
    self.bytes = bytes
    self.count = count
  }

  public func contains(_ index: ValidatorIndex) -> Bool {
    Int(index) < count && bytes[Int(index) / 8] & (1 << (index % 8)) != 0
  }

  /// Adds a validator; returns false when `index` is out of range or was in the subset before.
  @discardableResult
  public mutating func insert(_ index: ValidatorIndex) -> Bool {
    guard Int(index) < count, !contains(index) else { return false }
    bytes[Int(index) / 8] |= 1 << (index % 8)
    return true
  }

  /// The indices of the subset, ascending.
  public var indices: [ValidatorIndex] { (0..<ValidatorIndex(count)).filter { contains($0) } }
}
