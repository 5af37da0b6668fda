import Foundation
import Glibc
import Subprocess
import SystemPackage

/// The output of a program and its exit status.
struct CommandOutput: Sendable {
  /// The exit status, or 128 and the number of the signal that ended it.
  var status: Int
  var text: String
  var errors: String
}

/// A command whose end the caller awaits.
struct Command: Sendable {
  var path: String
  var arguments: [String] = []
  var environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]

  /// Output beyond this many bytes is cut off.
  static let outputLimit = 1 << 20

  struct TimedOut: Error, CustomStringConvertible {
    var path: String
    var description: String { "\(path) took too long and was killed" }
  }

  /// Runs the program in a session of its own. Its standard streams are files, so no pipe can block either
  /// side, and a program that does not read its input cannot end this process with SIGPIPE.
  ///
  /// - Throws: `LaunchError`, `SubprocessError`, `TimedOut`, `CancellationError`, or an error of making a
  ///   temporary folder.
  func run(input: [UInt8] = [], timeout: Duration = .seconds(30)) async throws -> CommandOutput {
    try LaunchError.check(path, arguments, environment)
    let folder = FileManager.default.temporaryDirectory.appending(path: "supercloud-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder,
      withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700]
    )
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["in", "out", "err"].map { folder.appending(path: $0) }
    try Data(input).write(to: files[0])
    let status = try await withThrowingTaskGroup(of: TerminationStatus?.self) { group in
      group.addTask { try await run(on: files) }
      group.addTask {
        try await Task.sleep(for: timeout)
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    guard let status else { throw TimedOut(path: path) }
    let texts = files.dropFirst().map { Self.text(of: $0) }
    return CommandOutput(status: Self.number(status), text: texts[0], errors: texts[1])
  }

  /// Runs it until it ends, or until the task is cancelled: then it and its children are killed.
  private func run(on files: [URL]) async throws -> TerminationStatus {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
    ]
    let variables = environment.map { (Environment.Key(rawValue: $0.key), $0.value) }
    let configuration = Configuration(
      executable: .path(FilePath(path)),
      arguments: Arguments(arguments),
      environment: .custom(Dictionary(variables.compactMap { key, value in key.map { ($0, value) } }) { $1 }),
      platformOptions: options
    )
    let handles = try [FileHandle(forReadingFrom: files[0]), Self.create(files[1]), Self.create(files[2])]
    defer { for handle in handles { try? handle.close() } }
    let streams = handles.map { FileDescriptor(rawValue: $0.fileDescriptor) }
    return try await Subprocess.run(
      configuration,
      input: .fileDescriptor(streams[0], closeAfterSpawningProcess: false),
      output: .fileDescriptor(streams[1], closeAfterSpawningProcess: false),
      error: .fileDescriptor(streams[2], closeAfterSpawningProcess: false)
    ).terminationStatus
  }

  private static func create(_ file: URL) throws -> FileHandle {
    try Data().write(to: file)
    return try FileHandle(forWritingTo: file)
  }

  private static func number(_ status: TerminationStatus) -> Int {
    switch status {
    case .exited(let code): Int(code)
    case .signaled(let signal): 128 + Int(signal)
    }
  }

  private static func text(of file: URL) -> String {
    guard let handle = try? FileHandle(forReadingFrom: file) else { return "" }
    defer { try? handle.close() }
    let data = (try? handle.read(upToCount: outputLimit)) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  /// The program's path in the first of the usual folders that has it; nil when none has.
  static func find(_ name: String) -> String? {
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 }
  }
}
