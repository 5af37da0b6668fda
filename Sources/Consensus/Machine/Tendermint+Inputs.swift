import Chain
import Cryptography
import Primitives

/// Consumes each input. An input without effect is dropped before it is logged. L-numbers are lines of the
/// Tendermint paper's pseudo-code (arXiv:1807.04938).
extension Tendermint {
  mutating func consume(_ input: Input, _ turn: inout Turn) {
    switch input {
    case .beginHeight(let start): begin(start, &turn)
    case .proposal(let proposal, let time, let receivedAt):
      handle(proposal, time: time, receivedAt: receivedAt, &turn)
    case .blockValidated(let block, let isValid): handle(block, isValid: isValid, &turn)
    case .vote(let vote): handle(vote, &turn)
    case .certificate(let certificate): handle(certificate, &turn)
    case .roundCertificate(let certificate): handle(certificate, &turn)
    case .built(let height, let round, let block, let time):
      handle(built: block, height: height, round: round, time: time, &turn)
    case .timeout(let timer): handle(timer, &turn)
    case .peerStatus(let peer, let status): answer(peer, status, &turn)
    case .signed(let message): handle(message, &turn)
    case .workAvailable:
      guard machine.step == .waiting, start != nil, !hasWork else { return }
      logInput(input, &turn)
      hasWork = true
      wakeForWork()
      evaluate(&turn)
    }
  }

  private func canWakeForWork() -> Bool {
    hasWork && !activeTimers.contains { $0.kind == .minimumBlockInterval }
  }

  private mutating func wakeForWork() {
    if canWakeForWork() { isAwake = true }
  }

  // MARK: Proposals and blocks

  private mutating func handle(
    _ proposal: Proposal,
    time: Timestamp,
    receivedAt: Timestamp,
    _ turn: inout Turn
  ) {
    let input = Input.proposal(proposal, time: time, receivedAt: receivedAt)
    guard proposal.height <= height, let start else {
      return future.add(input, height: proposal.height, sender: proposal.validator, current: height)
    }
    guard proposal.isWellFormed else { return }
    findDuplicateProposal(proposal, &turn)
    guard proposal.height == height, machine.step != .decided else { return }
    guard proposal.round >= machine.round, voteSet.hasSlots(for: proposal.round) else { return }
    guard schedule.proposer(round: proposal.round) == proposal.validator else { return }
    guard proposals.canAdd(proposal) else { return }
    logInput(input, &turn)
    // The time of a block that already has a polka is not checked again: it was checked when the block was
    // new.
    let isTimely =
      proposal.validRound != nil
      || Timeliness.isTimely(time, receivedAt: receivedAt, round: proposal.round)
        && time > start.previousTime
    proposals.add(proposal, isTimely: isTimely)
    if proposal.round == 0 { isAwake = true }
    evaluate(&turn)
  }

  /// Gives evidence when the proposer has signed another proposal for the same round, at this height or the
  /// one before.
  private mutating func findDuplicateProposal(_ proposal: Proposal, _ turn: inout Turn) {
    var evidence: [Evidence] = []
    if proposal.height == height, let other = proposals.contradiction(to: proposal) {
      voteSet.addEvidence(.duplicateProposal(other, proposal), &evidence)
    } else if proposal.height + 1 == height, let other = lastProposals?.contradiction(to: proposal) {
      lastVoteSet?.addEvidence(.duplicateProposal(other, proposal), &evidence)
    }
    for piece in evidence { turn.effects.append(.evidence(piece)) }
  }

  private mutating func handle(_ block: Digest, isValid: Bool, _ turn: inout Turn) {
    guard let state = blocks[block], state == .proposed || state == .fetching else { return }
    logInput(.blockValidated(block, isValid: isValid), &turn)
    blocks[block] = isValid ? .valid : .invalid
    evaluate(&turn)
  }

