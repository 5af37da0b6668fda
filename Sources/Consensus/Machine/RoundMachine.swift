import Chain
import Cryptography

/// Algorithm 1 of the Tendermint paper (arXiv:1807.04938) for one height. It decides what to vote, when to
/// start a timer and when to move to the next round.
///
/// The machine counts no votes and reads no messages: `Tendermint` gives it one input after the other, each
/// when the condition of the paper's rule holds. L-numbers are the lines of the paper's pseudo-code.
///
/// It differs from the paper in three points: the lock in `canPrevote` is stricter; the inputs
/// `prevoteQuorumImpossible`, `precommitQuorumImpossible` and `absentProposer` end waiting early, which only
/// adds votes for nil or ends a round that cannot decide; and a polka of an earlier round that arrives late
/// (`pastPolka`) updates the valid block.
struct RoundMachine: Hashable, Sendable {
  /// A block and the round in which a quorum prevoted it.
  struct Polka: Hashable, Sendable {
    var block: Digest
    var round: Round
  }

  enum Role: Hashable, Sendable {
    case proposer
    case follower
  }

  enum Input: Hashable, Sendable {
    /// L11: the round begins.
    case start(Round, Role)
    /// L22 and L28: the proposal of this round is here. If `polkaRound` is set, the polka of that round for
    /// the same block is here too.
    case proposal(Digest, polkaRound: Round?, isValid: Bool)
    /// L34: a quorum prevoted in this round, for any blocks or nil.
    case polkaAny
    /// L36: a quorum prevoted this block in this round, and the block is valid.
    case polka(Digest)
    /// L44: a quorum prevoted nil in this round.
    case polkaNil
    /// L47: a quorum precommitted in this round, for any blocks or nil.
    case precommitAny
    /// L49: a quorum precommitted this block in the given round, which may be any, and the block is valid.
    case commit(Digest, Round)
    /// L57, L61 and L65: the timer for the proposal, for prevotes or for precommits of the round is over.
    case timeout(Timer.Kind, Round)
    /// A quorum prevoted this block in an earlier round, and the block is valid.
    case pastPolka(Digest, Round)
    /// No block can get a quorum of prevotes in this round any more.
    case prevoteQuorumImpossible
    /// A quorum precommitted, and no block can get a quorum of precommits in this round any more.
    case precommitQuorumImpossible
    /// The proposer has not voted for many heights, and nothing of it has arrived at this height.
    case absentProposer
  }

  enum Effect: Hashable, Sendable {
    case propose(Digest, polkaRound: Round)
    case requestBlock
    case prevote(Digest?, validRound: Round?)
    case precommit(Digest?)
    case schedule(Timer.Kind)
    /// Leave the current round. `Tendermint` answers with `start` of the given round.
    case leave(for: Round)
    case decide(Digest, Round)
  }

  /// The rules that may fire only once in a round and have fired in the current one.
  struct Progress: Hashable, Sendable {
    var waitsForPrevotes = false
    var waitsForPrecommits = false
    var sawPolka = false
  }

  private(set) var round: Round = 0
  private(set) var step: Step = .waiting
  /// The block that this node last precommitted, and the round (`lockedValue` and `lockedRound` in the
  /// paper).
  private(set) var locked: Polka?
  /// The block of the newest polka, which this node proposes again (`validValue` and `validRound` in the
  /// paper). Its round is never before that of `locked`.
  private(set) var valid: Polka?
  /// The newest round in which this node precommitted another block than the locked one.
  private(set) var otherLockRound: Round?
  private(set) var progress = Progress()

  mutating func handle(_ input: Input, _ effects: inout [Effect]) {
    guard step != .decided else { return }
    switch input {
    case .start(let round, let role): start(round, role, &effects)

    case .proposal(let block, let polkaRound, let isValid):
      // L22–L27, L28–L33
      guard step == .propose else { return }
      guard polkaRound.map({ $0 < round }) ?? true else { return }
      let agrees = isValid && canPrevote(block, polkaRound: polkaRound)
      prevote(agrees ? block : nil, validRound: agrees ? polkaRound : nil, &effects)

    case .polkaAny:
      // L34–L35
      guard step == .prevote, !progress.waitsForPrevotes else { return }
      progress.waitsForPrevotes = true
      effects.append(.schedule(.prevote))

    case .polka(let block): lock(block, &effects)

    case .polkaNil, .prevoteQuorumImpossible:
      // L44–L46. The lock stays.
      if step == .propose, input == .prevoteQuorumImpossible { prevote(nil, validRound: nil, &effects) }
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

    case .precommitQuorumImpossible: effects.append(.leave(for: round + 1))

    case .absentProposer:
      guard step == .propose else { return }
      prevote(nil, validRound: nil, &effects)
    }
  }

  /// L11–L21 (`StartRound`).
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
    // The proposer starts the timer too: it waits for its own block, and the signing guard may refuse its
    // proposal.
    effects.append(.schedule(.propose))
  }

  /// L36–L43: locks a block for which a quorum prevoted in this round, and precommits it.
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
      // L65–L67. This rule holds in every step.
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
  /// The rule is stricter than the paper in one case, so that no correct validator can be accused of amnesia
  /// (a prevote that ignores an earlier precommit): a validator that precommitted A and later locked B does
  /// not prevote B with a justification older than its precommit of A, though the paper allows it. This costs
  /// nothing, since a vote for nil is always allowed and a correct proposer names the newest polka.
  func canPrevote(_ block: Digest, polkaRound: Round?) -> Bool {
    guard let locked else { return true }
    if let polkaRound, locked.round <= polkaRound { return true }
    guard locked.block == block else { return false }
    guard let otherLockRound else { return true }
    return polkaRound.map { otherLockRound <= $0 } ?? false
  }
}
