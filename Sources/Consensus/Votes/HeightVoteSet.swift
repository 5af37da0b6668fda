import Chain
import Cryptography

/// The votes of one height. It counts them, makes a certificate when a quorum agrees, and gives evidence when
/// a validator contradicts itself.
///
/// Its size is bounded whatever peers send. For the rounds around the current one it has a slot for every
/// validator and kind of vote; for later rounds it stores one vote of each kind and validator; of older
/// rounds only polkas remain.
struct HeightVoteSet: Sendable {
  /// The number of rounds before the current one that have slots. Of older rounds only polkas remain.
  static let pastRounds: Round = 16
  /// The number of rounds after the current one that have slots.
  static let futureRounds: Round = 2
  /// The number of polkas that are stored; the oldest is dropped first.
  static let maximumPolkas = 16

  enum Outcome: Hashable, Sendable {
    /// The vote is in its slot and counts.
    case added
    /// The vote is of a round too far ahead to have slots. It is stored as its sender's newest and does not
    /// count.
    case future
    /// The same vote, or a newer one of a round too far ahead, is stored already.
    case duplicate
    /// The slot holds a different vote, which stays.
    case conflict
    /// The vote is malformed, of another height, of no validator of the set, or of a round too long ago.
    case ignored
  }

  struct RoundVotes: Sendable {
    let round: Round
    var prevotes = VoteTally(.prevote)
    var precommits = VoteTally(.precommit)

    init(_ round: Round) { self.round = round }

    subscript(kind: Vote.Kind) -> VoteTally {
      get { kind == .prevote ? prevotes : precommits }
      _modify { if kind == .prevote { yield &prevotes } else { yield &precommits } }
    }
  }

  let height: Height
  let validators: ValidatorSet
  private(set) var round: Round = 0
  /// In ascending order of rounds.
  private(set) var rounds: [RoundVotes] = []
  /// In ascending order of rounds.
  private(set) var polkas: [Certificate] = []
  private(set) var commit: Certificate?
  /// A certificate for another block than `commit`. It exists only if at least a third of the power is
  /// faulty.
  private(set) var conflictingCommit: Certificate?
  /// The validators that have a vote in a slot of any round.
  private(set) var seenVoters: SignerSet
  private(set) var seenPower: Int64 = 0
  /// The newest prevote of each validator that was for a round after the current one when it arrived, by
  /// validator index. It stays when that round is entered. Empty until the first such vote of either kind.
  private var futurePrevotes: [Vote?] = []
  /// The same for precommits.
  private var futurePrecommits: [Vote?] = []
  private var mayHaveVoteInReach = false
  /// The proof that a later round may be entered: votes of that round or later ones from validators with more
  /// than a third of the power. It names the latest such round; nil when there is none.
  private(set) var skipCertificate: RoundCertificate?
  private var accusedValidators: SignerSet

  init(height: Height, validators: ValidatorSet) {
    self.height = height
    self.validators = validators
    seenVoters = SignerSet(count: validators.count)
    accusedValidators = SignerSet(count: validators.count)
  }

  // MARK: Adding

  /// Whether votes of `round` have slots.
  func hasSlots(for round: Round) -> Bool {
    round + Self.pastRounds >= self.round && round <= self.round + Self.futureRounds
  }

  /// Counts a vote with a verified signature. Appends the polka that the vote completes to `newPolkas`, each
  /// polka once.
  mutating func add(_ vote: Vote, newPolkas: inout [Certificate], evidence: inout [Evidence]) -> Outcome {
    guard vote.height == height, vote.isWellFormed, let voter = validators[vote.validator] else {
      return .ignored
    }
    guard hasSlots(for: vote.round) else {
      guard vote.round > round else { return .ignored }
      if let first = futureVote(like: vote), first.signBody != vote.signBody {
        addEvidence(.duplicateVote(first, vote), &evidence)
        return .conflict
      }
      return storeFutureVote(vote) ? .future : .duplicate
    }
    let position = position(of: vote.round)
    let choice = Choice(block: vote.block, validRound: vote.validRound)
    if let known = rounds[position][vote.kind].choice(of: vote.validator) {
      guard known != choice else { return .duplicate }
      if let first = self.vote(vote.kind, vote.round, vote.validator) {
        addEvidence(.duplicateVote(first, vote), &evidence)
      }
      return .conflict
    }
    if vote.round > round { _ = storeFutureVote(vote) }
    let power = rounds[position][vote.kind].add(vote, power: voter.power, count: validators.count)
    if seenVoters.insert(vote.validator) { seenPower += voter.power }
    findAmnesia(vote, &evidence)
    keepCertificate(of: vote, power: power, weight: voter.power, &newPolkas)
    return .added
  }

