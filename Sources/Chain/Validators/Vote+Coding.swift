public import Cryptography
public import Primitives
public import Wire

extension Vote {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal, also when the bytes are not
  ///   canonical.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    self = try Vote(Supercloud_Chain_V1_Vote(canonical: bytes, limit: WireLimits.evidenceBytes))
  }

  public var encoded: [UInt8] { wire.encoded }

  /// Decodes a vote that is part of another message.
  public init(_ wire: Supercloud_Chain_V1_Vote) throws(DecodingError) {
    kind = try Field.kind(wire.kind.rawValue, "kind")
    height = try Field.blockHeight(wire.height)
    round = try Field.round(wire.round)
    validRound = try Field.validRound(wire.validRound, before: wire.round)
    let bytes = wire.block.array
    block = bytes.isEmpty ? nil : try Field.digest(bytes, "block")
    // Only a prevote for a block may name the round of the polka that justifies it.
    guard validRound == nil || (kind == .prevote && block != nil) else {
      throw .invalid(field: "valid_round")
    }
    validator = try Field.validator(wire.validator)
    signature = try Field.signature(wire.signature.array, "signature")
  }

  public var wire: Supercloud_Chain_V1_Vote {
    var wire = Supercloud_Chain_V1_Vote()
    wire.kind = .init(rawValue: Int(kind.rawValue)) ?? .unspecified
    wire.height = height
    wire.round = round
    wire.validRound = validRound.map { $0 &+ 1 } ?? 0
    wire.block = .init(wire: block?.bytes ?? [])
    wire.validator = validator
    wire.signature = .init(wire: signature.bytes)
    return wire
  }
}

extension Proposal {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal, also when the bytes are not
  ///   canonical.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    self = try Proposal(Supercloud_Chain_V1_Proposal(canonical: bytes, limit: WireLimits.evidenceBytes))
  }

  public var encoded: [UInt8] { wire.encoded }

  /// Decodes a proposal that is part of another message.
  public init(_ wire: Supercloud_Chain_V1_Proposal) throws(DecodingError) {
    height = try Field.blockHeight(wire.height)
    round = try Field.round(wire.round)
    validRound = try Field.validRound(wire.validRound, before: wire.round)
    block = try Field.digest(wire.block.array, "block")
    validator = try Field.validator(wire.validator)
    signature = try Field.signature(wire.signature.array, "signature")
  }

  public var wire: Supercloud_Chain_V1_Proposal {
    var wire = Supercloud_Chain_V1_Proposal()
    wire.height = height
    wire.round = round
    wire.validRound = validRound.map { $0 &+ 1 } ?? 0
    wire.block = .init(wire: block.bytes)
    wire.validator = validator
    wire.signature = .init(wire: signature.bytes)
    return wire
  }
}

extension Field {
  /// The height of a block; genesis, which is 0, is rejected.
  static func blockHeight(_ height: UInt64) throws(DecodingError) -> Height {
    try ordinal(try Self.height(height, "height"), "height")
  }

  static func round(_ round: UInt32) throws(DecodingError) -> Round {
    guard round <= ChainLimits.round else { throw .outOfRange(field: "round") }
    return round
  }

  /// Decodes the round of a polka, which is encoded as the round plus one, with 0 for none. The round must be
  /// before `round`.
  static func validRound(_ wire: UInt32, before round: Round) throws(DecodingError) -> Round? {
    guard wire > 0 else { return nil }
    guard wire <= round else { throw .outOfRange(field: "valid_round") }
    return wire - 1
  }

  static func validator(_ index: UInt32) throws(DecodingError) -> ValidatorIndex {
    guard index < ChainLimits.validators else { throw .outOfRange(field: "validator") }
    return index
  }
}

