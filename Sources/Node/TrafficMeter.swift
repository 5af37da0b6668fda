import Synchronization
import Wire

/// Counts frames and their bytes by kind, over TCP and UDP together.
final class TrafficMeter: Sendable {
  struct Counts: Hashable, Sendable {
    var sent: UInt64 = 0
    var sentBytes: UInt64 = 0
    var received: UInt64 = 0
    var receivedBytes: UInt64 = 0
    /// Received, but not the message that the kind names.
    var malformed: UInt64 = 0
  }

  private let counts = Mutex(Array(repeating: Counts(), count: 32))

  func sent(_ kind: FrameKind, _ bytes: Int) {
    counts.withLock {
      $0[Int(kind.rawValue) & 31].sent += 1
      $0[Int(kind.rawValue) & 31].sentBytes += UInt64(bytes)
    }
  }

  func received(_ kind: FrameKind, _ bytes: Int) {
    counts.withLock {
      $0[Int(kind.rawValue) & 31].received += 1
      $0[Int(kind.rawValue) & 31].receivedBytes += UInt64(bytes)
    }
  }

  func malformed(_ kind: FrameKind) {
    counts.withLock { $0[Int(kind.rawValue) & 31].malformed += 1 }
  }

  subscript(kind: FrameKind) -> Counts {
    counts.withLock { $0[Int(kind.rawValue) & 31] }
  }
}
