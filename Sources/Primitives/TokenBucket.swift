/// A token bucket for rate limits. It stores only the instant at which it is full again (the generic cell
/// rate algorithm, ITU-T I.371).
public struct TokenBucket: Hashable, Sendable {
  /// The number of tokens that the bucket gains per second, and the number that it can hold.
  public struct Rate: Hashable, Sendable {
    public let perSecond: UInt64
    public let burst: UInt64

    /// - Precondition: Both are above 0 and below 2³².
    public init(perSecond: UInt64, burst: UInt64) {
      precondition((1..<1 << 32).contains(perSecond) && (1..<1 << 32).contains(burst), "illegal rate")
      self.perSecond = perSecond
      self.burst = burst
    }

    /// The time in which the bucket gains `count` tokens.
    fileprivate func time(of count: UInt64) -> Interval {
      let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000_000)
      return Interval(nanoseconds: overflow ? .max : product / perSecond)
    }
  }

  private var fullAt: Instant = .zero

  public init() {}

  /// Puts `count` tokens back into the bucket that were taken before.
  public mutating func giveBack(_ count: UInt64, _ rate: Rate) {
    let time = rate.time(of: count).nanoseconds
    fullAt = Instant(nanoseconds: fullAt.nanoseconds > time ? fullAt.nanoseconds - time : 0)
  }

  /// Takes `count` tokens and returns true, or takes none and returns false when there are fewer.
  public mutating func take(_ count: UInt64 = 1, at now: Instant, _ rate: Rate) -> Bool {
    let next = max(fullAt, now) + rate.time(of: count)
    guard next.since(now) <= rate.time(of: rate.burst) else { return false }
    fullAt = next
    return true
  }

  /// Whether the bucket is full. A full bucket equals a new one, so it need not be kept.
  public func isFull(at now: Instant) -> Bool { fullAt <= now }
}
