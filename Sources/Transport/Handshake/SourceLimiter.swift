import Primitives

extension TokenBucket.Rate {
  /// A setting's rate, at least one a second, with bursts of `bursts` times as many.
  init(_ setting: Int, bursts: UInt64 = 1) {
    let perSecond = UInt64(max(1, setting))
    self.init(perSecond: perSecond, burst: perSecond * bursts)
  }
}

/// A rate limit for each source address, in bounded memory.
struct SourceLimiter: Sendable {
  private let rate: TokenBucket.Rate
  private let total: TokenBucket.Rate
  private let capacity: Int
  private(set) var buckets: [IPAddress: TokenBucket] = [:]
  private var all = TokenBucket()
  /// The bucket that all further sources share while `capacity` sources have buckets of their own.
  private var overflow = TokenBucket()

  /// `rate` is the limit of each source, `total` that of all sources together.
  init(rate: TokenBucket.Rate, total: TokenBucket.Rate, capacity: Int = 4_096) {
    self.rate = rate
    self.total = total
    self.capacity = capacity
  }

  mutating func admits(_ source: IPAddress, at now: Instant) -> Bool {
    if buckets[source] == nil, buckets.count >= capacity {
      buckets = buckets.filter { !$0.value.isFull(at: now) }
      if buckets.count >= capacity { return overflow.take(at: now, rate) && all.take(at: now, total) }
    }
    return buckets[source, default: TokenBucket()].take(at: now, rate) && all.take(at: now, total)
  }
}
