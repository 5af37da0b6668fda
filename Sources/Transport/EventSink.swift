import NIOCore
import Primitives

/// Gathers events of one event-loop tick and hands them over in one call. Lives on the transport's loop.
final class EventSink {
  let loop: any EventLoop
  private let handler: @Sendable ([TransportEvent]) -> Void
  private var pending: [TransportEvent] = []
  private var isScheduled = false
  var counters = TransportCounters()

  init(loop: any EventLoop, handler: @escaping @Sendable ([TransportEvent]) -> Void) {
    self.loop = loop
    self.handler = handler
  }

  func emit(_ event: TransportEvent) {
    pending.append(event)
    guard !isScheduled else { return }
    isScheduled = true
    loop.assumeIsolated().execute { self.deliver() }
  }

  func deliver() {
    isScheduled = false
    guard !pending.isEmpty else { return }
    let batch = pending
    pending = []
    pending.reserveCapacity(min(batch.count, 256))
    handler(batch)
  }
}

/// The loop's monotonic clock.
func currentInstant() -> Instant {
  Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds)
}
