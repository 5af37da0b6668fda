import Foundation
public import Primitives

extension Timestamp {
  /// ISO 8601 with milliseconds.
  public var text: String {
    // The formatter cuts off: half a millisecond more, and no fraction falls below its own.
    Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1_000)
      .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
