/// Consensus time: milliseconds since the Unix epoch, as proposed in a block header and agreed on.
///
/// Everything that the ledger decides by time uses this, never a local clock.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var milliseconds: UInt64

  public init(milliseconds: UInt64) {
    self.milliseconds = milliseconds
  }

  public static let zero = Timestamp(milliseconds: 0)

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// Saturates at the end of time instead of trapping.
  public func advanced(byMilliseconds count: UInt64) -> Timestamp {
    let (sum, overflow) = milliseconds.addingReportingOverflow(count)
    return Timestamp(milliseconds: overflow ? .max : sum)
  }

  /// Milliseconds since `earlier`; zero when `earlier` is later.
  public func milliseconds(since earlier: Timestamp) -> UInt64 {
    milliseconds > earlier.milliseconds ? milliseconds - earlier.milliseconds : 0
  }
}

/// The unit by which money moves: prices are per tick (6 s of consensus time on mainnet).
///
/// Tick 0 begins at the genesis time. A lease opened at tick *t* earns from *t* on.
public typealias Tick = UInt64
