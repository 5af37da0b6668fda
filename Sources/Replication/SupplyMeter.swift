import Primitives

/// What one peer is given of proposed blocks: requests are short, answers are megabytes.
///
/// An honest validator asks for a block once, when its proposal or some of its transactions did not come. Sixteen
/// megabytes at once and four a second serve that; who asks for more is not answered, and asks others.
struct SupplyMeter: Hashable, Sendable {
  static let bytesPerSecond: UInt64 = 4 << 20
  static let burst: UInt64 = 16 << 20
  /// Every answer takes this much besides its bytes.
  static let overhead: UInt64 = 4 << 10

  private var paidAt: Instant = .zero

  /// Whether an answer of `bytes` may go; counts it.
  mutating func take(_ bytes: Int, at now: Instant) -> Bool {
    let cost = (UInt64(bytes) + Self.overhead) * 1_000_000_000 / Self.bytesPerSecond
    let next = max(paidAt, now) + Interval(nanoseconds: cost)
    guard next.since(now).nanoseconds <= Self.burst * 1_000_000_000 / Self.bytesPerSecond else {
      return false
    }
    paidAt = next
    return true
  }
}

/// How many of a peer's statuses are acted upon: a hundred a second, fifty at once.
///
/// An honest peer sends one with every height and round. What it says is noted in any case, and a node that is
/// behind by it looks by itself ten times a second.
struct StatusPace: Hashable, Sendable {
  static let interval = Interval.milliseconds(10)
  static let burst = Interval.milliseconds(500)

  private var paidAt: Instant = .zero

  mutating func admits(at now: Instant) -> Bool {
    let next = max(paidAt, now) + Self.interval
    guard next.since(now) <= Self.burst else { return false }
    paidAt = next
    return true
  }
}
