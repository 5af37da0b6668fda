import NIOCore

/// Runs the endpoint's turns on its event loop. In a turn, the bytes that the sockets have received are decrypted and the
/// owner is told what they say. Lives on the loop.
///
/// A turn runs after the loop has read all sockets that had something to read. So it can choose among the peers instead
/// of serving them in the order in which the kernel names them.
final class TurnScheduler {
  /// NIO runs tasks that are due before it looks at the sockets again. A task that is due a little later comes after
  /// them; if no socket has anything, the loop sleeps for this long.
  private static let pause = TimeAmount.microseconds(20)

  let loop: any EventLoop
  /// Does the work of one turn; returns whether work is left for another one.
  var turn: () -> Bool = { false }
  private var isScheduled = false
  /// A turn is under way: what it starts is done before it ends, and needs no turn of its own.
  private(set) var isRunning = false

  init(loop: any EventLoop) {
    self.loop = loop
  }

  /// Has a turn run when the sockets of this tick are read.
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
