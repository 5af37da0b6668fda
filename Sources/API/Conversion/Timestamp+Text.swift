import Foundation
public import Primitives

extension Timestamp {
  /// ISO 8601 with milliseconds.
  public var text: String {
    // The formatter truncates to milliseconds; half a millisecond is added so that a floating-point error
    // does not give the millisecond before.
    Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1_000)
      .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
