import Cryptography
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
    kind = try Kind(wire.kind)
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
    wire.kind = kind.wire
    wire.height = height
    wire.round = round
    wire.validRound = validRound.map { $0 &+ 1 } ?? 0
    wire.block = .init(wire: block?.bytes ?? [])
    wire.validator = validator
    wire.signature = .init(wire: signature.bytes)
    return wire
  }
}

extension Vote.Kind {
  init(_ wire: Supercloud_Chain_V1_VoteKind) throws(DecodingError) {
    switch wire {
    case .prevote: self = .prevote
    case .precommit: self = .precommit
    case .unspecified, .UNRECOGNIZED: throw .invalid(field: "kind")
    }
  }

  var wire: Supercloud_Chain_V1_VoteKind {
    switch self {
    case .prevote: .prevote
    case .precommit: .precommit
    }
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

  /// The round of a polka, from its encoding: the round plus one, 0 for none. It must be below `round`.
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