extension Certificate {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal, also when the bytes are not
  ///   canonical.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    self = try Certificate(
      Supercloud_Chain_V1_Certificate(canonical: bytes, limit: WireLimits.certificateBytes)
    )
  }

  public var encoded: [UInt8] { wire.encoded }

  /// The BLAKE2b digest of `encoded`, which the next block's header contains.
  public var digest: Digest { .blake2b(encoded) }

  /// Decodes a certificate that is part of another message.
  ///
  /// There must be as many signatures as `signers` has bits set. Whether the signers are a quorum depends on
  /// the height's validator set and is not checked.
  public init(_ wire: Supercloud_Chain_V1_Certificate) throws(DecodingError) {
    kind = try Field.kind(wire.kind.rawValue, "kind")
    height = try Field.blockHeight(wire.height)
    round = try Field.round(wire.round)
    validRound = try Field.validRound(wire.validRound, before: wire.round)
    guard validRound == nil || kind == .prevote else { throw .invalid(field: "valid_round") }
    block = try Field.digest(wire.block.array, "block")
    signers = wire.signers.array
    guard !signers.isEmpty, signers.count <= ChainLimits.signersBytes else {
      throw .outOfRange(field: "signers")
    }
    guard wire.signatures.count == signers.reduce(0, { $0 + $1.nonzeroBitCount }) else {
      throw .invalid(field: "signatures")
    }
    signatures = try wire.signatures.map { signature throws(DecodingError) in
      try Field.signature(signature.array, "signatures")
    }
  }

  public var wire: Supercloud_Chain_V1_Certificate {
    var wire = Supercloud_Chain_V1_Certificate()
    wire.kind = .init(rawValue: Int(kind.rawValue)) ?? .unspecified
    wire.height = height
    wire.round = round
    wire.validRound = validRound.map { $0 &+ 1 } ?? 0
    wire.block = .init(wire: block.bytes)
    wire.signers = .init(wire: signers)
    wire.signatures = signatures.map { .init(wire: $0.bytes) }
    return wire
  }
}

extension RoundCertificate {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal, also when the bytes are not
  ///   canonical.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    self = try RoundCertificate(
      Supercloud_Chain_V1_RoundCertificate(canonical: bytes, limit: WireLimits.certificateBytes)
    )
  }

  public var encoded: [UInt8] { wire.encoded }

  /// Decodes a round certificate that is part of another message. All votes must be of its height.
  public init(_ wire: Supercloud_Chain_V1_RoundCertificate) throws(DecodingError) {
    height = try Field.blockHeight(wire.height)
    round = try Field.round(wire.round)
    votes = try Field.list(wire.votes, "votes", limit: ChainLimits.validators, least: 1, Vote.init)
    guard votes.allSatisfy({ $0.height == height }) else { throw .invalid(field: "votes.height") }
  }

  public var wire: Supercloud_Chain_V1_RoundCertificate {
    var wire = Supercloud_Chain_V1_RoundCertificate()
    wire.height = height
    wire.round = round
    wire.votes = votes.map(\.wire)
    return wire
  }
}

extension Evidence {
  /// Decodes evidence and checks what is possible without the validator set: both messages must be of one
  /// validator and contradict each other as the case says. Signatures are not checked.
  ///
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal, also when the bytes are not
  ///   canonical.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Chain_V1_Evidence(canonical: bytes, limit: WireLimits.evidenceBytes)
    switch wire.kind {
    case .duplicateVote(let pair): self = .duplicateVote(try Vote(pair.first), try Vote(pair.second))
    case .amnesia(let pair):
      self = .amnesia(precommit: try Vote(pair.precommit), prevote: try Vote(pair.prevote))
    case .duplicateProposal(let pair):
      self = .duplicateProposal(try Proposal(pair.first), try Proposal(pair.second))
    case nil: throw .invalid(field: "kind")
    }
    guard isContradiction else { throw .invalid(field: "votes") }
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Chain_V1_Evidence()
    switch self {
    case .duplicateVote(let first, let second):
      wire.duplicateVote.first = first.wire
      wire.duplicateVote.second = second.wire
    case .amnesia(let precommit, let prevote):
      wire.amnesia.precommit = precommit.wire
      wire.amnesia.prevote = prevote.wire
    case .duplicateProposal(let first, let second):
      wire.duplicateProposal.first = first.wire
      wire.duplicateProposal.second = second.wire
    }
    return wire.encoded
  }

  /// The BLAKE2b digest of `encoded`.
  public var digest: Digest { .blake2b(encoded) }

  /// Whether the messages, when their signatures are valid, prove what the case says.
  ///
  /// Amnesia: after a validator has precommitted a block, it may prevote for another one in a later round
  /// only when a polka (a quorum of prevotes) from the precommit's round or a later one justifies it.
  public var isContradiction: Bool {
    switch self {
    case .duplicateVote(let first, let second):
      return first.kind == second.kind && first.height == second.height && first.round == second.round
        && first.validator == second.validator && first.signBody != second.signBody
    case .amnesia(let precommit, let prevote):
      guard precommit.kind == .precommit, prevote.kind == .prevote else { return false }
      guard precommit.height == prevote.height, precommit.validator == prevote.validator else { return false }
      guard let locked = precommit.block, let other = prevote.block, locked != other else { return false }
      guard prevote.round > precommit.round else { return false }
      guard let justification = prevote.validRound else { return true }
      return justification < precommit.round
    case .duplicateProposal(let first, let second):
      return first.height == second.height && first.round == second.round
        && first.validator == second.validator && first.signBody != second.signBody
    }
  }
}
