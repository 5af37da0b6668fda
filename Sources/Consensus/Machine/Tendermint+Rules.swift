import Chain
import Cryptography
import Primitives

/// Gives the round machine each input whose condition holds, and carries out its effects.
extension Tendermint {
  /// Applies rules until none applies any more. If several apply, the first of this order does: commit,
  /// polkas, proposals with a polka, fresh proposals, nil, waiting. The order must not change, since replay
  /// depends on it.
  mutating func evaluate(_ effects: inout [Effect]) {
    if let commit = keeper.commit, let other = keeper.conflictingCommit {
      raise(.conflictingCommits(commit, other), &effects)
    }
    while machine.step != .decided, start != nil {
      wanted(&effects)
      guard let input = enabled() else { return }
      let before = machine
      run(input, &effects)
      // An input that changed nothing would stay enabled, and the loop would not end.
      if machine == before { return }
    }
  }

  // MARK: Enabled rules

  /// The next input whose condition holds; nil when none does.
  private func enabled() -> RoundMachine.Input? {
    if let input = enabledCommit() { return input }
    if machine.step == .waiting {
      let hasHonest = keeper.validators.isHonest(keeper.heardPower)
      return isAwake || hasHonest ? .start(0, role(in: 0)) : nil
    }
    return enabledPolka() ?? enabledProposal() ?? enabledNil() ?? enabledWait()
  }

  /// L49: a quorum precommitted a valid block.
  private func enabledCommit() -> RoundMachine.Input? {
    guard let commit = keeper.commit, alarm == nil, blocks[commit.block] == .valid else { return nil }
    return .commit(commit.block, commit.round)
  }

