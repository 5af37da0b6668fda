import Chain
import Cryptography

/// What the rules of the round machine ask for.
extension VoteKeeper {
  func votes(of round: Round) -> RoundVotes? {
    rounds.first { $0.round == round }
  }

  func choice(of validator: ValidatorIndex, _ kind: Vote.Kind, _ round: Round) -> Choice? {
    votes(of: round)?[kind].choice(of: validator)
  }

  func vote(_ kind: Vote.Kind, _ round: Round, _ validator: ValidatorIndex) -> Vote? {
    guard let tally = votes(of: round)?[kind], let slot = tally.slot(validator) else { return nil }
    let choice = tally.choices[slot.choice].choice
    return Vote(
      kind: kind,
      height: height,
      round: round,
      validRound: choice.validRound,
      block: choice.block,
      validator: validator,
      signature: slot.signature
    )
  }

  func hasPolka(_ block: Digest, round: Round) -> Bool {
    polkas.contains { $0.round == round && $0.block == block }
  }

  func polkas(of round: Round) -> [Certificate] {
    polkas.filter { $0.round == round }
  }

  func isPolkaNil(_ round: Round) -> Bool {
    guard let prevotes = votes(of: round)?.prevotes else { return false }
    return validators.isQuorum(prevotes.power(of: Choice(block: nil, validRound: nil)))
  }

  func hasQuorum(_ kind: Vote.Kind, _ round: Round) -> Bool {
    votes(of: round).map { validators.isQuorum($0[kind].power) } ?? false
  }

  /// Whether no block can get a quorum in `round` any more, even if every faulty validator shows us one vote and
  /// others another: with the most power b of any block, u not yet heard and f faulty, b + u + f < quorum.
  func isHopeless(_ kind: Vote.Kind, _ round: Round) -> Bool {
    guard let tally = votes(of: round)?[kind] else { return false }
    let unheard = validators.totalPower - tally.power
    return tally.largestBlockPower + unheard + validators.tolerablePower < validators.quorumPower
  }

  /// A quorum's precommits of `round`: why the next one is entered. No more than needed.
  func roundCertificate(leaving round: Round) -> RoundCertificate? {
    guard let precommits = votes(of: round)?.precommits, validators.isQuorum(precommits.power) else {
      return nil
    }
    let votes = precommits.votes(
      height: height,
      round: round,
      validators: validators,
      until: validators.quorumPower
    )
    return RoundCertificate(height: height, round: round + 1, votes: votes)
  }

  func precommits(of round: Round) -> [Vote] {
    votes(of: round)?.precommits.votes(height: height, round: round, validators: validators) ?? []
  }

  /// Who voted in `round`, as a status says it.
  func have(_ kind: Vote.Kind, _ round: Round) -> SignerSet {
    votes(of: round)?[kind].voters(count: validators.count) ?? SignerSet(count: validators.count)
  }

  /// The votes of `round` that a peer with these bitmaps lacks; bitmaps of another size count as empty.
  func votes(of round: Round, lackedBy status: ConsensusStatus) -> [Vote] {
    guard let votes = votes(of: round) else { return [] }
    let prevotes = SignerSet(bytes: status.prevotes, count: validators.count)
    let precommits = SignerSet(bytes: status.precommits, count: validators.count)
    return votes.prevotes.votes(height: height, round: round, lackedBy: prevotes, validators: validators)
      + votes.precommits.votes(height: height, round: round, lackedBy: precommits, validators: validators)
  }
}
