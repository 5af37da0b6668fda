import API
import Synchronization
import Wire

/// Counts frames and their bytes by kind, for TCP and UDP together.
final class TrafficMeter: Sendable {
  private let counts = Mutex(
    (0..<32).map { Answer.Network.Frames(kind: FrameKind(rawValue: $0)?.name ?? "") }
  )

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

  subscript(kind: FrameKind) -> Answer.Network.Frames {
    counts.withLock { $0[Self.place(of: kind)] }
  }

  private func count(_ kind: FrameKind, _ change: (inout Answer.Network.Frames) -> Void) {
    counts.withLock { change(&$0[Self.place(of: kind)]) }
  }

  private static func place(of kind: FrameKind) -> Int { Int(kind.rawValue) & 31 }
}
