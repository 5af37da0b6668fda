import NIOCore

/// Runs the endpoint's turns on its event loop. In a turn, received bytes are decrypted, and the messages in
/// them are delivered to the owner. Lives on the event loop.
///
/// A turn runs after the loop has read every readable socket once. So the turn decides which peers are served first; the
/// kernel's order of readable sockets does not matter.
final class TurnScheduler {
  /// The delay before the next turn when a turn has left work. SwiftNIO runs all due tasks before it polls
  /// the sockets again, so without a delay the next turn would run before any socket is read. If no socket is
  /// readable, the loop sleeps for this long.
  private static let pause = TimeAmount.microseconds(20)

  let loop: any EventLoop
  /// Does the work of one turn; returns whether work is left for another one.
  var turn: () -> Bool = { false }
  private var isScheduled = false
  /// Whether a turn is under way. It delivers events and flushes at its end, so neither is scheduled.
  private(set) var isRunning = false

  init(loop: any EventLoop) {
    self.loop = loop
  }

  /// Schedules a turn after the loop's present round of reading sockets.
  func request() {
    guard !isScheduled, !isRunning else { return }
    isScheduled = true
    loop.assumeIsolated().execute { self.run() }
  }

  private func run() {
    isScheduled = false
    isRunning = true
    let isWorkLeft = turn()
    isRunning = false
    guard isWorkLeft, !isScheduled else { return }
    isScheduled = true
    loop.assumeIsolated().scheduleTask(in: Self.pause) { self.run() }
  }
}
