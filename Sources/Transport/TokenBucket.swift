import Primitives

/// A token bucket in one word, as the generic cell rate algorithm keeps it (ITU-T I.371): the instant at which
/// the bucket will be full again.
struct TokenBucket: Hashable, Sendable {
  /// How fast tokens come and how many may be saved up.
  struct Rate: Hashable, Sendable {
    let perSecond: UInt64
    let burst: UInt64

    /// - Precondition: both are above zero.
    init(perSecond: UInt64, burst: UInt64) {
      precondition(perSecond > 0 && burst > 0, "a bucket that never fills admits nothing")
      self.perSecond = perSecond
      self.burst = burst
    }

    fileprivate var interval: UInt64 { max(1, 1_000_000_000 / perSecond) }
  }

  private var fullAt: Instant = .zero

  /// Takes `count` tokens, or none when there are fewer.
  mutating func take(_ count: UInt64 = 1, at now: Instant, _ rate: Rate) -> Bool {
    let start = max(fullAt.nanoseconds, now.nanoseconds)
    let (cost, overflow) = rate.interval.multipliedReportingOverflow(by: count)
    guard !overflow else { return false }
    let next = Instant(nanoseconds: start) + Interval(nanoseconds: cost)
    guard
      next.since(now).nanoseconds <= rate.interval.multipliedReportingOverflow(by: rate.burst).partialValue
    else { return false }
    fullAt = next
    return true
  }

  /// Nothing is remembered of a full bucket, so it can be forgotten.
  func isFull(at now: Instant) -> Bool {
    fullAt <= now
  }
}

/// Buckets per source, in bounded memory whatever the number of sources.
struct SourceLimiter: Sendable {
  private let rate: TokenBucket.Rate
  private let total: TokenBucket.Rate
  private let capacity: Int
  private var buckets: [IPAddress: TokenBucket] = [:]
  private var all = TokenBucket()
  /// Shared by the sources that found no room.
  private var overflow = TokenBucket()

  /// `rate` holds per source, `total` for all sources together.
  init(rate: TokenBucket.Rate, total: TokenBucket.Rate, capacity: Int = 4_096) {
    self.rate = rate
    self.total = total
    self.capacity = capacity
  }

  var trackedSources: Int { buckets.count }

  mutating func admits(_ source: IPAddress, at now: Instant) -> Bool {
    if buckets[source] == nil, buckets.count >= capacity {
      buckets = buckets.filter { !$0.value.isFull(at: now) }
      if buckets.count >= capacity {
        return overflow.take(at: now, rate) && all.take(at: now, total)
      }
    }
    return buckets[source, default: TokenBucket()].take(at: now, rate) && all.take(at: now, total)
  }
}
