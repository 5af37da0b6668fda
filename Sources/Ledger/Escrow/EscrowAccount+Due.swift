import Primitives

extension EscrowAccount {
  /// The tenant is warned when this many percent of the runway are left. The runway is the time from
  /// `runwayStart` to the last tick that the money can pay.
  static let warningPercents: [UInt8] = [20, 5]

  /// What the ledger does to an account without a transaction.
  enum Due: Hashable, Sendable {
    /// At most `percent` of the runway is left.
    case warning(percent: UInt8)
    /// The automatic payout of at least one lease.
    case payout
    /// The account reaches the first tick that its money does not pay in full.
    case overdraw
  }

  /// Returns the next due tick and the work that is due at that tick; nil when nothing is due. When several
  /// fall on one tick, a warning comes first, then an overdraw (which also pays out everything), then a
  /// payout.
  func nextDue() throws(ArithmeticError) -> (tick: Tick, due: Due)? {
    guard state == .open, !payments.isEmpty else { return nil }
    var next: (tick: Tick, due: Due)?
    func consider(_ tick: Tick, _ due: Due) { if next.map({ tick < $0.tick }) ?? true { next = (tick, due) } }
    let lastAffordable = try lastAffordableTick()
    if let lastAffordable, let warning = warning(lastAffordable: lastAffordable) {
      consider(warning.tick, .warning(percent: warning.percent))
    }
    if let lastAffordable { consider(lastAffordable + 1, .overdraw) }
    for payment in payments { consider(payment.nextPayout, .payout) }
    return next
  }

  /// The next warning and the tick at which at most that percentage of the runway, rounded down to ticks, is
  /// left. When two warnings fall on one tick, only the smaller percentage is given.
  private func warning(lastAffordable: Tick) -> (tick: Tick, percent: UInt8)? {
    var next: (tick: Tick, percent: UInt8)?
    for percent in Self.warningPercents where percent < lastWarningPercent {
      let runway = lastAffordable > runwayStart ? lastAffordable - runwayStart : 0
      let (hundreds, rest) = runway.quotientAndRemainder(dividingBy: 100)
      let left = hundreds * UInt64(percent) + rest * UInt64(percent) / 100
      let tick = lastAffordable - left
      if next.map({ tick <= $0.tick }) ?? true { next = (tick, percent) }
    }
    return next
  }

  /// Measures the runway anew from `settledAt`. Callers do this after every change of deposits or leases.
  mutating func restartRunway() {
    runwayStart = settledAt
    lastWarningPercent = 100
  }

  /// The tick of the payout after the one at `tick`. Payouts are never skipped, however many ticks lie
  /// between two blocks: `payOut` may postpone a part of the fee to the next payout, so the state depends on
  /// each of them.
  static func nextPayout(after tick: Tick, interval: UInt64) -> Tick {
    let (next, overflow) = tick.addingReportingOverflow(max(1, interval))
    return overflow ? .max : next
  }
}
