/// Consensus time: the time in a block's header, on which the validators agreed, in milliseconds since the
/// Unix epoch.
///
/// The ledger uses only this time, never a local clock.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var milliseconds: UInt64

  public init(milliseconds: UInt64) {
    self.milliseconds = milliseconds
  }

  public static let zero = Timestamp(milliseconds: 0)

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// The later time, at most the largest timestamp.
  public func advanced(byMilliseconds count: UInt64) -> Timestamp {
    let (sum, overflow) = milliseconds.addingReportingOverflow(count)
    return Timestamp(milliseconds: overflow ? .max : sum)
  }

  /// Milliseconds since `earlier`; zero when `earlier` is later.
  public func milliseconds(since earlier: Timestamp) -> UInt64 {
    milliseconds > earlier.milliseconds ? milliseconds - earlier.milliseconds : 0
  }
}

/// The unit of time of payments: prices are per tick, which is 6 s of consensus time on mainnet.
///
/// Tick 0 begins at the genesis time. A lease opened at tick *t* earns from *t* on.
public typealias Tick = UInt64
