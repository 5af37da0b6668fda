public import Chain
public import Cryptography
public import Primitives

/// What the consensus machine wants done, to be carried out in order.
///
/// What this node signs may leave it only when the `log` effects in front of it are on disk: `sign` is answered
/// after that. What others signed may be passed on at once.
public enum Effect: Hashable, Sendable {
  /// Append to the consensus log; inputs in the order in which they were consumed.
  case log(LogRecord)
  /// Ask the guard, append, sync, sign; then give `signed` back. When the guard refuses, nothing.
  case sign(SigningRequest)
  /// Build a block on the parent; also when there is no work.
  case requestBlock(Height, Round)
  /// Validate a proposed block, getting what is missing of it.
  case validateBlock(Digest)
  /// A quorum voted for a block that was not proposed here: get it from anybody, validate it.
  case fetchBlock(Digest, Height)
  /// To all validators, with the block.
  case broadcastProposal(Proposal)
  /// To one that lacks it, with the block.
  case sendProposal(Proposal, to: PublicKey)
  /// To all validators.
  case broadcastVote(Vote)
  /// Own and others' votes that a peer lacks.
  case sendVotes([Vote], to: PublicKey)
  /// To one peer, or with nil to all validators; those whose last status shows a quorum of these votes, or a later
  /// height, may be left out.
  case sendCertificate(Certificate, to: PublicKey?)
  /// To one peer, or with nil to all validators; those whose last status shows this round or a later one may be
  /// left out.
  case sendRoundCertificate(RoundCertificate, to: PublicKey?)
  /// To all validators.
  case broadcastStatus(ConsensusStatus)
  /// Replaces an earlier timer of its kind.
  case schedule(Timer, after: Interval)
  /// Final. Answer with `beginHeight` of the next height when the write of block and state was asked for, so that
  /// whatever is signed at that height is behind it.
  case decide(Height, Round, block: Digest, certificate: Certificate)
  /// A validator broke the rules; at most once for each validator and height.
  case evidence(Evidence)
  /// For metrics and traces.
  case enteredRound(Height, Round, Step)
  case alarm(Alarm)
}

/// More than a third of the power is faulty, or validation is not deterministic. The node signs nothing more.
public enum Alarm: Hashable, Sendable {
  /// Two different blocks have commit certificates at one height. Keep both; never pick one.
  case conflictingCommits(Certificate, Certificate)
  /// A quorum committed a block that is invalid here.
  case invalidCommit(Certificate)
}

/// A message to be signed by the own consensus key.
public struct SigningRequest: Hashable, Sendable {
  /// In the order in which one round signs.
  public enum Kind: UInt8, Hashable, Comparable, Sendable {
    case proposal = 0
    case prevote = 1
    case precommit = 2

    public static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
  }

  public var kind: Kind
  public var height: Height
  public var round: Round
  public var validRound: Round?
  public var block: Digest?
  public var validator: ValidatorIndex

  public var domain: SigningDomain {
    switch kind {
    case .proposal: .proposal
    case .prevote: .prevote
    case .precommit: .precommit
    }
  }

  /// What is signed in `domain`.
  public var signBody: [UInt8] {
    Vote.signBody(height: height, round: round, validRound: validRound, block: block)
  }

  /// The message with its signature, for `Input.signed`; nil for a proposal of nothing, which nobody requests.
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

  func describes(_ message: SignedMessage) -> Bool {
    switch message {
    case .proposal(let proposal): self.message(with: proposal.signature) == message
    case .vote(let vote): self.message(with: vote.signature) == message
    }
  }
}