  /// Adds the votes of a verified certificate. The certificate holds as a whole, even if slots contain
  /// different votes of its signers.
  mutating func apply(_ certificate: Certificate, evidence: inout [Evidence]) {
    guard certificate.height == height else { return }
    if certificate.kind == .precommit { keepCommit(certificate) }
    // The caller has the polka that these votes complete, so it is not reported as new.
    var completed: [Certificate] = []
    for vote in certificate.votes { _ = add(vote, newPolkas: &completed, evidence: &evidence) }
    if certificate.kind == .prevote { _ = keepPolka(certificate) }
  }

  /// Makes and stores a certificate when `vote` completes a quorum for its choice.
  ///
  /// `power` is the power of the choice including `vote`, and `weight` the power of the vote's author.
  private mutating func keepCertificate(
    of vote: Vote,
    power: Int64,
    weight: Int64,
    _ newPolkas: inout [Certificate]
  ) {
    guard validators.isQuorum(power), !validators.isQuorum(power - weight) else { return }
    let choice = Choice(block: vote.block, validRound: vote.validRound)
    let tally = votes(of: vote.round)?[vote.kind]
    guard let made = tally?.certificate(for: choice, height: height, round: vote.round) else { return }
    switch vote.kind {
    case .precommit: keepCommit(made)
    case .prevote: if keepPolka(made) { newPolkas.append(made) }
    }
  }

  private mutating func keepCommit(_ certificate: Certificate) {
    guard let commit else {
      commit = certificate
      return
    }
    if commit.block != certificate.block, conflictingCommit == nil { conflictingCommit = certificate }
  }

  /// Whether the polka is not stored yet and there is room for it. When `maximumPolkas` are stored, there is room
  /// only for a polka of a later round than the oldest stored one.
  func canAddPolka(_ polka: Certificate) -> Bool {
    guard !hasPolka(polka.block, round: polka.round) else { return false }
    return polkas.count < Self.maximumPolkas || polka.round > polkas.first?.round ?? 0
  }

  /// Stores a polka; false when `canAddPolka` is false.
  private mutating func keepPolka(_ polka: Certificate) -> Bool {
    guard canAddPolka(polka) else { return false }
    polkas.insert(polka, at: polkas.firstIndex { $0.round > polka.round } ?? polkas.count)
    if polkas.count > Self.maximumPolkas { polkas.removeFirst() }
    return true
  }

  // MARK: Rounds ahead

  /// Stores a vote of a later round as its sender's newest; false when a vote of that round or a later one is
  /// stored.
  private mutating func storeFutureVote(_ vote: Vote) -> Bool {
    if futurePrevotes.isEmpty {
      futurePrevotes = Array(repeating: nil, count: validators.count)
      futurePrecommits = futurePrevotes
    }
    let index = Int(vote.validator)
    let known = vote.kind == .prevote ? futurePrevotes[index] : futurePrecommits[index]
    if let known, known.round >= vote.round { return false }
    if vote.kind == .prevote { futurePrevotes[index] = vote } else { futurePrecommits[index] = vote }
    skipCertificate = findSkipCertificate()
    return true
  }

  /// The stored vote of a later round with the same validator, kind and round; nil when there is none.
  private func futureVote(like vote: Vote) -> Vote? {
    let votes = vote.kind == .prevote ? futurePrevotes : futurePrecommits
    guard Int(vote.validator) < votes.count, let known = votes[Int(vote.validator)] else { return nil }
    return known.round == vote.round ? known : nil
  }

