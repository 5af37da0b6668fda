import Chain
import Cryptography
import Primitives

@testable import Consensus

/// The machine behind a wrapper that breaks one rule, to show that the tests would notice. Without a mutation it is
/// the machine.
///
/// The machine itself keeps all rules. The wrapper reads its state, and changes what it hears and what it says.
@dynamicMemberLookup
struct Mutant {
  private(set) var tendermint: Tendermint
  let mutation: Mutation?

  init(_ tendermint: Tendermint, _ mutation: Mutation?) {
    self.tendermint = tendermint
    self.mutation = mutation
  }

  subscript<Value>(dynamicMember path: KeyPath<Tendermint, Value>) -> Value { tendermint[keyPath: path] }
  /// Spelled out beside the function of the same name.
  var step: Step { tendermint.step }

  mutating func step(_ input: Input, _ turn: inout Tendermint.Turn) {
    guard mutation != nil else { return tendermint.step(input, &turn) }
    for input in heard(input, &turn.effects) { pass(input, &turn) }
    while let input = invented() { pass(input, &turn) }
  }

  mutating func resume(_ turn: inout Tendermint.Turn) {
    var wanted = Tendermint.Turn(at: turn.now)
    let lock = tendermint.machine.locked
    tendermint.resume(&wanted)
    for effect in wanted.effects { turn.effects += said(effect, lock) }
  }

  private mutating func pass(_ input: Input, _ turn: inout Tendermint.Turn) {
    var wanted = Tendermint.Turn(at: turn.now)
    // The lock on which the machine decides what to prevote; a polka may move it in the same step.
    let lock = tendermint.machine.locked
    tendermint.step(input, &wanted)
    for effect in wanted.effects { turn.effects += said(effect, lock) }
  }

  // MARK: What it hears

  /// What the machine is given for `input`.
  private func heard(_ input: Input, _ effects: inout [Effect]) -> [Input] {
    switch (mutation, input) {
    case (.validityUnchecked, .blockValidated(let block, _)): return [.blockValidated(block, isValid: true)]
    case (.timestampUnchecked, .proposal(let proposal, let time, _)):
      return [.proposal(proposal, time: time, receivedAt: time)]
    case (.exitNeedsPrecommit, .timeout(let timer)) where timer.kind == .precommit:
      return tendermint.step == .precommit ? [input] : []
    case (.certificatesNotSent, .peerStatus): return []
    case (.validOnlyWithLock, .vote(let vote)) where vote.kind == .prevote && isLate(vote.height, vote.round):
      return []
    case (.validOnlyWithLock, .certificate(let certificate))
    where certificate.kind == .prevote && isLate(certificate.height, certificate.round):
      return []
    case (.certificateYieldsToVote, .certificate(let certificate)) where certificate.kind == .prevote:
      return certificate.votes.map { .vote($0) }
    case (.skipForAnybody, .vote(let vote))
    where vote.height == tendermint.height && vote.round > tendermint.round:
      let certificate = RoundCertificate(height: vote.height, round: vote.round, votes: [vote])
      return [input, .roundCertificate(certificate)]
    case (.equalVotesCountTwice, .vote(let vote)) where isKnown(vote):
      return [input] + [another(like: vote)].compactMap { $0 }.map { .vote($0) }
    case (.nilCountsAsBlock, .vote(let vote)): return [.vote(forBlock(vote))]
    case (.nilCountsAsBlock, .roundCertificate(var certificate)):
      certificate.votes = certificate.votes.map(forBlock)
      return [.roundCertificate(certificate)]
    case (_, .signed(.vote(let vote))) where !isWanted(vote):
      // The machine wanted to sign something else: it learns of the vote as of anybody's.
      guard vote.height == tendermint.height else { return [] }
      effects.append(.broadcastVote(vote))
      return [.vote(vote)]
    default: return [input]
    }
  }

  /// Whether a prevote of that round comes after the own precommit.
  private func isLate(_ height: Height, _ round: Round) -> Bool {
    guard height == tendermint.height else { return false }
    return round < tendermint.round || round == tendermint.round && tendermint.step == .precommit
  }

  private func isKnown(_ vote: Vote) -> Bool {
    vote.height == tendermint.height
      && tendermint.voteSet.choice(of: vote.validator, vote.kind, vote.round)
        == Choice(block: vote.block, validRound: vote.validRound)
  }

  private func isWanted(_ vote: Vote) -> Bool {
    tendermint.pendingSignatures.contains { $0.matches(.vote(vote)) }
  }

  /// A vote for nil as one for the first block that others voted for.
  private func forBlock(_ vote: Vote) -> Vote {
    guard vote.block == nil, vote.height == tendermint.height else { return vote }
    var vote = vote
    let choices = tendermint.voteSet.votes(of: vote.round)?[vote.kind].choices
    vote.block = choices?.first { $0.choice.block != nil }?.choice.block
    return vote
  }

