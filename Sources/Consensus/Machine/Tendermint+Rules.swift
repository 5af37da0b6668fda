import Chain
import Cryptography
import Primitives

/// Gives the round machine each input whose condition holds, and performs its effects. L-numbers are lines of
/// the Tendermint paper's pseudo-code (arXiv:1807.04938).
extension Tendermint {
  /// Applies rules until none applies any more. If several apply, the first of this order does: commit,
  /// polkas, proposals with a polka, fresh proposals, nil, waiting. The order must not change, since replay
  /// depends on it.
  mutating func evaluate(_ turn: inout Turn) {
    if let commit = voteSet.commit, let other = voteSet.conflictingCommit {
      raise(.conflictingCommits(commit, other), &turn)
    }
    while machine.step != .decided, start != nil {
      requestNeededBlocks(&turn)
      guard let input = enabled() else { return }
      let before = machine
      run(input, &turn)
      // An input that changed nothing would stay enabled, and the loop would not end.
      if machine == before { return }
    }
  }

  // MARK: Enabled rules

  /// The next input whose condition holds; nil when none does.
  private func enabled() -> RoundMachine.Input? {
    if let input = enabledCommit() { return input }
    if machine.step == .waiting {
      let hasHonest = voteSet.validators.meetsHonestThreshold(voteSet.seenPower)
      return isAwake || hasHonest ? .start(0, role(in: 0)) : nil
    }
    return enabledPolka() ?? enabledProposal() ?? enabledNil() ?? enabledWait()
  }

  /// L49: a quorum precommitted a valid block.
  private func enabledCommit() -> RoundMachine.Input? {
    guard let commit = voteSet.commit, alarm == nil, blocks[commit.block] == .valid else { return nil }
    return .commit(commit.block, commit.round)
  }

  /// L36, and polkas of earlier rounds that arrived late.
  private func enabledPolka() -> RoundMachine.Input? {
    for polka in voteSet.polkas(of: machine.round) where blocks[polka.block] == .valid {
      // A quorum prevoted the block, so it was proposed. The proposal itself is not needed.
      if machine.step == .propose {
        return .proposal(polka.block, polkaRound: polka.validRound, isValid: true)
      }
      if !machine.progress.sawPolka { return .polka(polka.block) }
    }
    let past = voteSet.polkas.last { $0.round < machine.round && blocks[$0.block] == .valid }
    if let past, machine.valid.map({ $0.round < past.round }) ?? true {
      return .pastPolka(past.block, past.round)
    }
    return nil
  }

  /// L28: proposals with a polka; then L22: fresh proposals; then the end of the wait for an absent proposer.
  private func enabledProposal() -> RoundMachine.Input? {
    guard machine.step == .propose else { return nil }
    let entries = proposals.proposals(of: machine.round)
    for entry in entries {
      guard let validRound = entry.proposal.validRound,
        voteSet.hasPolka(entry.proposal.block, round: validRound)
      else { continue }
      if let input = proposalInput(entry) { return input }
    }
    for entry in entries where entry.proposal.validRound == nil {
      if let input = proposalInput(entry) { return input }
    }
    return isAbsent(entries) ? .absentProposer : nil
  }

  /// The input that gives the proposal to the round machine, valid or not; nil until the block has been
  /// validated.
  private func proposalInput(_ entry: ProposalSet.Entry) -> RoundMachine.Input? {
    let (block, validRound) = (entry.proposal.block, entry.proposal.validRound)
    let invalid = RoundMachine.Input.proposal(block, polkaRound: validRound, isValid: false)
    guard entry.isTimely, machine.canPrevote(block, polkaRound: validRound) else { return invalid }
    switch blocks[block] {
    case .valid: return .proposal(block, polkaRound: validRound, isValid: true)
    case .invalid: return invalid
    case .proposed, .fetching, nil: return nil
    }
  }

  /// Whether the proposer of the round need not be waited for (`HeightStart.absent`).
  private func isAbsent(_ entries: [ProposalSet.Entry]) -> Bool {
    guard entries.isEmpty, machine.round < Self.absenceRounds, let start, !start.absent.isEmpty else {
      return false
    }
    guard let proposer, proposer != ownIndex, start.absent.contains(proposer) else { return false }
    return !voteSet.seenVoters.contains(proposer)
  }

  /// L44, and the end of the wait for prevotes that can no longer agree.
  private func enabledNil() -> RoundMachine.Input? {
    let round = machine.round
    if machine.step == .prevote, voteSet.isPolkaNil(round) { return .polkaNil }
    guard machine.step < .precommit, round < Self.earlyExitRounds else { return nil }
    return voteSet.isQuorumImpossible(.prevote, round) ? .prevoteQuorumImpossible : nil
  }

  /// L34 and L47, and the end of a round whose precommits can no longer agree.
  private func enabledWait() -> RoundMachine.Input? {
    let round = machine.round
    if machine.step == .prevote, !machine.progress.waitsForPrevotes, voteSet.hasQuorum(.prevote, round) {
      return .polkaAny
    }
    guard voteSet.hasQuorum(.precommit, round) else { return nil }
    if round < Self.earlyExitRounds, voteSet.isQuorumImpossible(.precommit, round) {
      return .precommitQuorumImpossible
    }
    return machine.progress.waitsForPrecommits ? nil : .precommitAny
  }

  func role(in round: Round) -> RoundMachine.Role {
    var schedule = schedule
    return canSign && schedule.proposer(round: round) == ownIndex ? .proposer : .follower
  }

  // MARK: Blocks

