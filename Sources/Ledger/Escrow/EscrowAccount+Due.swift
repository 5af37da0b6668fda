import Primitives

extension EscrowAccount {
  /// Shares of the runway at which the tenant is warned, in percent.
  static let warningPercents: [UInt8] = [20, 5]

  /// What happens next by itself.
  enum Due: Hashable, Sendable {
    /// At most `percent` of the runway is left.
    case warning(percent: UInt8)
    /// At least one lease's automatic payout.
    case payout
    /// The first tick that cannot be paid.
    case overdraw
  }

  /// When and what; nil when nothing ever happens by itself. Of what falls on one tick, warnings come first, then
  /// the overdraw, which pays out everything, then payouts.
  func nextDue() throws(ArithmeticError) -> (tick: Tick, due: Due)? {
    guard state == .open, !payments.isEmpty else { return nil }
    var next: (tick: Tick, due: Due)?
    func consider(_ tick: Tick, _ due: Due) {
      if next.map({ tick < $0.tick }) ?? true { next = (tick, due) }
    }
    let dry = try dryTick()
    if let dry, let warning = warning(dry: dry) {
      consider(warning.tick, .warning(percent: warning.percent))
    }
    if let dry { consider(dry + 1, .overdraw) }
    for payment in payments { consider(payment.nextPayout, .payout) }
    return next
  }

  /// The next warning: when the rest of the runway is at most the percentage, rounded down to ticks. Of two that fall
  /// on one tick only the more urgent one is given.
  private func warning(dry: Tick) -> (tick: Tick, percent: UInt8)? {
    var next: (tick: Tick, percent: UInt8)?
    for percent in Self.warningPercents where percent < warnedPercent {
      let runway = dry > runwayFrom ? dry - runwayFrom : 0
      let (hundreds, rest) = runway.quotientAndRemainder(dividingBy: 100)
      let left = hundreds * UInt64(percent) + rest * UInt64(percent) / 100
      let tick = dry - left
      if next.map({ tick <= $0.tick }) ?? true { next = (tick, percent) }
    }
    return next
  }

  /// Starts a new runway: after every change of deposits or leases.
  mutating func restartRunway() {
    runwayFrom = settledAt
    warnedPercent = 100
  }

  /// The payout after one at `tick`. None is skipped, however many ticks a block brings: a fee that had to wait for
  /// the next payout makes the state depend on each.
  static func nextPayout(after tick: Tick, interval: UInt64) -> Tick {
    let (next, overflow) = tick.addingReportingOverflow(max(1, interval))
    return overflow ? .max : next
  }
}
