import Chain
import Cryptography

/// All votes of one height that are worth keeping: counts them, and notices when they make a certificate and when
/// somebody voted twice.
///
/// Bounded whatever peers send: full slots for the rounds around the current one, a single vote of each kind and
/// validator for rounds further ahead, the newest polkas as certificates.
struct VoteKeeper: Sendable {
  /// Rounds behind the current one whose slots are kept. Older ones live on in certificates.
  static let pastRounds: Round = 16
  /// Rounds ahead of the current one that have slots.
  static let futureRounds: Round = 2
  /// Polkas kept, newest first to stay.
  static let maximumPolkas = 16

  enum Outcome: Hashable, Sendable {
    /// In its slot.
    case added
    /// From a round too far ahead for slots; remembered as its sender's newest.
    case ahead
    case duplicate
    /// The slot holds another vote, which stays.
    case conflict
    /// Out of range or of no use.
    case refused
  }

  struct RoundVotes: Sendable {
    let round: Round
    var prevotes = VoteTally(.prevote)
    var precommits = VoteTally(.precommit)

    init(_ round: Round) {
      self.round = round
    }

    subscript(kind: Vote.Kind) -> VoteTally {
      get { kind == .prevote ? prevotes : precommits }
      _modify {
        if kind == .prevote { yield &prevotes } else { yield &precommits }
      }
    }
  }

  let height: Height
  let validators: ValidatorSet
  private(set) var round: Round = 0
  /// Ascending.
  private(set) var rounds: [RoundVotes] = []
  /// Ascending by round.
  private(set) var polkas: [Certificate] = []
  private(set) var commit: Certificate?
  /// For another block than `commit`: more than a third of the power is faulty.
  private(set) var conflictingCommit: Certificate?
  /// Whose votes are in slots, of whatever round.
  private(set) var heard: SignerSet
  private(set) var heardPower: Int64 = 0
  /// Each validator's newest vote of each kind from rounds after the current one.
  private var aheadPrevotes: [Vote?] = []
  private var aheadPrecommits: [Vote?] = []
  private var mayHaveDue = false
  /// The latest round such that validators of honest power are in it or later, if it is after the current one: with
  /// their votes.
  private(set) var skipCertificate: RoundCertificate?
  private var accused: SignerSet

  init(height: Height, validators: ValidatorSet) {
    self.height = height
    self.validators = validators
    heard = SignerSet(count: validators.count)
    accused = SignerSet(count: validators.count)
  }

  // MARK: Adding

  /// Whether votes of `round` have slots.
  func hasSlots(for round: Round) -> Bool {
    round + Self.pastRounds >= self.round && round <= self.round + Self.futureRounds
  }

  /// Counts a vote whose signature is good. Appends the polka that it completes to `newPolkas`: each is told once.
  mutating func add(
    _ vote: Vote,
    newPolkas: inout [Certificate],
    evidence: inout [Evidence]
  ) -> Outcome {
    guard vote.height == height, vote.isWellFormed, let voter = validators[vote.validator] else {
      return .refused
    }
    guard hasSlots(for: vote.round) else {
      guard vote.round > round else { return .refused }
      if let first = aheadVote(like: vote), first.signBody != vote.signBody {
        accuse(.duplicateVote(first, vote), &evidence)
        return .conflict
      }
      return remember(vote) ? .ahead : .duplicate
    }
    let position = position(of: vote.round)
    let choice = Choice(block: vote.block, validRound: vote.validRound)
    if let known = rounds[position][vote.kind].choice(of: vote.validator) {
      guard known != choice else { return .duplicate }
      if let first = self.vote(vote.kind, vote.round, vote.validator) {
        accuse(.duplicateVote(first, vote), &evidence)
      }
      return .conflict
    }
    if vote.round > round { _ = remember(vote) }
    let power = rounds[position][vote.kind].add(vote, power: voter.power, count: validators.count)
    if heard.insert(vote.validator) { heardPower += voter.power }
    findAmnesia(vote, &evidence)
    keepCertificate(of: vote, power: power, weight: voter.power, &newPolkas)
    return .added
  }

  /// Applies a verified certificate whole: it holds even where single slots say otherwise.
  mutating func apply(_ certificate: Certificate, evidence: inout [Evidence]) {
    guard certificate.height == height else { return }
    if certificate.kind == .precommit { keepCommit(certificate) }
    // The polka that its own votes complete is no news to whoever hands the certificate in.
    var completed: [Certificate] = []
    for vote in certificate.votes { _ = add(vote, newPolkas: &completed, evidence: &evidence) }
    if certificate.kind == .prevote { _ = keepPolka(certificate) }
  }

