import Glibc
import Logging
import UnixSignals

/// Signals that would end the program although nobody wants to stop the node: SIGHUP comes when a terminal closes
/// and from tools that expect a reload, the others from scripts and by mistake.
enum IgnoredSignals {
  /// Runs `body`. Meanwhile the signals end nothing, and each is logged with what to do instead.
  static func whileLogging<Value: Sendable>(
    to logger: Logger,
    _ body: () async throws -> Value
  ) async rethrows -> Value {
    // Writing to a closed pipe, or beyond a limit of the file's size, shall be an error of the write.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    let signals = await UnixSignalsSequence(trapping: .sighup, .sigusr1, .sigusr2, .sigalrm)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for await signal in signals {
          logger.notice(
            "a signal is ignored",
            metadata: [
              "signal": "\(signal)", "reason": "config.toml is read only when the node starts",
              "remedy": "stop the node with SIGTERM and start it again to apply a change",
            ]
          )
        }
      }
      defer { group.cancelAll() }
      return try await body()
    }
  }
}
