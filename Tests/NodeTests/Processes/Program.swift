import Foundation
import Glibc

/// The built `supercloud`, run as a user runs it.
enum Program {
  /// Built with the tests, beside them.
  static let url: URL = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: tests).deletingLastPathComponent().appending(path: "supercloud")
  }()

  static let repository = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  struct Result {
    var status: Int32
    var output: String
    var error: String
  }

  /// A process that is not started yet; in a network namespace, when one is named.
  static func process(_ arguments: [String], in namespace: String? = nil) -> Process {
    let process = Process()
    process.executableURL = namespace == nil ? url : URL(filePath: "/usr/bin/env")
    process.arguments = (namespace.map { ["ip", "netns", "exec", $0, url.path] } ?? []) + arguments
    process.standardInput = FileHandle.nullDevice
    return process
  }

  /// Runs to the end. Output goes through files, so that no full pipe stops it.
  static func run(_ arguments: [String], in namespace: String? = nil, seconds: Double = 90) async throws
    -> Result
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["out", "err"].map { folder.appending(path: $0) }
    for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    let process = process(arguments, in: namespace)
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    let ended = await until(seconds: seconds) { !process.isRunning }
    if !ended { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
    guard ended else {
      throw TestFailure("\(arguments.joined(separator: " ")) did not end within \(seconds) s: \(texts)")
    }
    return Result(status: process.terminationStatus, output: texts[0], error: texts[1])
  }

  /// Whether `condition` holds before the deadline.
  static func until(seconds: Double, _ condition: () async throws -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
      if (try? await condition()) == true { return true }
      try? await Task.sleep(for: .milliseconds(50))
    }
    return false
  }
}

struct TestFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
