/// A point in time on a node's own monotonic clock, in nanoseconds since the node started.
///
/// Deterministic code never reads a clock: every input carries the instant at which it is handled.
public struct Instant: Hashable, Comparable, Sendable {
  public var nanoseconds: UInt64

  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  public static let zero = Instant(nanoseconds: 0)

  public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The sum, at most the largest instant.
  public static func + (instant: Instant, interval: Interval) -> Instant {
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(interval.nanoseconds)
    return Instant(nanoseconds: overflow ? .max : sum)
  }

  /// The time that passed since `earlier`; zero when `earlier` is later.
  public func since(_ earlier: Instant) -> Interval {
    Interval(nanoseconds: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0)
  }
}

/// A span of monotonic time in nanoseconds.
public struct Interval: Hashable, Comparable, Sendable {
  public var nanoseconds: UInt64

  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  public static let zero = Interval(nanoseconds: 0)

  /// `count` milliseconds, at most the largest interval.
  public static func milliseconds(_ count: UInt64) -> Interval {
    let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000)
    return Interval(nanoseconds: overflow ? .max : product)
  }

  /// `count` seconds, at most the largest interval.
  public static func seconds(_ count: UInt64) -> Interval {
    let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000_000)
    return Interval(nanoseconds: overflow ? .max : product)
  }

  public var milliseconds: UInt64 { nanoseconds / 1_000_000 }

  public static func < (left: Interval, right: Interval) -> Bool { left.nanoseconds < right.nanoseconds }

  public static func + (left: Interval, right: Interval) -> Interval {
    let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
    return Interval(nanoseconds: overflow ? .max : sum)
  }
}
