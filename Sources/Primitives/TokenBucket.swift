/// A token bucket in one word (generic cell rate algorithm, ITU-T I.371): the instant at which it is full again.
public struct TokenBucket: Hashable, Sendable {
  /// How fast tokens come and how many may be saved up.
  public struct Rate: Hashable, Sendable {
    public let perSecond: UInt64
    public let burst: UInt64

    /// - Precondition: both are above zero and below 2³².
    public init(perSecond: UInt64, burst: UInt64) {
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

  public init() {}

  /// Puts back `count` tokens that were taken.
  public mutating func giveBack(_ count: UInt64, _ rate: Rate) {
    let time = rate.time(of: count).nanoseconds
    fullAt = Instant(nanoseconds: fullAt.nanoseconds > time ? fullAt.nanoseconds - time : 0)
  }

  /// Takes `count` tokens, or none when there are fewer.
  public mutating func take(_ count: UInt64 = 1, at now: Instant, _ rate: Rate) -> Bool {
    let next = max(fullAt, now) + rate.time(of: count)
    guard next.since(now) <= rate.time(of: rate.burst) else { return false }
    fullAt = next
    return true
  }

  /// Nothing is remembered of a full bucket, so it can be forgotten.
  public func isFull(at now: Instant) -> Bool { fullAt <= now }
}
