/// A rule of consensus that a validator breaks. `Mutant` says how.
enum Mutation: String, CaseIterable {
  /// L23, L29: votes as if never locked.
  case noLock
  /// L29: never votes for another block than the locked one, whatever polka there is.
  case lockNeverReleased
  /// L44: a polka for nil releases the lock.
  case nilPolkaReleasesLock
  /// A quorum needs one vote less.
  case quorumOffByOne
  /// A vote for nil counts for the first block that was voted for.
  case nilCountsAsBlock
  /// A vote that comes twice counts twice.
  case equalVotesCountTwice
  /// L22: votes for blocks that are not valid.
  case validityUnchecked
  /// A fresh block may have any time.
  case timestampUnchecked
  /// L28: accepts a proposed valid round without its polka.
  case polkaUnchecked
  /// L36: the valid value is set only with the lock.
  case validOnlyWithLock
  /// L65: leaves the round only after a precommit.
  case exitNeedsPrecommit
  /// L55: any later round is followed, whoever is there.
  case skipForAnybody
  /// Polkas and round certificates are kept for oneself.
  case certificatesNotSent
  /// Equivocation is not noticed.
  case evidenceIgnored
  /// Signs for heights whose commit is known.
  case signsBelowCommit
  /// Certificates do not count where a single vote says otherwise.
  case certificateYieldsToVote
  /// After locks on a, then b, votes b on a reason older than the lock on a.
  case amnesiaProvable

  /// Whether it makes the machine see votes that nobody cast.
  var invents: Bool {
    switch self {
    case .quorumOffByOne, .nilCountsAsBlock, .equalVotesCountTwice: true
    default: false
    }
  }
}