  /// Each validator's newest vote of the rounds after the current one, latest rounds first.
  private var newestFutureVotes: [Vote] {
    futurePrevotes.indices.compactMap { index -> Vote? in
      let candidates = [futurePrevotes[index], futurePrecommits[index]].compactMap { $0 }
      return candidates.filter { $0.round > round }.max { $0.round < $1.round }
    }.sorted { $0.round == $1.round ? $0.validator < $1.validator : $0.round > $1.round }
  }

  /// The proof by line 55 of the Tendermint paper for the latest round that more than a third of the power
  /// has reached. Each validator counts once.
  private func findSkipCertificate() -> RoundCertificate? {
    var power: Int64 = 0
    var votes: [Vote] = []
    for vote in newestFutureVotes {
      power += validators[vote.validator]?.power ?? 0
      votes.append(vote)
      if validators.meetsHonestThreshold(power) {
        return RoundCertificate(height: height, round: vote.round, votes: votes)
      }
    }
    return nil
  }

  var skipRound: Round? { skipCertificate?.round }

  /// A stored vote whose round was too far ahead and now has slots, and whose slot is free; nil when there is
  /// none. The caller adds it.
  mutating func nextVoteInReach() -> Vote? {
    guard mayHaveVoteInReach else { return nil }
    for index in futurePrevotes.indices {
      for vote in [futurePrevotes[index], futurePrecommits[index]].compactMap({ $0 })
      where hasSlots(for: vote.round) && choice(of: vote.validator, vote.kind, vote.round) == nil {
        return vote
      }
    }
    mayHaveVoteInReach = false
    return nil
  }

  /// Makes `round` the current one and drops the slots of rounds that are now too old. Ignored unless `round`
  /// is later.
  mutating func enter(_ round: Round) {
    guard round > self.round else { return }
    self.round = round
    rounds.removeAll { $0.round + Self.pastRounds < round }
    mayHaveVoteInReach = !futurePrevotes.isEmpty
    skipCertificate = mayHaveVoteInReach ? findSkipCertificate() : nil
  }

  // MARK: Misbehaviour

  /// Appends evidence, at most one piece for each validator. Ignores a piece whose two messages do not
  /// contradict each other.
  mutating func addEvidence(_ piece: Evidence, _ evidence: inout [Evidence]) {
    guard piece.isContradiction, accusedValidators.insert(piece.validator) else { return }
    evidence.append(piece)
  }

  /// Gives evidence when the vote and a stored one prove amnesia: a precommit for a block, and in a later
  /// round a prevote for another block whose justification is older than that precommit.
  private mutating func findAmnesia(_ vote: Vote, _ evidence: inout [Evidence]) {
    guard vote.block != nil, rounds.count > 1, !accusedValidators.contains(vote.validator) else { return }
    for other in rounds where other.round != vote.round {
      if vote.kind == .prevote, other.round < vote.round {
        if let precommit = self.vote(.precommit, other.round, vote.validator) {
          addEvidence(.amnesia(precommit: precommit, prevote: vote), &evidence)
        }
      } else if vote.kind == .precommit, other.round > vote.round {
        if let prevote = self.vote(.prevote, other.round, vote.validator) {
          addEvidence(.amnesia(precommit: vote, prevote: prevote), &evidence)
        }
      }
    }
  }

  private mutating func position(of round: Round) -> Int {
    let position = rounds.firstIndex { $0.round >= round } ?? rounds.count
    if position == rounds.count || rounds[position].round != round {
      rounds.insert(RoundVotes(round), at: position)
    }
    return position
  }

  // MARK: Questions of the round machine's rules

  func votes(of round: Round) -> RoundVotes? { rounds.first { $0.round == round } }

  func choice(of validator: ValidatorIndex, _ kind: Vote.Kind, _ round: Round) -> Choice? {
    votes(of: round)?[kind].choice(of: validator)
  }

  func vote(_ kind: Vote.Kind, _ round: Round, _ validator: ValidatorIndex) -> Vote? {
    votes(of: round)?[kind].vote(of: validator, height: height, round: round)
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
