import Synchronization
import Wire

/// Counts frames and their bytes by kind, for TCP and UDP together.
final class TrafficMeter: Sendable {
  struct Counts: Hashable, Sendable {
    var sent: UInt64 = 0
    var sentBytes: UInt64 = 0
    var received: UInt64 = 0
    var receivedBytes: UInt64 = 0
    /// Received frames whose content is not a message of that kind.
    var malformed: UInt64 = 0
  }

  private let counts = Mutex(Array(repeating: Counts(), count: 32))

  func sent(_ kind: FrameKind, _ bytes: Int) {
    count(kind) { counts in
      counts.sent += 1
      counts.sentBytes += UInt64(bytes)
    }
  }

  func received(_ kind: FrameKind, _ bytes: Int) {
    count(kind) { counts in
      counts.received += 1
      counts.receivedBytes += UInt64(bytes)
    }
  }

  func malformed(_ kind: FrameKind) {
    count(kind) { $0.malformed += 1 }
  }

  subscript(kind: FrameKind) -> Counts {
    counts.withLock { $0[Self.place(of: kind)] }
  }

  private func count(_ kind: FrameKind, _ change: (inout Counts) -> Void) {
    counts.withLock { change(&$0[Self.place(of: kind)]) }
  }

  private static func place(of kind: FrameKind) -> Int { Int(kind.rawValue) & 31 }
}