  private mutating func handle(
    built block: Digest,
    height: Height,
    round: Round,
    time: Timestamp,
    _ turn: inout Turn
  ) {
    guard height == self.height, round == machine.round, machine.step == .propose, isAwaitingBlock else {
      return
    }
    logInput(.built(height: height, round: round, block: block, time: time), &turn)
    isAwaitingBlock = false
    ownBlock = OwnBlock(round: round, block: block, time: time)
    blocks[block] = .valid
    sign(.proposal, block: block, validRound: nil, &turn)
    evaluate(&turn)
  }

  // MARK: Votes

  private mutating func handle(_ vote: Vote, _ turn: inout Turn) {
    guard vote.height <= height, start != nil else {
      return future.add(.vote(vote), height: vote.height, sender: vote.validator, current: height)
    }
    if vote.height < height || machine.step == .decided {
      if let evidence = collector?.add(vote) {
        turn.effects.append(.evidence(evidence))
      } else {
        findLateDuplicateVote(vote, &turn)
      }
      return
    }
    var newPolkas: [Certificate] = []
    var evidence: [Evidence] = []
    let outcome = voteSet.add(vote, newPolkas: &newPolkas, evidence: &evidence)
    if outcome == .added { logInput(.vote(vote), &turn) }
    for piece in evidence { turn.effects.append(.evidence(piece)) }
    if outcome == .added { handleNewPolkas(newPolkas, &turn) }
  }

  /// Gives evidence when a vote of a decided height contradicts another vote of its author. Such a vote
  /// changes nothing else.
  private mutating func findLateDuplicateVote(_ vote: Vote, _ turn: inout Turn) {
    var newPolkas: [Certificate] = []
    var evidence: [Evidence] = []
    // The vote goes into a copy, because it is not logged: replay must give the same `voteSet`.
    if vote.height == height, lastVoteSet?.height != height { lastVoteSet = voteSet }
    _ = lastVoteSet?.add(vote, newPolkas: &newPolkas, evidence: &evidence)
    for piece in evidence { turn.effects.append(.evidence(piece)) }
  }

  private mutating func handleNewPolkas(_ newPolkas: [Certificate], _ turn: inout Turn) {
    for polka in newPolkas where polka.round < machine.round { broadcastCertificate(polka, &turn) }
    evaluate(&turn)
  }

  // MARK: Certificates

  private mutating func handle(_ certificate: Certificate, _ turn: inout Turn) {
    guard certificate.height <= height, start != nil else {
      if certificate.kind == .precommit, certificate.height > certifiedHeight {
        logInput(.certificate(certificate), &turn)
        certifiedHeight = certificate.height
      }
      return future.add(
        .certificate(certificate),
        height: certificate.height,
        sender: nil,
        current: height
      )
    }
    if certificate.kind == .precommit, let known = commit(of: certificate.height) {
      if known.block != certificate.block { raise(.conflictingCommits(known, certificate), &turn) }
      return
    }
    guard certificate.height == height, machine.step != .decided else { return }
    guard certificate.kind == .precommit || voteSet.canAddPolka(certificate) else { return }
    logInput(.certificate(certificate), &turn)
    if certificate.kind == .precommit { certifiedHeight = max(certifiedHeight, height) }
    isAwake = true
    // L55: a quorum has voted in that round, so it may be entered.
    if certificate.kind == .prevote, certificate.round > machine.round {
      enter(certificate.round, proof: Self.proof(from: certificate, voteSet.validators), &turn)
    }
    var evidence: [Evidence] = []
    voteSet.apply(certificate, evidence: &evidence)
    for piece in evidence { turn.effects.append(.evidence(piece)) }
    if certificate.kind == .prevote, certificate.round < machine.round {
      broadcastCertificate(certificate, &turn)
    }
    evaluate(&turn)
  }

  private func commit(of height: Height) -> Certificate? {
    if height == self.height { return voteSet.commit }
    return collector.flatMap { $0.certificate.height == height ? $0.certificate : nil }
  }

