public import Chain
import Cryptography
public import Primitives

/// Tendermint (Buchman, Kwon, Milosevic: "The latest gossip on BFT consensus", arXiv:1807.04938) as a pure
/// machine, one height after another.
///
/// What differs from the paper: prevotes carry their justification; polkas, round and commit certificates are
/// pushed instead of relaying all votes; blocks are made on demand; hopeless rounds end early.
/// `Sources/README.md`, "Where we differ from the papers", gives the reasons.
///
/// **On demand.** Round 0 waits (`Step.waiting`) until a node knows of work itself, its own longest interval
/// is over, the round's proposer proposes, or validators of honest power have voted or a certificate came: then at
/// least one correct node was awake. Only then does it start the timer for the proposal. So an idle proposer is not
/// timed out, a dead one is, by everybody who knows of work at once and by the others after the interval at the latest,
/// and a faulty minority wakes nobody.
///
/// **Replay.** State depends on the logged inputs alone. What is kept outside the log (messages of later heights and
/// of rounds far ahead) acts only by being consumed as a logged input.
public struct Tendermint: Sendable {
  public private(set) var configuration: TendermintConfiguration

  /// 0 before the first `beginHeight`.
  public internal(set) var height: Height = 0
  var start: HeightStart?
  var ownIndex: ValidatorIndex?
  var machine = RoundMachine()
  var keeper: VoteKeeper
  var proposals = ProposalKeeper()
  var schedule: ProposerSchedule
  var blocks: [Digest: BlockState] = [:]
  /// Own fresh block of the current round, until and after it is proposed.
  var ownBlock: OwnBlock?
  var awaitsBlock = false
  /// Requested and not given back.
  var pendingSignatures: [SigningRequest] = []
  /// Scheduled and still wanted.
  var armed: [Timer] = []
  var isAwake = false
  var hasWork = false
  /// The highest height with a known commit certificate: nothing is signed for it or below.
  var certifiedHeight: Height = 0
  public internal(set) var alarm: Alarm?

  // Outside the log.
  var future = FutureMessages()
  var collector: CommitCollector?
  /// The votes of the newest decided height, with those that came late.
  var lastKeeper: VoteKeeper?
  /// The proposals of the height before this one.
  var lastProposals: ProposalKeeper?
  /// Why the current round was entered.
  var roundProof: RoundCertificate?
  var lastBeginning: Instant?
  var isReplaying = false

  /// Early exits end here: should every round be refused at once, rounds go on at the timers' pace.
  static let lastHastyRound: Round = 16
  /// Absent proposers are waited for from this round on, so that wrong opinions cost a bounded number of rounds.
  static let absenceRounds: Round = 8

  /// Blocks whose validity is remembered from round to round; those that a lock or polka names come in addition.
  static let maximumBlocks = 64

  enum BlockState: UInt8, Hashable, Sendable {
    /// Its validation was asked for.
    case proposed = 1
    /// It was asked for, to be validated.
    case fetching = 2
    case valid = 3
    case invalid = 4
  }

  struct OwnBlock: Hashable, Sendable {
    var round: Round
    var block: Digest
    var time: Timestamp
  }

  public init(configuration: TendermintConfiguration) {
    self.configuration = configuration
    let nobody = ValidatorSet.nobody
    keeper = VoteKeeper(height: 0, validators: nobody)
    schedule = ProposerSchedule(nobody)
  }

  /// Another longest interval, for heights that begin from now on. It decides when to wake, not what is signed.
  public mutating func setMaximumBlockInterval(_ interval: Interval) {
    configuration.maximumBlockInterval = interval
  }

  /// Handles one input; appends what is to be done, in order.
  public mutating func step(_ input: Input, at now: Instant, effects: inout [Effect]) {
    consume(input, at: now, effects: &effects)
    while let next = followUp() { consume(next, at: now, effects: &effects) }
  }

  // MARK: Where it stands

  public var round: Round { machine.round }
  public var step: Step { machine.step }
  /// Of the current height; nil before the first.
  public var validators: ValidatorSet? { start?.validators }
  /// The own place in the current set; nil for a node that follows.
  public var validatorIndex: ValidatorIndex? { ownIndex }
  /// The newest commit certificate below the current height, with precommits that came since.
  public var lastCommit: Certificate? { collector?.certificate }

  /// Evidence that a verified commit certificate of the last height gives, together with the precommits received here.
  public func compare(_ certificate: Certificate) -> [Evidence] {
    guard let collector, certificate.height == collector.certificate.height else { return [] }
    return collector.contradictions(with: certificate)
  }

  /// Whose turn the current round is.
  public var proposer: ValidatorIndex? {
    guard start != nil else { return nil }
    var schedule = schedule
    return schedule.proposer(round: machine.round)
  }

  public var status: ConsensusStatus {
    ConsensusStatus(
      height: height,
      round: machine.round,
      step: machine.step,
      validRound: machine.valid?.round,
      prevotes: keeper.have(.prevote, machine.round).bytes,
      precommits: keeper.have(.precommit, machine.round).bytes
    )
  }
}

extension Tendermint {
  /// Begins a height, whatever became of the last.
  mutating func begin(_ start: HeightStart, at now: Instant, effects: inout [Effect]) {
    guard start.height > height else { return }
    note(.beginHeight(start), &effects)
    let collected = collector?.certificate
    if collected?.height != start.height - 1 || collected?.block != start.lastCommit?.block {
      collector = start.lastCommit.map { CommitCollector($0, validators: nil) }
    }
    if lastKeeper.map({ $0.height + 1 != start.height }) ?? true {
      lastKeeper = height > 0 && height + 1 == start.height ? keeper : nil
    }
    lastProposals = height > 0 && height + 1 == start.height ? proposals : nil
    height = start.height
    self.start = start
    ownIndex = configuration.key.flatMap { start.validators.index(ofKey: $0) }
    machine = RoundMachine()
    keeper = VoteKeeper(height: height, validators: start.validators)
    proposals = ProposalKeeper()
    schedule = ProposerSchedule(start.validators)
    blocks = [:]
    ownBlock = nil
    awaitsBlock = false
    pendingSignatures = []
    armed = []
    isAwake = false
    hasWork = false
    roundProof = nil
    certifiedHeight = max(certifiedHeight, height - 1)
    effects.append(.enteredRound(height, 0, .waiting))
    arm(.blockInterval, after: configuration.maximumBlockInterval, &effects)
    if configuration.minimumBlockInterval > .zero {
      let earliest = lastBeginning.map { $0 + configuration.minimumBlockInterval } ?? now
      arm(.pace, after: earliest.since(now), &effects)
    }
    effects.append(.schedule(Timer(.status, height: height), after: configuration.statusInterval))
    lastBeginning = now
  }

  /// Records a consumed input.
  func note(_ input: Input, _ effects: inout [Effect]) {
    effects.append(.log(LogRecord(logged: input)))
  }

  mutating func arm(_ kind: Timer.Kind, after interval: Interval, _ effects: inout [Effect]) {
    let timer = Timer(kind, height: height, round: machine.round)
    armed.append(timer)
    effects.append(.schedule(timer, after: interval))
  }

  /// An input that waited outside the log for its time to come.
  mutating func followUp() -> Input? {
    guard !isReplaying, start != nil, machine.step != .decided else { return nil }
    if let certificate = keeper.skipCertificate { return .roundCertificate(certificate) }
    if let vote = keeper.takeDue() { return .vote(vote) }
    return future.next(of: height)
  }
}
