import Chain
import Cryptography

/// Algorithm 1 of the Tendermint paper (arXiv:1807.04938) for one height: what to vote, when to wait, when to
/// move on.
///
/// It counts nothing and knows no messages: `Tendermint` offers one input after the other, each when its
/// condition holds. L-numbers are the lines of the paper's pseudo-code.
///
/// Deviations: the stricter lock in `accepts`; the early exits `hopelessPrevotes`, `hopelessPrecommits` and
/// `absentProposer`, which only add votes for nil or end a round that cannot decide; and a polka learnt late
/// (`pastPolka`), which updates the valid value.
struct RoundMachine: Hashable, Sendable {
  /// A block and the round of the polka that made it lockable.
  struct Polka: Hashable, Sendable {
    var block: Digest
    var round: Round
  }

  enum Role: Hashable, Sendable {
    case proposer
    case follower
  }

  enum Input: Hashable, Sendable {
    /// L11.
    case start(Round, Role)
    /// L22 and L28: a proposal of this round and, with a polka round, the polka that it names.
    case proposal(Digest, polkaRound: Round?, isValid: Bool)
    /// L34: a quorum prevoted, anything.
    case polkaAny
    /// L36: a quorum prevoted a block that is valid.
    case polka(Digest)
    /// L44: a quorum prevoted nil.
    case polkaNil
    /// L47: a quorum precommitted, anything.
    case precommitAny
    /// L49: a quorum precommitted a block that is valid, in any round.
    case commit(Digest, Round)
    /// L57 for propose, L61 for prevote, L65 for precommit.
    case timeout(Timer.Kind, Round)
    /// A polka of an earlier round for a block that is valid.
    case pastPolka(Digest, Round)
    /// No block can get a quorum of prevotes in this round any more.
    case hopelessPrevotes
    /// No block can get a quorum of precommits in this round any more, and a quorum precommitted.
    case hopelessPrecommits
    /// The proposer has been silent for many heights and is at this one.
    case absentProposer
  }

  enum Effect: Hashable, Sendable {
    case propose(Digest, polkaRound: Round)
    case requestBlock
    case prevote(Digest?, validRound: Round?)
    case precommit(Digest?)
    case schedule(Timer.Kind)
    /// The driver answers with `start`.
    case leave(for: Round)
    case decide(Digest, Round)
  }

  /// What was done in the current round; fresh with each.
  struct Progress: Hashable, Sendable {
    var waitsForPrevotes = false
    var waitsForPrecommits = false
    var sawPolka = false
  }

  private(set) var round: Round = 0
  private(set) var step: Step = .waiting
  /// What may still be voted for.
  private(set) var locked: Polka?
  /// What should be proposed; never older than `locked`.
  private(set) var valid: Polka?
  /// The newest round in which another block than the locked one was precommitted.
  private(set) var otherLockRound: Round?
  private(set) var progress = Progress()

  mutating func handle(_ input: Input, effects: inout [Effect]) {
    guard step != .decided else { return }
    switch input {
    case .start(let round, let role): start(round, role, &effects)

    case .proposal(let block, let polkaRound, let isValid):
      // L22–L27, L28–L33
      guard step == .propose else { return }
      guard polkaRound.map({ $0 < round }) ?? true else { return }
      let agrees = isValid && accepts(block, polkaRound: polkaRound)
      prevote(agrees ? block : nil, validRound: agrees ? polkaRound : nil, &effects)

    case .polkaAny:
      // L34–L35
      guard step == .prevote, !progress.waitsForPrevotes else { return }
      progress.waitsForPrevotes = true
      effects.append(.schedule(.prevote))

    case .polka(let block): lock(block, &effects)

    case .polkaNil, .hopelessPrevotes:
      // L44–L46; the lock stays
      if step == .propose, input == .hopelessPrevotes { prevote(nil, validRound: nil, &effects) }
      guard step == .prevote else { return }
      precommit(nil, &effects)

    case .precommitAny:
      // L47–L48
      guard !progress.waitsForPrecommits else { return }
      progress.waitsForPrecommits = true
      effects.append(.schedule(.precommit))

    case .commit(let block, let round):
      // L49–L54
      step = .decided
      effects.append(.decide(block, round))

    case .timeout(let kind, let timedRound):
      guard timedRound == round else { return }
      timeout(kind, &effects)

    case .pastPolka(let block, let polkaRound):
      guard polkaRound < round, valid.map({ $0.round < polkaRound }) ?? true else { return }
      valid = Polka(block: block, round: polkaRound)

    case .hopelessPrecommits: effects.append(.leave(for: round + 1))

    case .absentProposer:
      guard step == .propose else { return }
      prevote(nil, validRound: nil, &effects)
    }
  }

  /// L11–L21: `StartRound`.
  private mutating func start(_ round: Round, _ role: Role, _ effects: inout [Effect]) {
    guard step == .waiting || round > self.round else { return }
    self.round = round
    step = .propose
    progress = Progress()
    if role == .proposer {
      if let valid {
        effects.append(.propose(valid.block, polkaRound: valid.round))
      } else {
        effects.append(.requestBlock)
      }
    }
    // Also for the proposer: it waits for its own block, and the guard may refuse its proposal.
    effects.append(.schedule(.propose))
  }

  /// L36–L43.
  private mutating func lock(_ block: Digest, _ effects: inout [Effect]) {
    guard step >= .prevote, !progress.sawPolka else { return }
    progress.sawPolka = true
    valid = Polka(block: block, round: round)
    guard step == .prevote else { return }
    if let locked, locked.block != block { otherLockRound = locked.round }
    locked = Polka(block: block, round: round)
    precommit(block, &effects)
  }

  private mutating func timeout(_ kind: Timer.Kind, _ effects: inout [Effect]) {
    switch kind {
    case .propose where step == .propose:
      // L57–L60
      prevote(nil, validRound: nil, &effects)
    case .prevote where step == .prevote:
      // L61–L64
      precommit(nil, &effects)
    case .precommit:
      // L65–L67: in any step
      effects.append(.leave(for: round + 1))
    default: break
    }
  }

  private mutating func prevote(_ block: Digest?, validRound: Round?, _ effects: inout [Effect]) {
    step = .prevote
    effects.append(.prevote(block, validRound: validRound))
  }

  private mutating func precommit(_ block: Digest?, _ effects: inout [Effect]) {
    step = .precommit
    effects.append(.precommit(block))
  }

  /// Whether the lock allows a prevote for `block`: L23 without a polka round, L29 with one.
  ///
  /// Stricter than the paper in one case, so that no correct validator can be accused of amnesia: whoever
  /// precommitted A and later locked B does not prevote B on a justification older than its precommit of A, though
  /// its lock would allow it. Voting nil is always allowed, and a correct proposer names the newest polka anyway.
  func accepts(_ block: Digest, polkaRound: Round?) -> Bool {
    guard let locked else { return true }
    if let polkaRound, locked.round <= polkaRound { return true }
    guard locked.block == block else { return false }
    guard let otherLockRound else { return true }
    return polkaRound.map { otherLockRound <= $0 } ?? false
  }
}
