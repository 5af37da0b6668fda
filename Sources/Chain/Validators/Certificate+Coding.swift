public import Cryptography
public import Primitives
public import Wire

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
  /// There must be as many signatures as `signers` has bits. Whether they are a quorum depends on the
  /// height's validator set and is not checked.
  public init(_ wire: Supercloud_Chain_V1_Certificate) throws(DecodingError) {
    kind = try Vote.Kind(wire.kind)
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
    signatures = []
    signatures.reserveCapacity(wire.signatures.count)
    for signature in wire.signatures { signatures.append(try Field.signature(signature.array, "signatures")) }
  }

  public var wire: Supercloud_Chain_V1_Certificate {
    var wire = Supercloud_Chain_V1_Certificate()
    wire.kind = kind.wire
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
    votes = []
    for element in try Field.list(wire.votes, "votes", limit: ChainLimits.validators, least: 1) {
      let vote = try Vote(element)
      guard vote.height == height else { throw .invalid(field: "votes.height") }
      votes.append(vote)
    }
  }

  public var wire: Supercloud_Chain_V1_RoundCertificate {
    var wire = Supercloud_Chain_V1_RoundCertificate()
    wire.height = height
    wire.round = round
    wire.votes = votes.map(\.wire)
    return wire
  }
}
