import API
public import Foundation
public import Subprocess
import SystemPackage

/// Runs the running program once more, as a process that ends with the task that runs it.
public enum OwnProgram {
  /// Runs the program to its end, without input, and returns how it ended. When the task is cancelled, the
  /// program gets SIGTERM, and SIGKILL if it has not ended after the time `grace`.
  ///
  /// `program` is another build of the program; nil means the running one. The output is appended to the file
  /// `log`; with nil it goes to this process's own output.
  ///
  /// - Throws: `Failure` when the log cannot be written, `SubprocessError` when the program does not start.
  public static func run(
    _ arguments: [String],
    program: URL? = nil,
    log: URL? = nil,
    grace: Duration = .seconds(10)
  ) async throws -> TerminationStatus {
    var options = PlatformOptions()
    // A process group of its own: Ctrl-C on a terminal reaches only this process, which then ends the
    // program.
    options.processGroupID = 0
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: grace)]
    let configuration = Configuration(
      executable: .path(try program.map { FilePath($0.path) } ?? path()),
      arguments: Arguments(arguments),
      platformOptions: options
    )
    guard let log else {
      return try await Subprocess.run(
        configuration,
        output: .currentStandardOutput,
        error: .currentStandardError
      ).terminationStatus
    }
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(
        FilePath(log.path),
        .writeOnly,
        options: [.append, .create, .closeOnExec],
        permissions: .ownerReadWrite
      )
    } catch {
      throw Failure("the log \(log.path) cannot be written", why: "\(error)")
    }
    return try await Subprocess.run(
      configuration,
      output: .fileDescriptor(file, closeAfterSpawningProcess: true),
      error: .combinedWithOutput
    ).terminationStatus
  }

  /// Runs the program to its end and returns its output, at most 1 MiB. Its errors go to this process's
  /// standard error.
  ///
  /// - Throws: `Failure` when the program fails, `SubprocessError` when it does not start or prints more.
  public static func output(of arguments: [String]) async throws -> [UInt8] {
    let result = try await Subprocess.run(
      Configuration(executable: .path(try path()), arguments: Arguments(arguments)),
      output: .bytes(limit: 1 << 20),
      error: .currentStandardError
    )
    guard result.terminationStatus.isSuccess else {
      throw Failure("`\(arguments.joined(separator: " "))` ended \(result.terminationStatus.words)")
    }
    return result.standardOutput
  }

  /// The last lines of a log, to show with a failure.
  public static func tail(of log: URL, lines count: Int = 15) -> String {
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(count).joined(separator: "\n")
  }

  /// The path of the running program's file, or of the file that has replaced it, such as a newer build.
  private static func path() throws -> FilePath {
    let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    // The kernel appends this when the running file no longer has a name.
    let suffix = " (deleted)"
    return FilePath(path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path)
  }
}

extension TerminationStatus {
  /// How a program ended, for a reader, such as `with status 1`.
  public var words: String {
    switch self {
    case .exited(let code): "with status \(code)"
    case .signaled(let signal): "killed by signal \(signal)"
    }
  }
}
