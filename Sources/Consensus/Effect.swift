public import Chain
public import Cryptography
public import Primitives

/// What the consensus machine asks its caller to do. The caller performs effects in their order. All its
/// duties, with the test that notices when one is neglected, stand in `Sources/README.md`, "Duties at the
/// seams".
///
/// A message that this node signs may be sent only after all `log` effects before it are on disk. Therefore
/// the caller answers `sign` only after it has synced them. Messages that others signed may be sent at once.
public enum Effect: Hashable, Sendable {
  /// Append the record to the consensus log. Records come in the order in which the machine consumed the
  /// inputs.
  case log(LogRecord)
  /// Sign a message with this node's consensus key. The caller asks the signing guard, which refuses a
  /// message that contradicts one signed before. If the guard allows it, the caller signs, records the
  /// message in the guard's log, syncs all logs to disk, and only then answers with `Input.signed`. If the
  /// guard refuses, the caller gives no answer.
  case sign(SigningRequest)
  /// Build a block on the parent, even an empty one when there is no work. The answer is `Input.built`.
  case requestBlock(Height, Round)
  /// Validate a proposed block and fetch what is missing of it. The answer is `Input.blockValidated`.
  case validateBlock(Digest)
  /// A quorum voted for a block whose proposal has not reached this node. Fetch the block of this height from
  /// any peer and validate it. The answer is `Input.blockValidated`.
  case fetchBlock(Digest, Height)
  /// Send the proposal and its block to all validators.
  case broadcastProposal(Proposal)
  /// Send the proposal and its block to one validator that lacks it.
  case sendProposal(Proposal, to: PublicKey)
  /// Send a vote of this node to all validators.
  case broadcastVote(Vote)
  /// Send a peer the votes that it lacks, both of this node and of others.
  case sendVotes([Vote], to: PublicKey)
  /// Send a polka or a commit to one peer, or to all validators if `to` is nil. The caller may leave out
  /// validators whose last status shows a quorum of these votes or a later height.
  case sendCertificate(Certificate, to: PublicKey?)
  /// Send the proof that a round may be entered to one peer, or to all validators if `to` is nil. The caller
  /// may leave out validators whose last status shows this round or a later one.
  case sendRoundCertificate(RoundCertificate, to: PublicKey?)
  /// Send this node's status to all validators.
  case broadcastStatus(ConsensusStatus)
  /// Give `Input.timeout` with this timer after the interval. The timer replaces an earlier one of its kind.
  case schedule(Timer, after: Interval)
  /// The block is final. The caller answers with `Input.beginHeight` of the next height after it has queued
  /// the write of the block and its state. So that write reaches the disk before any message that is signed
  /// at the next height.
  case decide(Height, Round, block: Digest, certificate: Certificate)
  /// The proof that a validator broke the rules. The machine gives at most one for each validator and height.
  case evidence(Evidence)
  /// The machine entered a round or a step. For metrics and traces only.
  case enteredRound(Height, Round, Step)
  /// The safety of the chain is violated. The machine gives at most one alarm and signs nothing afterwards.
  case alarm(Alarm)
}

/// A violation of safety: a third of the voting power or more is faulty, or nodes do not agree which blocks
/// are valid. The node signs nothing more.
public enum Alarm: Hashable, Sendable, CustomStringConvertible {
  /// Two different blocks have valid commit certificates at one height. The caller keeps both as proof and
  /// commits neither because of them.
  case conflictingCommits(Certificate, Certificate)
  /// A quorum committed a block that this node found invalid.
  case invalidCommit(Certificate)

  public var description: String {
    switch self {
    case .conflictingCommits(let first, let second):
      "two blocks have a commit certificate at height \(first.height): \(first.block) and \(second.block)"
    case .invalidCommit(let certificate):
      "block \(certificate.block) of height \(certificate.height) has a commit certificate, but is not valid here"
    }
  }
}

/// A proposal or vote that this node's consensus key is to sign.
public struct SigningRequest: Hashable, Sendable {
  /// The kind of message. Raw values ascend in the order in which a validator signs within one round.
  public enum Kind: UInt8, Hashable, Comparable, Sendable {
    case proposal = 0
    case prevote = 1
    case precommit = 2

    public static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
  }

  /// Whether to sign a proposal, a prevote or a precommit.
  public var kind: Kind
  public var height: Height
  public var round: Round
  /// For a proposal or prevote: the round of the polka that justifies it, nil for a fresh block.
  public var validRound: Round?
  /// The block that is proposed or voted for; nil in a vote for no block.
  public var block: Digest?
  /// This node's place in the validator set of the height.
  public var validator: ValidatorIndex

  /// The domain that separates signatures of this kind of message from all others.
  public var domain: SigningDomain {
    switch kind {
    case .proposal: .proposal
    case .prevote: .prevote
    case .precommit: .precommit
    }
  }

  /// The bytes to be signed in `domain`.
  public var signBody: [UInt8] {
    Vote.signBody(height: height, round: round, validRound: validRound, block: block)
  }

  /// The message with its signature, for `Input.signed`. Nil for a proposal without a block, which the
  /// machine never requests.
  public func message(with signature: Signature) -> SignedMessage? {
    guard kind == .proposal else {
      return .vote(
        Vote(
          kind: kind == .prevote ? .prevote : .precommit,
          height: height,
          round: round,
          validRound: validRound,
          block: block,
          validator: validator,
          signature: signature
        )
      )
    }
    return block.map { block in
      .proposal(
        Proposal(
          height: height,
          round: round,
          validRound: validRound,
          block: block,
          validator: validator,
          signature: signature
        )
      )
    }
  }

  /// Whether `message` is this request with a signature, which is not checked.
  func matches(_ message: SignedMessage) -> Bool {
    switch message {
    case .proposal(let proposal): self.message(with: proposal.signature) == message
    case .vote(let vote): self.message(with: vote.signature) == message
    }
  }
}
