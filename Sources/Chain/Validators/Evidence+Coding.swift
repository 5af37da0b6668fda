public import Cryptography
public import Primitives
import Wire

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