  /// L36, and polkas of earlier rounds that arrived late.
  private func enabledPolka() -> RoundMachine.Input? {
    for polka in keeper.polkas(of: machine.round) where blocks[polka.block] == .valid {
      // A quorum prevoted the block, so it was proposed. The proposal itself is not needed.
      if machine.step == .propose {
        return .proposal(polka.block, polkaRound: polka.validRound, isValid: true)
      }
      if !machine.progress.sawPolka { return .polka(polka.block) }
    }
    let past = keeper.polkas.last { $0.round < machine.round && blocks[$0.block] == .valid }
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
        keeper.hasPolka(entry.proposal.block, round: validRound)
      else { continue }
      if let input = verdict(entry) { return input }
    }
    for entry in entries where entry.proposal.validRound == nil {
      if let input = verdict(entry) { return input }
    }
    return isAbsent(entries) ? .absentProposer : nil
  }

  /// The input that gives the proposal to the round machine, valid or not; nil until the block has been
  /// validated.
  private func verdict(_ entry: ProposalKeeper.Entry) -> RoundMachine.Input? {
    let (block, validRound) = (entry.proposal.block, entry.proposal.validRound)
    let refused = RoundMachine.Input.proposal(block, polkaRound: validRound, isValid: false)
    guard entry.isTimely, machine.accepts(block, polkaRound: validRound) else { return refused }
    switch blocks[block] {
    case .valid: return .proposal(block, polkaRound: validRound, isValid: true)
    case .invalid: return refused
    case .proposed, .fetching, nil: return nil
    }
  }

  /// Whether the proposer of the round need not be waited for (`HeightStart.absent`).
  private func isAbsent(_ entries: [ProposalKeeper.Entry]) -> Bool {
    guard entries.isEmpty, machine.round < Self.absenceRounds, let start, !start.absent.isEmpty else {
      return false
    }
    guard let proposer, proposer != ownIndex, start.absent.contains(proposer) else { return false }
    return !keeper.heard.contains(proposer)
  }

  /// L44, and the end of the wait for prevotes that can no longer agree.
  private func enabledNil() -> RoundMachine.Input? {
    let round = machine.round
    if machine.step == .prevote, keeper.isPolkaNil(round) { return .polkaNil }
    guard machine.step < .precommit, round < Self.lastHastyRound else { return nil }
    return keeper.isHopeless(.prevote, round) ? .hopelessPrevotes : nil
  }

  /// L34 and L47, and the end of a round whose precommits can no longer agree.
  private func enabledWait() -> RoundMachine.Input? {
    let round = machine.round
    if machine.step == .prevote, !machine.progress.waitsForPrevotes, keeper.hasQuorum(.prevote, round) {
      return .polkaAny
    }
    guard keeper.hasQuorum(.precommit, round) else { return nil }
    if round < Self.lastHastyRound, keeper.isHopeless(.precommit, round) { return .hopelessPrecommits }
    return machine.progress.waitsForPrecommits ? nil : .precommitAny
  }

  func role(in round: Round) -> RoundMachine.Role {
    var schedule = schedule
    return canSign && schedule.proposer(round: round) == ownIndex ? .proposer : .follower
  }

  // MARK: Blocks

  /// Asks for the validation of every block that a rule of the current round needs.
  private mutating func wanted(_ effects: inout [Effect]) {
    for entry in proposals.proposals(of: machine.round) where machine.step > .waiting {
      want(entry.proposal.block, &effects)
    }
    if let newest = keeper.polkas.last { want(newest.block, &effects) }
    for polka in keeper.polkas(of: machine.round) { want(polka.block, &effects) }
    guard let commit = keeper.commit else { return }
    want(commit.block, &effects)
    if blocks[commit.block] == .invalid { raise(.invalidCommit(commit), &effects) }
  }

  private mutating func want(_ block: Digest, _ effects: inout [Effect]) {
    guard blocks[block] == nil else { return }
    let isProposed = proposals.contains(block)
    blocks[block] = isProposed ? .proposed : .fetching
    effects.append(isProposed ? .validateBlock(block) : .fetchBlock(block, height))
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
    for polka in keeper.polkas { keep(polka.block) }
    keep(machine.locked?.block)
    keep(machine.valid?.block)
    keep(keeper.commit?.block)
    blocks = kept
  }

  // MARK: Effects of the round machine

  mutating func run(_ input: RoundMachine.Input, _ effects: inout [Effect]) {
    var answers: [RoundMachine.Effect] = []
    let before = (machine.round, machine.step)
    machine.handle(input, effects: &answers)
    if machine.step != .waiting { armed.removeAll { $0.kind == .blockInterval || $0.kind == .pace } }
    if before != (machine.round, machine.step) {
      effects.append(.enteredRound(height, machine.round, machine.step))
    }
    for answer in answers { carryOut(answer, &effects) }
  }

  private mutating func carryOut(_ answer: RoundMachine.Effect, _ effects: inout [Effect]) {
    switch answer {
    case .propose(let block, let polkaRound):
      sign(.proposal, block: block, validRound: polkaRound, &effects)
    case .requestBlock:
      awaitsBlock = true
      effects.append(.requestBlock(height, machine.round))
    case .prevote(let block, let validRound):
      sign(.prevote, block: block, validRound: validRound, &effects)
    case .precommit(let block): sign(.precommit, block: block, validRound: nil, &effects)
    case .schedule(let kind):
      arm(kind, after: configuration.timeouts.interval(kind, round: machine.round), &effects)
    case .leave(let round):
      enter(round, proof: keeper.roundCertificate(leaving: machine.round), &effects)
    case .decide(let block, let round): decide(block, round, &effects)
    }
  }

  /// L11: leaves the current round without a decision, sends its polkas and `proof` to all validators, and
  /// starts `round`. `proof` shows that the round may be entered.
  mutating func enter(_ round: Round, proof: RoundCertificate?, _ effects: inout [Effect]) {
    guard round > machine.round, round <= ChainLimits.round, machine.step != .decided else { return }
    for polka in keeper.polkas(of: machine.round) { push(polka, &effects) }
    if let proof {
      effects.append(.sendRoundCertificate(proof, to: nil))
    }
    roundProof = proof
    isAwake = true
    armed = []
    ownBlock = nil
    awaitsBlock = false
    keeper.enter(round)
    proposals.enter(round)
    // This stores the proposer in `schedule`. `role` computes on a copy, which finds it there.
    _ = schedule.proposer(round: round)
    run(.start(round, role(in: round)), &effects)
    forgetBlocks()
    effects.append(.broadcastStatus(status))
  }

  private mutating func decide(_ block: Digest, _ round: Round, _ effects: inout [Effect]) {
    guard let certificate = keeper.commit else { return }
    armed = []
    awaitsBlock = false
    certifiedHeight = max(certifiedHeight, height)
    collector = CommitCollector(
      certificate,
      validators: keeper.validators,
      votes: keeper.precommits(of: round)
    )
    // The proposer sent this node another block than the decided one. Others need that proposal to prove it.
    for entry in proposals.proposals(of: round) where entry.proposal.block != block {
      effects.append(.broadcastProposal(entry.proposal))
    }
    effects.append(.decide(height, round, block: block, certificate: certificate))
  }

  // MARK: Signing

  /// Whether the node may sign now: it is in the validator set, there is no alarm, and the commit of this
  /// height is not known.
  var canSign: Bool {
    guard ownIndex != nil, alarm == nil else { return false }
    return keeper.commit == nil && height > certifiedHeight
  }

  mutating func sign(
    _ kind: SigningRequest.Kind,
    block: Digest?,
    validRound: Round?,
    _ effects: inout [Effect]
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
    effects.append(.sign(request))
  }
}
