import Glibc
import Node
import UnixSignals

/// Ctrl-C, and the signals by which others end a command.
enum Interruption {
  /// The exit status of a command that was interrupted, as shells have it.
  static let code: Int32 = 130

  /// Runs `body`. The first signal cancels it, so that it can undo what it has begun; the second ends the program
  /// at once. Meanwhile a closed pipe or terminal does not end the program either.
  static func cancelling<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    // Writing to a closed pipe shall be an error of the write, not the end of the program.
    signal(SIGPIPE, SIG_IGN)
    Console.needsReader = false
    defer { Console.needsReader = true }
    let signals = await UnixSignalsSequence(trapping: trapped)
    let work = Task { try await body() }
    let watch = Task {
      var hasCome = false
      for await _ in signals {
        if hasCome { _exit(code) }
        hasCome = true
        Console.note("interrupted: ending what was begun (a second time ends at once)")
        work.cancel()
      }
    }
    defer { watch.cancel() }
    return try await work.value
  }

  /// The signals that end a command. `nohup` and shells that run it in the background have some of them ignored, so
  /// that it goes on when the terminal closes; those stay ignored.
  private static var trapped: [UnixSignal] {
    let status = IgnoredSignals.ownStatus
    let signals: [UnixSignal] = [.sigint, .sigterm, .sighup]
    return signals.filter { !IgnoredSignals.contains($0.rawValue, in: status) }
  }

  /// Runs `body` to its end, also when the caller's task is cancelled.
  static func shielding<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await Task { try await body() }.value
  }
}
