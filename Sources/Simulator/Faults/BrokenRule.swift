/// A rule that the simulator breaks on purpose in the code around the replicas. Some invariant must then be
/// violated: this shows that the checks can fail. The raw values are those of the option `--broken-rule`.
public enum BrokenRule: String, CaseIterable, Codable, Hashable, Sendable {
  /// A node sends a vote before the log records on which the vote depends are on its disk.
  case signBeforeSync = "sign-before-sync"
  /// A restarting node does not replay its consensus log.
  case replaySkipped = "replay-skipped"
  /// A restarting node does not replay its consensus log, and its signing guard has lost its records.
  case guardForgets = "guard-forgets"
  /// A crash loses log records that the disk had reported as synced.
  case syncIgnored = "sync-ignored"
  /// A node continues when its disk is full, and loses its log records.
  case fullDiskIgnored = "full-disk-ignored"
  /// The replica is told that a commit is durable before it is written.
  case durableBeforeSync = "durable-before-sync"
  /// A crash during a commit can leave the new tip on disk without the new state.
  case commitNotAtomic = "commit-not-atomic"
  /// A prevote for nil becomes one for the proposed block, even if the validator is locked on another.
  case lockIgnored = "lock-ignored"
  /// Nodes accept every signature.
  case signaturesUnchecked = "signatures-unchecked"
  /// A vote also counts for the next validator in the set.
  case votesCountedTwice = "votes-counted-twice"
  /// A vote for nil counts as a vote for the proposed block.
  case nilCountedAsValue = "nil-counted-as-value"
  /// Nodes accept a proposal with any block time.
  case timestampUnchecked = "timestamp-unchecked"
  /// All nodes omit the same one of each block's state changes when they write the block.
  case writeLost = "write-lost"
  /// A restarting node uses the validators of its last height for the next height.
  case staleValidators = "stale-validators"
  /// The consensus timeouts for propose, prevote and precommit never fire.
  case timersIgnored = "timers-ignored"
  /// Nodes ignore the status messages of their peers.
  case statusIgnored = "status-ignored"

  /// The fault plan under which breaking the rule leads to a violation.
  public var faults: FaultPlan {
    switch self {
    case .signaturesUnchecked, .votesCountedTwice, .nilCountedAsValue, .timestampUnchecked, .lockIgnored:
      var plan = FaultPlan.chaos
      plan.name = "chaos-byzantine"
      plan.byzantine = nil
      if self == .signaturesUnchecked { plan.strategies = ["false-sync"] }
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