  /// The proof that the round of a polka may be entered: as many of its votes as make up more than a third of
  /// the power.
  private static func proof(from polka: Certificate, _ validators: ValidatorSet) -> RoundCertificate {
    var power: Int64 = 0
    var votes: [Vote] = []
    for vote in polka.votes where !validators.meetsHonestThreshold(power) {
      votes.append(vote)
      power += validators[vote.validator]?.power ?? 0
    }
    return RoundCertificate(height: polka.height, round: polka.round, votes: votes)
  }

  private mutating func handle(_ certificate: RoundCertificate, _ turn: inout Turn) {
    guard certificate.height <= height, start != nil else {
      return future.add(
        .roundCertificate(certificate),
        height: certificate.height,
        sender: nil,
        current: height
      )
    }
    guard certificate.height == height, certificate.round > machine.round else { return }
    guard certificate.round <= ChainLimits.round, machine.step != .decided else { return }
    logInput(.roundCertificate(certificate), &turn)
    // L55–L56; and L65–L67 when the certificate proves that a quorum precommitted in the round before.
    enter(certificate.round, proof: certificate, &turn)
    var newPolkas: [Certificate] = []
    var evidence: [Evidence] = []
    for vote in certificate.votes {
      _ = voteSet.add(vote, newPolkas: &newPolkas, evidence: &evidence)
    }
    for piece in evidence { turn.effects.append(.evidence(piece)) }
    handleNewPolkas(newPolkas, &turn)
  }

  // MARK: Timers and own messages

  private mutating func handle(_ timer: Timer, _ turn: inout Turn) {
    guard timer.height == height else { return }
    if timer.kind == .status {
      turn.effects.append(.broadcastStatus(status))
      turn.effects.append(.schedule(timer, after: configuration.statusInterval))
      return
    }
    guard let position = activeTimers.firstIndex(of: timer) else { return }
    activeTimers.remove(at: position)
    guard machine.step != .decided else { return }
    logInput(.timeout(timer), &turn)
    switch timer.kind {
    case .propose, .prevote, .precommit: run(.timeout(timer.kind, timer.round), &turn)
    case .maximumBlockInterval: isAwake = true
    case .minimumBlockInterval: wakeForWork()
    case .status: break
    }
    evaluate(&turn)
  }

  private mutating func handle(_ message: SignedMessage, _ turn: inout Turn) {
    guard let position = pendingSignatures.firstIndex(where: { $0.matches(message) }) else { return }
    logInput(.signed(message), &turn)
    pendingSignatures.remove(at: position)
    switch message {
    case .vote(let vote):
      turn.effects.append(.broadcastVote(vote))
      var newPolkas: [Certificate] = []
      var evidence: [Evidence] = []
      _ = voteSet.add(vote, newPolkas: &newPolkas, evidence: &evidence)
      handleNewPolkas(newPolkas, &turn)
    case .proposal(let proposal):
      if let validRound = proposal.validRound {
        // L28: others may accept the proposal only if they have the polka that it names.
        broadcastCertificate(voteSet.polkas(of: validRound).first { $0.block == proposal.block }, &turn)
      }
      turn.effects.append(.broadcastProposal(proposal))
      guard proposal.round >= machine.round, machine.step != .decided else { return }
      if proposals.canAdd(proposal) { proposals.add(proposal, isTimely: true) }
      evaluate(&turn)
    }
  }

  /// Sends a certificate to all validators that may lack it.
  func broadcastCertificate(_ certificate: Certificate?, _ turn: inout Turn) {
    guard let certificate else { return }
    turn.effects.append(.sendCertificate(certificate, to: nil))
  }

  mutating func raise(_ alarm: Alarm, _ turn: inout Turn) {
    guard self.alarm == nil else { return }
    self.alarm = alarm
    pendingSignatures = []
    turn.effects.append(.alarm(alarm))
  }
}