  /// Asks for the validation of every block that a rule of the current round needs.
  private mutating func requestNeededBlocks(_ turn: inout Turn) {
    for entry in proposals.proposals(of: machine.round) where machine.step > .waiting {
      requestIfUnknown(entry.proposal.block, &turn)
    }
    if let newest = voteSet.polkas.last { requestIfUnknown(newest.block, &turn) }
    for polka in voteSet.polkas(of: machine.round) { requestIfUnknown(polka.block, &turn) }
    guard let commit = voteSet.commit else { return }
    requestIfUnknown(commit.block, &turn)
    if blocks[commit.block] == .invalid { raise(.invalidCommit(commit), &turn) }
  }

  private mutating func requestIfUnknown(_ block: Digest, _ turn: inout Turn) {
    guard blocks[block] == nil else { return }
    let isProposed = proposals.contains(block)
    blocks[block] = isProposed ? .proposed : .fetching
    turn.effects.append(isProposed ? .validateBlock(block) : .fetchBlock(block, height))
  }

  /// Forgets the validity of blocks that no proposal, polka, lock or commit names. Does nothing while few
  /// blocks are known, because a polka for a forgotten block may still arrive.
  private mutating func forgetBlocks() {
    guard blocks.count > Self.maximumBlocks else { return }
    var kept: [Digest: BlockState] = [:]
    func keep(_ block: Digest?) {
      if let block { kept[block] = blocks[block] }
    }
    for entry in proposals.entries { keep(entry.proposal.block) }
    for polka in voteSet.polkas { keep(polka.block) }
    keep(machine.locked?.block)
    keep(machine.valid?.block)
    keep(voteSet.commit?.block)
    blocks = kept
  }

  // MARK: Effects of the round machine

  mutating func run(_ input: RoundMachine.Input, _ turn: inout Turn) {
    var answers: [RoundMachine.Effect] = []
    let before = (machine.round, machine.step)
    machine.handle(input, &answers)
    if machine.step != .waiting {
      activeTimers.removeAll { $0.kind == .maximumBlockInterval || $0.kind == .minimumBlockInterval }
    }
    if before != (machine.round, machine.step) {
      turn.effects.append(.enteredRound(height, machine.round, machine.step))
    }
    for answer in answers { perform(answer, &turn) }
  }

  private mutating func perform(_ answer: RoundMachine.Effect, _ turn: inout Turn) {
    switch answer {
    case .propose(let block, let polkaRound):
      sign(.proposal, block: block, validRound: polkaRound, &turn)
    case .requestBlock:
      isAwaitingBlock = true
      turn.effects.append(.requestBlock(height, machine.round))
    case .prevote(let block, let validRound):
      sign(.prevote, block: block, validRound: validRound, &turn)
    case .precommit(let block): sign(.precommit, block: block, validRound: nil, &turn)
    case .schedule(let kind):
      startTimer(kind, after: configuration.timeouts.interval(kind, round: machine.round), &turn)
    case .leave(let round):
      enter(round, proof: voteSet.roundCertificate(leaving: machine.round), &turn)
    case .decide(let block, let round): decide(block, round, &turn)
    }
  }

  /// L11: leaves the current round without a decision, sends its polkas and `proof` to all validators, and
  /// starts `round`. `proof` shows that the round may be entered.
  mutating func enter(_ round: Round, proof: RoundCertificate?, _ turn: inout Turn) {
    guard round > machine.round, round <= ChainLimits.round, machine.step != .decided else { return }
    for polka in voteSet.polkas(of: machine.round) { broadcastCertificate(polka, &turn) }
    if let proof {
      turn.effects.append(.sendRoundCertificate(proof, to: nil))
    }
    roundProof = proof
    isAwake = true
    activeTimers = []
    ownBlock = nil
    isAwaitingBlock = false
    voteSet.enter(round)
    proposals.enter(round)
    // This stores the proposer in `schedule`. `role` computes on a copy, which finds it there.
    _ = schedule.proposer(round: round)
    run(.start(round, role(in: round)), &turn)
    forgetBlocks()
    turn.effects.append(.broadcastStatus(status))
  }

  private mutating func decide(_ block: Digest, _ round: Round, _ turn: inout Turn) {
    guard let certificate = voteSet.commit else { return }
    activeTimers = []
    isAwaitingBlock = false
    certifiedHeight = max(certifiedHeight, height)
    collector = CommitCollector(
      certificate,
      validators: voteSet.validators,
      votes: voteSet.precommits(of: round)
    )
    // The proposer sent this node another block than the decided one. Other nodes need that proposal as
    // evidence.
    for entry in proposals.proposals(of: round) where entry.proposal.block != block {
      turn.effects.append(.broadcastProposal(entry.proposal))
    }
    turn.effects.append(.decide(height, round, block: block, certificate: certificate))
  }

  // MARK: Signing

  /// Whether the node may sign now: it is in the validator set, there is no alarm, and the commit of this
  /// height is not known.
  var canSign: Bool {
    guard ownIndex != nil, alarm == nil else { return false }
    return voteSet.commit == nil && height > certifiedHeight
  }

  mutating func sign(
    _ kind: SigningRequest.Kind,
    block: Digest?,
    validRound: Round?,
    _ turn: inout Turn
  ) {
    guard canSign, let ownIndex else { return }
    let request = SigningRequest(
      kind: kind,
      height: height,
      round: machine.round,
      validRound: validRound,
      block: block,
      validator: ownIndex
    )
    pendingSignatures.append(request)
    turn.effects.append(.sign(request))
  }
}
