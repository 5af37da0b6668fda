import API
import Foundation
import Glibc
import Testing

/// A running `supercloud testnet up`, with what it printed.
final class TestnetRun {
  let process: Process
  private let output: URL

  /// `program`: the program's file; nil for the built one. `folder` may not exist yet.
  init(_ folder: URL, _ arguments: [String], program: URL? = nil) throws {
    output = folder.appendingPathExtension("out-\(UUID().uuidString.prefix(4))")
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    process = Program.process(["testnet", "up", "--home", folder.path] + arguments)
    if let program {
      process.executableURL = program
      process.currentDirectoryURL = program.deletingLastPathComponent()
    }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = process.standardOutput
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGTERM) }
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: output)
  }

  var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

  func expect(_ word: String) async throws {
    let came = await Program.until(seconds: 90) { self.text.contains(word) || !self.process.isRunning }
    guard came, text.contains(word) else { throw TestFailure("`\(word)` does not come: \(text)") }
  }

  /// Waits until it has ended by itself or by a signal.
  func expectEnd() async throws {
    guard await Program.until(seconds: 60, { !self.process.isRunning }) else {
      throw TestFailure("it does not stop: \(text)")
    }
  }

  /// Ctrl-C.
  func interrupt() async throws {
    kill(process.processIdentifier, SIGINT)
    try await expectEnd()
  }

  // MARK: A network's folder

  /// A name for a folder that does not exist.
  static func newFolder() -> URL {
    FileManager.default.temporaryDirectory.appending(path: "testnet-\(UUID().uuidString)")
  }

  /// Processes that run in `folder`.
  static func processes(of folder: URL) -> [String] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.filter { Int($0) != nil }.compactMap { entry in
      let line = FileManager.default.contents(atPath: "/proc/\(entry)/cmdline") ?? Data()
      let text = String(decoding: line, as: UTF8.self).replacing("\0", with: " ")
      return text.contains(folder.path) ? text : nil
    }
  }

  static func plan(_ folder: URL) throws -> LocalNetwork.Plan {
    let data = try Data(contentsOf: folder.appending(path: "testnet.json"))
    return try JSONDecoder().decode(LocalNetwork.Plan.self, from: data)
  }

  static func client(_ folder: URL, _ name: String) throws -> NodeClient {
    let member = try #require(try plan(folder).members.first { $0.name == name })
    return try NodeClient("127.0.0.1:\(member.apiPort)")
  }

  static func status(_ folder: URL, _ name: String) async throws -> Answer.Status {
    try await client(folder, name).get("/v1/status")
  }
}
