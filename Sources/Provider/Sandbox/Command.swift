import Foundation
import Glibc

/// What a program printed and how it ended.
struct CommandOutput: Sendable {
  var status: Int
  var text: String
  var errors: String
}

/// A program that is run until it ends.
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

  /// Runs the program. Its standard streams are files, so that neither side can block on a full pipe.
  ///
  /// - Throws: `LaunchError`, `TimedOut`, or an error of making a temporary folder.
  func run(input: [UInt8] = [], timeout: Duration = .seconds(30)) async throws -> CommandOutput {
    let folder = FileManager.default.temporaryDirectory.appending(path: "supercloud-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder,
      withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700]
    )
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["in", "out", "err"].map { folder.appending(path: $0) }
    try Data(input).write(to: files[0])
    let process = try ProcessLauncher.spawn(
      path,
      arguments: arguments,
      environment: environment,
      input: files[0].path,
      output: files[1].path,
      errors: files[2].path
    )
    let deadline = ContinuousClock.now + timeout
    while true {
      if let ended = ProcessLauncher.reap(process) {
        let texts = files.dropFirst().map { Self.text(of: $0) }
        return CommandOutput(status: ended.status ?? -1, text: texts[0], errors: texts[1])
      }
      if ContinuousClock.now > deadline || Task.isCancelled {
        // The program leads its own session and process group, so this kills its children too.
        kill(-process, SIGKILL)
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        throw TimedOut(path: path)
      }
      try? await Task.sleep(for: .milliseconds(5))
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
