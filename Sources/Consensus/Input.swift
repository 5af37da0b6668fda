public import Chain
public import Cryptography
public import Primitives

/// What happens to the consensus machine.
///
/// Signatures, certificates and blocks are verified before they come here; numbers in them are not trusted further.
public enum Input: Hashable, Sendable {
  /// The parent is decided, and durable before anything that is signed at this height: begin it. Ignored unless
  /// the height is above the current one.
  case beginHeight(HeightStart)
  /// A proposal whose block's header is at hand. `time` is the header's, `receivedAt` the local wall clock when the
  /// proposal came: an input, so that replay judges it as the first time.
  case proposal(Proposal, time: Timestamp, receivedAt: Timestamp)
  /// The answer to `validateBlock` and `fetchBlock`: whether the block may follow the parent. Never sent for want of
  /// the block.
  case blockValidated(Digest, isValid: Bool)
  /// A vote whose signature is good, of this height, the one before or one of the next.
  case vote(Vote)
  /// A polka or a commit, verified.
  case certificate(Certificate)
  /// Verified.
  case roundCertificate(RoundCertificate)
  /// The answer to `requestBlock`: a block that passed the same validation as others' blocks.
  case built(height: Height, round: Round, block: Digest, time: Timestamp)
  /// A timer of `schedule` is over.
  case timeout(Timer)
  /// A peer told where it stands; answered with what it lacks. Changes no state.
  case peerStatus(peer: PublicKey, ConsensusStatus)
  /// An own message, after the guard's consent and the synced log.
  case signed(SignedMessage)
  /// There is something to put into a block: transactions wait or work is due. To be given again after
  /// `beginHeight` while it holds.
  case workAvailable
}

/// With what a height begins.
public struct HeightStart: Hashable, Sendable {
  public var height: Height
  /// Of this height, advanced to its turn.
  public var validators: ValidatorSet
  /// The parent block's; a block must be later.
  public var previousTime: Timestamp
  /// The parent's commit certificate; nil at the chain's first height.
  public var lastCommit: Certificate?
  /// Validators whose precommits the last several commit certificates lack. While nothing is heard from them
  /// at this height, nobody waits for their proposals (`Sources/README.md`, "Where we differ from the
  /// papers"). Empty is always right.
  public var absent: [ValidatorIndex]

  public init(
    height: Height,
    validators: ValidatorSet,
    previousTime: Timestamp,
    lastCommit: Certificate?,
    absent: [ValidatorIndex] = []
  ) {
    self.height = height
    self.validators = validators
    self.previousTime = previousTime
    self.lastCommit = lastCommit
    self.absent = absent
  }
}

/// An own message with its signature.
public enum SignedMessage: Hashable, Sendable {
  case proposal(Proposal)
  case vote(Vote)
}

/// Where a node stands in the current height: sent with every change of round, from time to time, and when a
/// session opens.
public struct ConsensusStatus: Hashable, Sendable {
  /// The height that is being decided.
  public var height: Height
  public var round: Round
  public var step: Step
  /// The round of the newest polka whose block the node holds, so that a newer one can be sent.
  public var validRound: Round?
  /// Whose votes of `round` the node has; empty is none.
  public var prevotes: [UInt8]
  public var precommits: [UInt8]

  public init(
    height: Height,
    round: Round,
    step: Step,
    validRound: Round? = nil,
    prevotes: [UInt8] = [],
    precommits: [UInt8] = []
  ) {
    self.height = height
    self.round = round
    self.step = step
    self.validRound = validRound
    self.prevotes = prevotes
    self.precommits = precommits
  }
}

/// How far a node is in a round.
///
/// Can transition to: the next one or a later one, and from any but `decided` to `propose` of a later round.
public enum Step: UInt8, Hashable, Comparable, Sendable, CaseIterable {
  /// Nothing to agree on yet (round 0 only).
  case waiting = 0
  case propose = 1
  case prevote = 2
  case precommit = 3
  case decided = 4

  public static func < (left: Step, right: Step) -> Bool { left.rawValue < right.rawValue }
}

/// A timer's identity; one that fires when the machine no longer wants it is ignored.
public struct Timer: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// Waiting for the round's proposal.
    case propose = 1
    /// Waiting for prevotes to agree.
    case prevote = 2
    /// Waiting for precommits to agree.
    case precommit = 3
    /// The longest time without a block.
    case blockInterval = 4
    /// The shortest time between the beginnings of two heights.
    case pace = 5
    /// The next status message.
    case status = 6
  }

  public var kind: Kind
  public var height: Height
  public var round: Round

  public init(_ kind: Kind, height: Height, round: Round = 0) {
    self.kind = kind
    self.height = height
    self.round = round
  }
}
