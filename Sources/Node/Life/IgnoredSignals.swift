import Foundation
import Glibc
import Logging
import UnixSignals

/// Signals that would end the program although nobody wants to stop the node: SIGHUP comes when a terminal closes
/// and from tools that expect a reload, the others from scripts and by mistake.
public enum IgnoredSignals {
  /// The text from which the signals are read that this process ignores. `nohup` and shells that run a program in the
  /// background have some ignored, so that it goes on when the terminal closes.
  public static var ownStatus: String {
    (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  }

  /// Whether a process ignores a signal, according to its `/proc/PID/status`.
  public static func contains(_ signal: Int32, in status: String = ownStatus) -> Bool {
    let line = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
    let mask = line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) } ?? 0
    // The lowest bit stands for signal 1.
    return (mask >> (signal - 1)) & 1 == 1
  }

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
