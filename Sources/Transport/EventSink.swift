import NIOCore
import Primitives

/// Gathers the events of a turn and gives them to the endpoint's owner in one call. Lives on the transport's
/// loop.
final class EventSink {
  let turns: TurnScheduler
  private let handler: @Sendable ([TransportEvent]) -> Void
  private var pending: [TransportEvent] = []
  var counters = TransportCounters()

  init(turns: TurnScheduler, handler: @escaping @Sendable ([TransportEvent]) -> Void) {
    self.turns = turns
    self.handler = handler
  }

  var loop: any EventLoop { turns.loop }

  var isEmpty: Bool { pending.isEmpty }

  /// Adds an event, to be delivered at the end of this turn or in the next one, never before `emit` returns.
  /// So an owner that calls the endpoint from its handler is not called again before the handler has
  /// returned.
  func emit(_ event: TransportEvent) {
    pending.append(event)
    turns.request()
  }

  /// Calls the owner's handler with the gathered events. Events that this call causes wait for the next one.
  func deliver() {
    guard !pending.isEmpty else { return }
    let batch = pending
    pending = []
    pending.reserveCapacity(min(batch.count, 256))
    handler(batch)
  }
}

/// The present time by the monotonic clock that SwiftNIO's event loops use.
func currentInstant() -> Instant { Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds) }
