import Primitives

/// Limits the bytes of proposed blocks that one peer gets, since a short request causes an answer of
/// megabytes.
///
/// An honest validator asks for a block once, when its proposal or some of its transactions did not arrive.
/// 16 MiB at once and 4 MiB per second are enough for that. Requests beyond the limit are not answered; the
/// peer can ask others.
struct ServingLimiter: Hashable, Sendable {
  /// In bytes per second and bytes.
  static let rate = TokenBucket.Rate(perSecond: 4 << 20, burst: 16 << 20)
  /// The bytes that every answer costs in addition to its length.
  static let overhead: UInt64 = 4 << 10

  private var bucket = TokenBucket()

  /// Whether an answer of `bytes` may be sent now. If so, it counts against the limit.
  mutating func take(_ bytes: Int, at now: Instant) -> Bool {
    bucket.take(UInt64(bytes) + Self.overhead, at: now, Self.rate)
  }
}
