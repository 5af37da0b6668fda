public import Cryptography
import Primitives

/// A validator's place in its height's set, ordered by power descending, then address ascending.
public typealias ValidatorIndex = UInt32

/// A signed prevote or precommit. Votes carry no timestamp, so that sign bytes are deterministic.
public struct Vote: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    case prevote = 1
    case precommit = 2

    public var domain: SigningDomain { self == .prevote ? .prevote : .precommit }
  }

  public var kind: Kind
  public var height: Height
  public var round: Round
  /// Of a prevote for a block: the round of the polka that justified it. Makes amnesia provable.
  public var validRound: Round?
  /// Nil votes for no block.
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

  /// What is signed, in a fixed layout; equal for all validators that vote alike.
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

/// A proposer's signed choice of a block for a round.
public struct Proposal: Hashable, Sendable {
  public var height: Height
  public var round: Round
  /// The round of the polka that the block already has; nil for a fresh block.
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

/// A quorum's votes for one block at one round: a polka (prevotes) or a commit (precommits).
public struct Certificate: Hashable, Sendable {
  public var kind: Vote.Kind
  public var height: Height
  public var round: Round
  /// Of prevotes: equal for all of them.
  public var validRound: Round?
  public var block: Digest
  /// Who signed; bit i of byte i/8, least significant first, exactly as many bytes as the set needs.
  public var signers: [UInt8]
  /// In the order of the signers.
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

/// Why a validator left a round: a quorum's precommits of any kind, or an honest share's messages of a later
/// one.
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

/// Proof that a validator broke the rules, checkable by anybody who knows its height's set.
public enum Evidence: Hashable, Sendable {
  /// Two different votes of one kind, height and round.
  case duplicateVote(Vote, Vote)
  /// A precommit, and at a later round a prevote for another block with an older justification.
  case amnesia(precommit: Vote, prevote: Vote)
  /// Two different proposals of one height and round.
  case duplicateProposal(Proposal, Proposal)
}
