/// Consensus time: the time in a block's header, on which the validators agreed, in milliseconds since the
/// Unix epoch.
///
/// The ledger uses only this time, never a local clock.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var milliseconds: UInt64

  public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

  public static let zero = Timestamp(milliseconds: 0)

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  /// The later time, at most the largest timestamp.
  public func advanced(byMilliseconds count: UInt64) -> Timestamp {
    let (sum, overflow) = milliseconds.addingReportingOverflow(count)
    return Timestamp(milliseconds: overflow ? .max : sum)
  }

  /// Milliseconds since `earlier`; zero when `earlier` is later.
  public func milliseconds(since earlier: Timestamp) -> UInt64 {
    milliseconds > earlier.milliseconds ? milliseconds - earlier.milliseconds : 0
  }

  /// ISO 8601 in UTC with milliseconds: `2026-12-01T00:00:00.000Z`.
  public var text: String {
    func digits(_ number: UInt64, _ count: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    let time = milliseconds % 86_400_000
    // The civil calendar from a count of days, in years that begin in March and eras of 400 years
    // (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let days = milliseconds / 86_400_000 + 719_468
    let day = days % 146_097
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let civilMonth = month < 10 ? month + 3 : month - 9
    let civilYear = days / 146_097 * 400 + year + (civilMonth <= 2 ? 1 : 0)
    return
      "\(digits(civilYear, 4))-\(digits(civilMonth, 2))-\(digits(dayOfYear - (153 * month + 2) / 5 + 1, 2))"
      + "T\(digits(time / 3_600_000, 2)):\(digits(time / 60_000 % 60, 2)):\(digits(time / 1_000 % 60, 2))"
      + ".\(digits(time % 1_000, 3))Z"
  }

  public var description: String { text }
}

/// The unit of time of payments: prices are per tick, which is 6 s of consensus time on mainnet.
///
/// Tick 0 begins at the genesis time. A lease opened at tick *t* earns from *t* on.
public typealias Tick = UInt64
