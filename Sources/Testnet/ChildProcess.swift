import API
public import Foundation
import Glibc

/// A node that the testnet started: its own process, with its output in a log file.
public final class ChildProcess: Sendable {
  let name: String
  let log: URL
  private let process = Process()

  /// Starts this program again, or another one, with `arguments`.
  ///
  /// - Throws: `Failure` when the log cannot be written; an error of Foundation when the program cannot be started.
  public init(name: String, arguments: [String], log: URL, program: URL? = nil) throws {
    self.name = name
    self.log = log
    process.executableURL = try program ?? Self.program()
    process.arguments = arguments
    let exists = FileManager.default.fileExists(atPath: log.path)
    guard exists || FileManager.default.createFile(atPath: log.path, contents: nil) else {
      throw Failure("the log \(log.path) cannot be written")
    }
    let output = try FileHandle(forWritingTo: log)
    try output.seekToEnd()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
  }

  /// The file of the running program, also after it was replaced by a newer build.
  static func program() throws -> URL {
    URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
  }

  var identifier: Int32 { process.processIdentifier }
  public var isRunning: Bool { process.isRunning }
  /// How it ended, for a reader.
  var ending: String {
    process.terminationReason == .uncaughtSignal
      ? "killed by signal \(process.terminationStatus)" : "with status \(process.terminationStatus)"
  }

  /// Asks the process to end (SIGTERM).
  public func stop() {
    if process.isRunning { kill(process.processIdentifier, SIGTERM) }
  }

  func kill9() {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Waits until the process ended, and ends it by force at the deadline.
  public func waitForExit(within seconds: Double) async {
    let deadline = Date().addingTimeInterval(seconds)
    while process.isRunning {
      if Date() > deadline {
        kill9()
        process.waitUntilExit()
        return
      }
      try? await Task.sleep(for: .milliseconds(20))
    }
  }

  /// The last lines of the log, to show with a failure.
  public func tail(lines count: Int = 15) -> String {
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(count).joined(separator: "\n")
  }
}
