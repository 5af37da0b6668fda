public import Chain
public import Cryptography
public import Primitives

/// Everything that the consensus machine reacts to.
///
/// The caller has verified all signatures and certificates. The machine itself checks the ranges of heights,
/// rounds and validator indices in them.
public enum Input: Hashable, Sendable {
  /// The parent block is decided, and its write is queued before anything that is signed at this height:
  /// begin the height. Ignored unless the height is above the current one.
  case beginHeight(HeightStart)
  /// A proposal together with the time in its block's header. `receivedAt` is the local wall clock when the
  /// proposal arrived. It is part of the input, so that a replay judges the proposal as the first run did.
  case proposal(Proposal, time: Timestamp, receivedAt: Timestamp)
  /// The answer to `validateBlock` and `fetchBlock`: whether the block may follow the parent. While the block
  /// is missing, the caller gives no answer.
  case blockValidated(Digest, isValid: Bool)
  /// A vote with a verified signature, of the current height, the one before or a later one.
  case vote(Vote)
  /// A verified certificate: a polka (a quorum prevoted one block in one round) or a commit (a quorum
  /// precommitted it).
  case certificate(Certificate)
  /// A verified proof that a round may be entered.
  case roundCertificate(RoundCertificate)
  /// The answer to `requestBlock`: a valid block that this node built, and the time in its header.
  case built(height: Height, round: Round, block: Digest, time: Timestamp)
  /// The interval of a timer that `schedule` started is over.
  case timeout(Timer)
  /// A peer sent its status. The machine answers with effects that send what the peer lacks, and changes no
  /// state.
  case peerStatus(peer: PublicKey, ConsensusStatus)
  /// The answer to `sign`: a message of this node with its signature, after the signing guard allowed it and
  /// the log was synced.
  case signed(SignedMessage)
  /// There is something to put into a block: transactions wait, or the ledger has work that is due. The
  /// caller gives this again after every `beginHeight` while it is true.
  case workAvailable
}

/// What the machine needs to know to begin a height.
public struct HeightStart: Hashable, Sendable {
  public var height: Height
  /// The validators of this height. Their proposer priorities are those of round 0.
  public var validators: ValidatorSet
  /// The time in the parent block's header. The time of a new block must be later.
  public var previousTime: Timestamp
  /// The parent's commit certificate; nil at the chain's first height.
  public var lastCommit: Certificate?
  /// Validators that have not voted for several heights. The machine does not wait for their proposals until
  /// one of their votes of this height arrives (`Sources/README.md`, "Where we differ from the papers"). An
  /// empty list is always safe.
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

/// A message of this node with its signature.
public enum SignedMessage: Hashable, Sendable {
  case proposal(Proposal)
  case vote(Vote)
}

/// The progress of a node in its current height. Nodes send it when they enter a round, at regular intervals,
/// and when a session opens; the receiver sends what the sender lacks.
public struct ConsensusStatus: Hashable, Sendable {
  /// The height that the node is deciding.
  public var height: Height
  public var round: Round
  public var step: Step
  /// The round of the newest polka whose block the node holds. A peer that has a newer polka sends it.
  public var validRound: Round?
  /// The validators whose prevotes of `round` the node has, as the bytes of a `SignerSet`. Empty means none.
  public var prevotes: [UInt8]
  /// The validators whose precommits of `round` the node has, in the same form.
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
/// A step can change to any later step of the same round, and, unless it is `decided`, to `propose` of a
/// later round.
public enum Step: UInt8, Hashable, Comparable, Sendable, CaseIterable {
  /// There is nothing to agree on yet. Only round 0 has this step.
  case waiting = 0
  /// The node waits for the proposal of the round.
  case propose = 1
  /// The node has prevoted and waits for a quorum of prevotes.
  case prevote = 2
  /// The node has precommitted and waits for a quorum of precommits.
  case precommit = 3
  /// The block of the height is final.
  case decided = 4

  public static func < (left: Step, right: Step) -> Bool { left.rawValue < right.rawValue }
}

/// The identity of a timer. The machine ignores a timeout that it no longer waits for.
public struct Timer: Hashable, Sendable {
  /// What a timer waits for.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// How long to wait for the proposal of the round.
    case propose = 1
    /// How long to wait, after a quorum has prevoted, for a quorum of prevotes for the same choice.
    case prevote = 2
    /// How long to wait, after a quorum has precommitted, for a quorum of precommits for the same block.
    case precommit = 3
    /// The longest time that round 0 waits for work before it starts.
    case maximumBlockInterval = 4
    /// The shortest time between the starts of two heights.
    case minimumBlockInterval = 5
    /// The time until the next status message.
    case status = 6
  }

  public var kind: Kind
  /// The height in which the timer was started.
  public var height: Height
  public var round: Round

  public init(_ kind: Kind, height: Height, round: Round = 0) {
    self.kind = kind
    self.height = height
    self.round = round
  }
}
