import Primitives

/// A token bucket in one word (generic cell rate algorithm, ITU-T I.371): the instant at which it is full again.
struct TokenBucket: Hashable, Sendable {
  struct Rate: Hashable, Sendable {
    var perSecond: UInt64
    var burst: UInt64

    /// - Precondition: both are above zero and below 2³².
    init(perSecond: UInt64, burst: UInt64) {
      precondition((1..<1 << 32).contains(perSecond) && (1..<1 << 32).contains(burst), "illegal rate")
      self.perSecond = perSecond
      self.burst = burst
    }

    /// Nanoseconds in which `count` tokens come.
    fileprivate func time(of count: UInt64) -> Interval {
      let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000_000)
      return Interval(nanoseconds: overflow ? .max : product / perSecond)
    }
  }

  private var fullAt: Instant = .zero

  /// Puts back `count` tokens that were taken.
  mutating func giveBack(_ count: UInt64, _ rate: Rate) {
    let time = rate.time(of: count).nanoseconds
    fullAt = Instant(nanoseconds: fullAt.nanoseconds > time ? fullAt.nanoseconds - time : 0)
  }

  /// Takes `count` tokens, or none when there are fewer.
  mutating func take(_ count: UInt64 = 1, at now: Instant, _ rate: Rate) -> Bool {
    let next = max(fullAt, now) + rate.time(of: count)
    guard next.since(now) <= rate.time(of: rate.burst) else { return false }
    fullAt = next
    return true
  }
}
