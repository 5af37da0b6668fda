public import Chain
import Cryptography
public import Primitives

/// Tendermint (Buchman, Kwon, Milosevic: "The latest gossip on BFT consensus", arXiv:1807.04938) as a pure
/// state machine that decides one height after another.
///
/// It differs from the paper in these points: prevotes carry their justification; validators send polkas,
/// round certificates and commit certificates instead of relaying all votes; blocks are made on demand;
/// rounds that cannot decide end early. `Sources/README.md`, "Where we differ from the papers", gives the
/// reasons.
///
/// **Blocks on demand.** Round 0 waits (`Step.waiting`) until one of these happens: this node has work; its
/// longest block interval is over; the proposal of round 0 arrives; validators with more than a third of the
/// power have voted, or a certificate arrives, either of which proves that a correct node has started. Only
/// then does the node start the timer for the proposal. Therefore a proposer without work does not time out.
/// A proposer that has crashed does: at once at nodes that have work, and at the others after the longest
/// block interval at the latest. Faulty validators with less than a third of the power cannot start a round.
///
/// **Replay.** The state depends on the logged inputs alone. Messages of later heights and of rounds far
/// ahead are stored outside the log; they change the state only when they are consumed as logged inputs.
public struct Tendermint: Sendable {
  /// The settings that the machine was made with, and the longest block interval as it was set last.
  public private(set) var configuration: TendermintConfiguration

  /// The current height; 0 before the first `beginHeight`.
  public internal(set) var height: Height = 0
  var start: HeightStart?
  var ownIndex: ValidatorIndex?
  var machine = RoundMachine()
  var voteSet: HeightVoteSet
  var proposals = ProposalSet()
  var schedule: ProposerSchedule
  var blocks: [Digest: BlockState] = [:]
  /// The block that this node built for the current round.
  var ownBlock: OwnBlock?
  var isAwaitingBlock = false
  /// Signatures that were requested and have not been given back.
  var pendingSignatures: [SigningRequest] = []
  /// Timers that were scheduled and that the machine still waits for.
  var activeTimers: [Timer] = []
  var isAwake = false
  var hasWork = false
  /// The highest height whose commit certificate is known. The machine signs nothing at this height or below.
  var certifiedHeight: Height = 0
  /// The first alarm that was raised; nil when there is none. It is never cleared.
  public internal(set) var alarm: Alarm?

  // The following is not logged and does not decide what is signed.
  var future = FutureMessages()
  var collector: CommitCollector?
  /// The votes of the newest decided height, with those that arrived after the decision.
  var lastVoteSet: HeightVoteSet?
  /// The proposals of the height before this one.
  var lastProposals: ProposalSet?
  /// The proof that the current round may be entered.
  var roundProof: RoundCertificate?
  var lastHeightStartedAt: Instant?
  var isReplaying = false

  /// From this round on, no round ends early. So if every round failed at once, later rounds would still take
  /// the time of their timers.
  static let earlyExitRounds: Round = 16
  /// From this round on, the machine waits for absent proposers too. So wrong opinions about who is absent
  /// cost a bounded number of rounds.
  static let absenceRounds: Round = 8

  /// The number of blocks whose validity is remembered from round to round. Blocks that a lock or polka names
  /// come in addition.
  static let maximumBlocks = 64

  enum BlockState: UInt8, Hashable, Sendable {
    /// The block was proposed here, and its validation was requested.
    case proposed = 1
    /// The block was not proposed here. It was requested from peers for validation.
    case fetching = 2
    case valid = 3
    case invalid = 4
  }

  struct OwnBlock: Hashable, Sendable {
    var round: Round
    var block: Digest
    var time: Timestamp
  }

  /// A machine that waits for its first `beginHeight`.
  public init(configuration: TendermintConfiguration) {
    self.configuration = configuration
    let nobody = ValidatorSet.empty
    voteSet = HeightVoteSet(height: 0, validators: nobody)
    schedule = ProposerSchedule(nobody)
  }

  /// Changes the longest block interval for heights that begin from now on. The interval is not logged: it
  /// decides when round 0 starts, not what is signed.
  public mutating func setMaximumBlockInterval(_ interval: Interval) {
    configuration.maximumBlockInterval = interval
  }

  /// The time at which an input is handled, and the buffer for its effects.
  public typealias Turn = Primitives.Turn<Effect>

