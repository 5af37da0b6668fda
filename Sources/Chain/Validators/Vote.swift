public import Cryptography
import Primitives

/// A validator's index in its height's set, which is ordered by power descending, then address ascending.
public typealias ValidatorIndex = UInt32

/// A signed prevote or precommit. Votes have no timestamp, so the signed bytes are the same for all
/// validators that vote alike.
public struct Vote: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    case prevote = 1
    case precommit = 2

    public var domain: SigningDomain { self == .prevote ? .prevote : .precommit }
  }

  public var kind: Kind
  public var height: Height
  public var round: Round
  /// For a prevote for a block, the round of the polka (a quorum of prevotes) that justifies it; else nil.
  /// Without this field amnesia (see `Evidence`) could not be proven.
  public var validRound: Round?
  /// The block; nil for a vote for no block.
  public var block: Digest?
  public var validator: ValidatorIndex
  public var signature: Signature

  public init(
    kind: Kind,
    height: Height,
    round: Round,
    validRound: Round?,
    block: Digest?,
    validator: ValidatorIndex,
    signature: Signature
  ) {
    self.kind = kind
    self.height = height
    self.round = round
    self.validRound = validRound
    self.block = block
    self.validator = validator
    self.signature = signature
  }

  /// The signed bytes, in a fixed layout.
  public var signBody: [UInt8] {
    Self.signBody(height: height, round: round, validRound: validRound, block: block)
  }

  public static func signBody(height: Height, round: Round, validRound: Round?, block: Digest?) -> [UInt8] {
    var writer = ByteWriter(capacity: 49)
    writer.write(height)
    writer.write(round)
    writer.write(validRound.map { $0 &+ 1 } ?? 0)
    writer.write(block != nil)
    writer.writeRaw((block ?? .zero).bytes)
    return writer.bytes
  }
}

/// A proposer's signed proposal of a block in a round.
public struct Proposal: Hashable, Sendable {
  public var height: Height
  public var round: Round
  /// The round in which the block already had a polka (a quorum of prevotes); nil for a new block.
  public var validRound: Round?
  public var block: Digest
  public var validator: ValidatorIndex
  public var signature: Signature

  public init(
    height: Height,
    round: Round,
    validRound: Round?,
    block: Digest,
    validator: ValidatorIndex,
    signature: Signature
  ) {
    self.height = height
    self.round = round
    self.validRound = validRound
    self.block = block
    self.validator = validator
    self.signature = signature
  }

  public var signBody: [UInt8] {
    Vote.signBody(height: height, round: round, validRound: validRound, block: block)
  }
}

/// The votes of a quorum for one block in one round: a polka (prevotes) or a commit (precommits).
public struct Certificate: Hashable, Sendable {
  public var kind: Vote.Kind
  public var height: Height
  public var round: Round
  /// The `validRound` of the votes, which is the same in all of them; nil for precommits.
  public var validRound: Round?
  public var block: Digest
  /// The bitmap of the signers, as `SignerSet` encodes it: exactly as many bytes as the set needs.
  public var signers: [UInt8]
  /// The signatures in the order of the signers' indices.
  public var signatures: [Signature]

  public init(
    kind: Vote.Kind,
    height: Height,
    round: Round,
    validRound: Round?,
    block: Digest,
    signers: [UInt8],
    signatures: [Signature]
  ) {
    self.kind = kind
    self.height = height
    self.round = round
    self.validRound = validRound
    self.block = block
    self.signers = signers
    self.signatures = signatures
  }
}

/// Votes that justify entering `round`: precommits of a quorum in the round before, for any block or nil, or
/// votes in this or later rounds by validators with more than a third of the power.
public struct RoundCertificate: Hashable, Sendable {
  public var height: Height
  public var round: Round
  public var votes: [Vote]

  public init(height: Height, round: Round, votes: [Vote]) {
    self.height = height
    self.round = round
    self.votes = votes
  }
}

/// Proof that a validator broke the rules. Anybody who knows the validator set of its height can check it.
public enum Evidence: Hashable, Sendable {
  /// Two different votes of one kind, height and round.
  case duplicateVote(Vote, Vote)
  /// A precommit for a block, and in a later round a prevote for another one, without a justification from
  /// the precommit's round or a later one.
  case amnesia(precommit: Vote, prevote: Vote)
  /// Two different proposals of one height and round.
  case duplicateProposal(Proposal, Proposal)
}
