/// A rule of the node that a run breaks on purpose, in what surrounds the replica: the simulator must notice.
public enum BrokenRule: String, CaseIterable, Codable, Hashable, Sendable {
  /// A vote leaves before the log that it depends on is on disk.
  case signBeforeSync = "sign-before-sync"
  /// A restarting validator does not read its log.
  case replaySkipped = "replay-skipped"
  /// It does not read its log, and its guard forgets too.
  case guardForgets = "guard-forgets"
  /// The disk says that it has synced and has not.
  case syncIgnored = "sync-ignored"
  /// A full disk is not noticed.
  case fullDiskIgnored = "full-disk-ignored"
  /// A commit is reported durable before it is.
  case durableBeforeSync = "durable-before-sync"
  /// A commit's tip is written and its state is lost in a crash.
  case commitNotAtomic = "commit-not-atomic"
  /// A vote goes for the proposed block whatever the lock says.
  case lockIgnored = "lock-ignored"
  /// Signatures are never checked.
  case signaturesUnchecked = "signatures-unchecked"
  /// A vote counts for its neighbour in the set as well.
  case votesCountedTwice = "votes-counted-twice"
  /// A vote for nothing counts for the proposed block.
  case nilCountedAsValue = "nil-counted-as-value"
  /// A proposal's time is never compared with the clock.
  case timestampUnchecked = "timestamp-unchecked"
  /// One entry of a block's changes is not written, on all nodes alike.
  case writeLost = "write-lost"
  /// A restarting node takes the last height's validators for the next one's.
  case staleValidators = "stale-validators"
  /// The timers of consensus never fire.
  case timersIgnored = "timers-ignored"
  /// What peers say about where they stand is not read.
  case statusIgnored = "status-ignored"

  /// The faults under which the rule matters.
  public var faults: FaultPlan {
    switch self {
    case .signaturesUnchecked, .votesCountedTwice, .nilCountedAsValue, .timestampUnchecked, .lockIgnored:
      var plan = FaultPlan.chaos
      plan.name = "chaos-byzantine"
      plan.byzantine = nil
      if self == .signaturesUnchecked { plan.strategies = ["sync-liar"] }
      if self == .timestampUnchecked { plan.strategies = ["wrong-time"] }
      return plan
    case .signBeforeSync, .replaySkipped, .fullDiskIgnored, .durableBeforeSync, .commitNotAtomic:
      var plan = FaultPlan.chaos
      plan.name = "chaos-disks"
      plan.crashesPerMinute = 60
      plan.diskStallsPerMinute = 30
      if self == .fullDiskIgnored { plan.fullDisksPerMinute = 60 }
      return plan
    default: return .chaos
    }
  }
}
