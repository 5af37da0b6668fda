import Primitives

/// What one peer is given of proposed blocks: requests are short, answers are megabytes.
///
/// An honest validator asks for a block once, when its proposal or some of its transactions did not come. Sixteen
/// megabytes at once and four a second serve that; who asks for more is not answered, and asks others.
struct SupplyMeter: Hashable, Sendable {
  /// In bytes.
  static let rate = TokenBucket.Rate(perSecond: 4 << 20, burst: 16 << 20)
  /// Every answer takes this much besides its bytes.
  static let overhead: UInt64 = 4 << 10

  private var bucket = TokenBucket()

  /// Whether an answer of `bytes` may go; counts it.
  mutating func take(_ bytes: Int, at now: Instant) -> Bool {
    bucket.take(UInt64(bytes) + Self.overhead, at: now, Self.rate)
  }
}