  /// Makes a certificate of the vote's choice when this vote has brought it to a quorum.
  ///
  /// `power`: that of the choice, `weight` of the vote included.
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

  /// Whether it is news and there is room for it.
  func wantsPolka(_ polka: Certificate) -> Bool {
    guard !hasPolka(polka.block, round: polka.round) else { return false }
    return polkas.count < Self.maximumPolkas || polka.round > polkas.first?.round ?? 0
  }

  /// False when it is known already or older than all that are kept.
  private mutating func keepPolka(_ polka: Certificate) -> Bool {
    guard wantsPolka(polka) else { return false }
    polkas.insert(polka, at: polkas.firstIndex { $0.round > polka.round } ?? polkas.count)
    if polkas.count > Self.maximumPolkas { polkas.removeFirst() }
    return true
  }

  // MARK: Rounds ahead

  /// False when nothing newer than what is known of its sender.
  private mutating func remember(_ vote: Vote) -> Bool {
    if aheadPrevotes.isEmpty {
      aheadPrevotes = Array(repeating: nil, count: validators.count)
      aheadPrecommits = aheadPrevotes
    }
    let index = Int(vote.validator)
    let known = vote.kind == .prevote ? aheadPrevotes[index] : aheadPrecommits[index]
    if let known, known.round >= vote.round { return false }
    if vote.kind == .prevote { aheadPrevotes[index] = vote } else { aheadPrecommits[index] = vote }
    skipCertificate = findSkip()
    return true
  }

  /// What is remembered of the same validator, kind and round.
  private func aheadVote(like vote: Vote) -> Vote? {
    let votes = vote.kind == .prevote ? aheadPrevotes : aheadPrecommits
    guard Int(vote.validator) < votes.count, let known = votes[Int(vote.validator)] else { return nil }
    return known.round == vote.round ? known : nil
  }

  /// Each validator's newest vote from after the current round, newest first.
  private var newestAhead: [Vote] {
    aheadPrevotes.indices.compactMap { index -> Vote? in
      let candidates = [aheadPrevotes[index], aheadPrecommits[index]].compactMap { $0 }
      return candidates.filter { $0.round > round }.max { $0.round < $1.round }
    }.sorted { $0.round == $1.round ? $0.validator < $1.validator : $0.round > $1.round }
  }

  /// L55: counts senders, not votes.
  private func findSkip() -> RoundCertificate? {
    var power: Int64 = 0
    var votes: [Vote] = []
    for vote in newestAhead {
      power += validators[vote.validator]?.power ?? 0
      votes.append(vote)
      if validators.isHonest(power) {
        return RoundCertificate(height: height, round: vote.round, votes: votes)
      }
    }
    return nil
  }

  var skipRound: Round? { skipCertificate?.round }

  /// A vote remembered from when its round was too far ahead, whose slot has come into reach and is free.
  mutating func takeDue() -> Vote? {
    guard mayHaveDue else { return nil }
    for index in aheadPrevotes.indices {
      for vote in [aheadPrevotes[index], aheadPrecommits[index]].compactMap({ $0 })
      where hasSlots(for: vote.round) && choice(of: vote.validator, vote.kind, vote.round) == nil {
        return vote
      }
    }
    mayHaveDue = false
    return nil
  }

  /// Moves the window of slots; drops what falls out of it.
  mutating func enter(_ round: Round) {
    guard round > self.round else { return }
    self.round = round
    rounds.removeAll { $0.round + Self.pastRounds < round }
    mayHaveDue = !aheadPrevotes.isEmpty
    skipCertificate = mayHaveDue ? findSkip() : nil
  }

  // MARK: Misbehaviour

  /// At most one piece of evidence for each validator.
  mutating func accuse(_ piece: Evidence, _ evidence: inout [Evidence]) {
    guard piece.isContradiction, accused.insert(piece.validator) else { return }
    evidence.append(piece)
  }

  private mutating func findAmnesia(_ vote: Vote, _ evidence: inout [Evidence]) {
    guard vote.block != nil, rounds.count > 1, !accused.contains(vote.validator) else { return }
    for other in rounds where other.round != vote.round {
      if vote.kind == .prevote, other.round < vote.round {
        if let precommit = self.vote(.precommit, other.round, vote.validator) {
          accuse(.amnesia(precommit: precommit, prevote: vote), &evidence)
        }
      } else if vote.kind == .precommit, other.round > vote.round {
        if let prevote = self.vote(.prevote, other.round, vote.validator) {
          accuse(.amnesia(precommit: vote, prevote: prevote), &evidence)
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
}