  /// Handles one input and appends its effects in the order in which the caller must perform them.
  public mutating func step(_ input: Input, _ turn: inout Turn) {
    consume(input, &turn)
    while let next = nextDeferredInput() { consume(next, &turn) }
  }

  // MARK: Progress

  /// The current round of the current height.
  public var round: Round { machine.round }
  /// The current step of the current round.
  public var step: Step { machine.step }
  /// The validators of the current height; nil before the first.
  public var validators: ValidatorSet? { start?.validators }
  /// This node's place in the validator set of the current height; nil for a node that is not in it.
  public var validatorIndex: ValidatorIndex? { ownIndex }
  /// The newest commit certificate that was decided here or came with `beginHeight`, with the precommits that
  /// arrived since.
  public var lastCommit: Certificate? { collector?.certificate }

  /// The evidence that follows from `certificate` and the precommits received here: validators that signed
  /// both. `certificate` is a verified commit certificate of the last decided height; for other heights the
  /// result is empty.
  public func contradictions(with certificate: Certificate) -> [Evidence] {
    guard let collector, certificate.height == collector.certificate.height else { return [] }
    return collector.contradictions(with: certificate)
  }

  /// The proposer of the current round; nil before the first height.
  public var proposer: ValidatorIndex? {
    guard start != nil else { return nil }
    var schedule = schedule
    return schedule.proposer(round: machine.round)
  }

  /// The status that this node sends to peers.
  public var status: ConsensusStatus {
    ConsensusStatus(
      height: height,
      round: machine.round,
      step: machine.step,
      validRound: machine.valid?.round,
      prevotes: voteSet.voters(.prevote, machine.round).bytes,
      precommits: voteSet.voters(.precommit, machine.round).bytes
    )
  }
}

extension Tendermint {
  /// Begins a height, even if the last one was not decided here. Ignored unless the height is above the
  /// current one.
  mutating func begin(_ start: HeightStart, _ turn: inout Turn) {
    guard start.height > height else { return }
    logInput(.beginHeight(start), &turn)
    let collected = collector?.certificate
    if collected?.height != start.height - 1 || collected?.block != start.lastCommit?.block {
      collector = start.lastCommit.map { CommitCollector($0, validators: nil) }
    }
    if lastVoteSet.map({ $0.height + 1 != start.height }) ?? true {
      lastVoteSet = height > 0 && height + 1 == start.height ? voteSet : nil
    }
    lastProposals = height > 0 && height + 1 == start.height ? proposals : nil
    height = start.height
    self.start = start
    ownIndex = configuration.key.flatMap { start.validators.index(ofKey: $0) }
    machine = RoundMachine()
    voteSet = HeightVoteSet(height: height, validators: start.validators)
    proposals = ProposalSet()
    schedule = ProposerSchedule(start.validators)
    blocks = [:]
    ownBlock = nil
    isAwaitingBlock = false
    pendingSignatures = []
    activeTimers = []
    isAwake = false
    hasWork = false
    roundProof = nil
    certifiedHeight = max(certifiedHeight, height - 1)
    turn.effects.append(.enteredRound(height, 0, .waiting))
    startTimer(.maximumBlockInterval, after: configuration.maximumBlockInterval, &turn)
    if configuration.minimumBlockInterval > .zero {
      let earliest = lastHeightStartedAt.map { $0 + configuration.minimumBlockInterval } ?? turn.now
      startTimer(.minimumBlockInterval, after: earliest.since(turn.now), &turn)
    }
    turn.effects.append(.schedule(Timer(.status, height: height), after: configuration.statusInterval))
    lastHeightStartedAt = turn.now
  }

  /// Asks the caller to log a consumed input.
  func logInput(_ input: Input, _ turn: inout Turn) {
    turn.effects.append(.log(LogRecord(logged: input)))
  }

  mutating func startTimer(_ kind: Timer.Kind, after interval: Interval, _ turn: inout Turn) {
    let timer = Timer(kind, height: height, round: machine.round)
    activeTimers.append(timer)
    turn.effects.append(.schedule(timer, after: interval))
  }

  /// The next input from the messages that are stored outside the log, if one can be consumed now.
  mutating func nextDeferredInput() -> Input? {
    guard !isReplaying, start != nil, machine.step != .decided else { return nil }
    if let certificate = voteSet.skipCertificate { return .roundCertificate(certificate) }
    if let vote = voteSet.nextVoteInReach() { return .vote(vote) }
    return future.next(of: height)
  }
}
