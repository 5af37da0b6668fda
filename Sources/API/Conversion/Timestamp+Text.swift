import Foundation
public import Primitives

extension Timestamp {
  /// ISO 8601 with milliseconds.
  public var text: String {
    Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
      .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
