import Chain
import Cryptography

/// The questions that the conditions of the round machine's rules need answered.
extension HeightVoteSet {
  func votes(of round: Round) -> RoundVotes? { rounds.first { $0.round == round } }

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

  func polkas(of round: Round) -> [Certificate] { polkas.filter { $0.round == round } }

  func isPolkaNil(_ round: Round) -> Bool {
    guard let prevotes = votes(of: round)?.prevotes else { return false }
    return validators.isQuorum(prevotes.power(of: Choice(block: nil, validRound: nil)))
  }

  func hasQuorum(_ kind: Vote.Kind, _ round: Round) -> Bool {
    votes(of: round).map { validators.isQuorum($0[kind].power) } ?? false
  }

  /// Whether no block can get a quorum in `round` any more at any node. Faulty validators may send different
  /// votes to different nodes. Therefore the test is b + u + f < quorum, where b is the largest power of any
  /// block, u the power that has not voted here, and f the largest power that may be faulty.
  func isQuorumImpossible(_ kind: Vote.Kind, _ round: Round) -> Bool {
    guard let tally = votes(of: round)?[kind] else { return false }
    let unheard = validators.totalPower - tally.power
    return tally.largestBlockPower + unheard + validators.tolerablePower < validators.quorumPower
  }

  /// The proof that the round after `round` may be entered: precommits of a quorum in `round`, no more than
  /// needed. Nil without such a quorum.
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

  /// The validators whose votes of this kind and round are stored, as a status reports them.
  func voters(_ kind: Vote.Kind, _ round: Round) -> SignerSet {
    votes(of: round)?[kind].voters(count: validators.count) ?? SignerSet(count: validators.count)
  }

  /// The votes of `round` that a peer lacks according to the bitmaps in its status. Bitmaps of a wrong size
  /// count as empty.
  func votes(of round: Round, missingFrom status: ConsensusStatus) -> [Vote] {
    guard let votes = votes(of: round) else { return [] }
    let prevotes = SignerSet(bytes: status.prevotes, count: validators.count)
    let precommits = SignerSet(bytes: status.precommits, count: validators.count)
    return votes.prevotes.votes(height: height, round: round, missingFrom: prevotes, validators: validators)
      + votes.precommits.votes(height: height, round: round, missingFrom: precommits, validators: validators)
  }
}