  /// The same vote in the name of somebody from whom none of its kind and round has come.
  private func another(like vote: Vote) -> Vote? {
    let validators = ValidatorIndex(tendermint.voteSet.validators.count)
    var copy = vote
    let silent = (0..<validators).first { tendermint.voteSet.choice(of: $0, vote.kind, vote.round) == nil }
    guard let silent else { return nil }
    copy.validator = silent
    return copy
  }

  /// What the machine is given in addition, once it has come to rest.
  private func invented() -> Input? {
    switch mutation {
    case .quorumOffByOne: return missingVote().map { .vote($0) }
    case .polkaUnchecked:
      // It does not wait for the polka: the machine gives up, and `instead` makes a prevote of that.
      let timer = Timer(.propose, height: tendermint.height, round: tendermint.round)
      let gives = tendermint.step == .propose && tendermint.activeTimers.contains(timer) && claim() != nil
      return gives ? .timeout(timer) : nil
    default: return nil
    }
  }

  /// The vote that a block lacks for a quorum when it lacks one. All validators have the power 1.
  private func missingVote() -> Vote? {
    guard tendermint.step != .decided else { return nil }
    let voteSet = tendermint.voteSet
    for round in voteSet.rounds {
      for kind in [Vote.Kind.prevote, .precommit] {
        for count in round[kind].choices
        where count.choice.block != nil && count.power + 1 == voteSet.validators.quorumPower {
          let voters = round[kind].voters(count: voteSet.validators.count).indices
          let voter = voters.first { voteSet.choice(of: $0, kind, round.round) == count.choice }
          if let vote = voter.flatMap({ voteSet.vote(kind, round.round, $0) }),
            let missing = another(like: vote)
          {
            return missing
          }
        }
      }
    }
    return nil
  }

  // MARK: What it says

  /// What is performed for `effect`. `lock` is the machine's before its step.
  private func said(_ effect: Effect, _ lock: RoundMachine.Polka?) -> [Effect] {
    switch (mutation, effect) {
    case (.certificatesNotSent, .sendCertificate), (.certificatesNotSent, .sendRoundCertificate): []
    case (.evidenceIgnored, .evidence): []
    // Invented votes contradict true ones, which is no finding.
    case (let mutation?, .evidence) where mutation.invents: []
    case (.signsBelowCommit, .enteredRound(_, let round, let step)) where !tendermint.canSign:
      [effect] + [vote(forNilAt: step, round)].compactMap { $0 }
    case (_, .sign(let request)): [.sign(instead(of: request, lock))]
    default: [effect]
    }
  }

  private func vote(forNilAt step: Step, _ round: Round) -> Effect? {
    guard step == .prevote || step == .precommit, let index = tendermint.validatorIndex else { return nil }
    return .sign(
      SigningRequest(
        kind: step == .prevote ? .prevote : .precommit,
        height: tendermint.height,
        round: round,
        validRound: nil,
        block: nil,
        validator: index
      )
    )
  }

  /// What is signed in place of `request`.
  private func instead(of request: SigningRequest, _ lock: RoundMachine.Polka?) -> SigningRequest {
    guard request.kind == .prevote else { return request }
    var request = request
    if mutation == .lockNeverReleased, let lock, request.block != lock.block {
      request.block = nil
      request.validRound = nil
    }
    guard request.block == nil, let proposal = accepted(in: request.round, lock) else { return request }
    request.block = proposal.block
    request.validRound = proposal.validRound
    return request
  }

  /// The proposal for which the mutant votes where the machine votes nil.
  private func accepted(in round: Round, _ lock: RoundMachine.Polka?) -> Proposal? {
    switch mutation {
    case .polkaUnchecked:
      guard let claim = claim(), let validRound = claim.validRound else { return nil }
      return lock.map { $0.block == claim.block || $0.round <= validRound } ?? true ? claim : nil
    case .noLock: return refused(in: round, lock)
    case .nilPolkaReleasesLock:
      guard let lock else { return nil }
      return (lock.round..<round).contains { tendermint.voteSet.isPolkaNil($0) }
        ? refused(in: round, lock) : nil
    case .amnesiaProvable: return refused(in: round, lock).flatMap { $0.block == lock?.block ? $0 : nil }
    default: return nil
    }
  }

  /// A timely proposal that nothing but the lock speaks against.
  private func refused(in round: Round, _ lock: RoundMachine.Polka?) -> Proposal? {
    guard lock != nil else { return nil }
    return tendermint.proposals.proposals(of: round).first { entry in
      let validRound = entry.proposal.validRound
      return entry.isTimely && tendermint.blocks[entry.proposal.block] != .invalid
        && validRound.map { tendermint.voteSet.hasPolka(entry.proposal.block, round: $0) } ?? true
    }?.proposal
  }

  /// A proposal of the current round whose polka has not been seen.
  private func claim() -> Proposal? {
    tendermint.proposals.proposals(of: tendermint.round).map(\.proposal).first { proposal in
      proposal.validRound.map { !tendermint.voteSet.hasPolka(proposal.block, round: $0) } ?? false
    }
  }
}
