import Foundation
import Glibc
import Testing

/// Somebody who types the commands of the README into a shell, with a home folder of their own.
final class ReadmeReader {
  /// A line of a block of commands.
  struct Line {
    var text: String
    /// The bold words or the heading above it, such as `As a tenant`.
    var part: String
  }

  /// The part of the README whose commands compute for minutes.
  static let engineer = "As an engineer"

  let home: URL
  let folder: URL
  private var background: [Process] = []
  /// The number that stands for DSEQ; `deploy` prints it.
  private var deployment = "DSEQ"
  private(set) var hints: [String] = []

  init() throws {
    home = FileManager.default.temporaryDirectory.appending(path: "reader-\(UUID().uuidString.prefix(8))")
    folder = home.appending(path: "clone")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["Testnet", "Network"] {
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: name),
        withDestinationURL: Program.repository.appending(path: name)
      )
    }
  }

  /// Who has started the network: `Testnet/run` builds the program and then runs `testnet up`.
  static func withNetwork(_ arguments: String...) async throws -> ReadmeReader {
    let reader = try ReadmeReader()
    try reader.start("exec '\(Program.url.path)' testnet up " + arguments.joined(separator: " "))
    let isUp = await Program.until(seconds: 120) { reader.backgroundText(0).contains("runs until Ctrl-C") }
    try #require(isUp, "\(reader.backgroundText(0))")
    return reader
  }

  deinit {
    for process in background where process.isRunning { kill(process.processIdentifier, SIGINT) }
    for process in background { process.waitUntilExit() }
    try? FileManager.default.removeItem(at: home)
  }

  /// The commands of the section `Try it yourself`.
  static func lines() throws -> [Line] {
    let text = try String(contentsOf: Program.repository.appending(path: "README.md"), encoding: .utf8)
    let section = try #require(
      text.components(separatedBy: "\n## ").first { $0.hasPrefix("Try it yourself") }
    )
    var lines: [Line] = []
    var part = ""
    var isInBlock = false
    for line in section.split(separator: "\n").map(String.init) {
      if line.hasPrefix("```") {
        isInBlock.toggle()
      } else if isInBlock {
        lines.append(Line(text: line, part: part))
      } else if let bold = line.firstMatch(of: /^\*\*(.*?)\*\*/) {
        part = String(bold.1)
      }
    }
    return lines
  }

  private func process(_ script: String, _ output: URL) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", "shopt -s expand_aliases\n" + prelude + script]
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.environment = ProcessInfo.processInfo.environment.merging(["HOME": home.path]) { $1 }
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = process.standardOutput
    try process.run()
    return process
  }

  /// The lines that give names; they hold for all lines after them.
  private var prelude = ""

  /// Starts what the README leaves running.
  func start(_ script: String) throws {
    let output = home.appending(path: "background-\(background.count)")
    background.append(try process(script, output))
  }

  func backgroundText(_ index: Int) -> String {
    (try? String(contentsOf: home.appending(path: "background-\(index)"), encoding: .utf8)) ?? ""
  }

  /// Runs a line once.
  func run(_ script: String, seconds: Double = 300) async throws -> (status: Int32, text: String) {
    let output = home.appending(path: "output-\(UUID().uuidString.prefix(8))")
    let process = try process(script, output)
    let ended = await Program.until(seconds: seconds) { !process.isRunning }
    if !ended { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    let text = try String(contentsOf: output, encoding: .utf8)
    guard ended else { throw TestFailure("`\(script)` does not end: \(text)") }
    return (process.terminationStatus, text)
  }

  /// Does what a line says. A reader tries again while a node is still starting.
  @discardableResult
  func follow(_ line: Line) async throws -> String {
    let text = line.text.replacing("DSEQ", with: deployment)
      .replacing("$PWD/.build/release/supercloud", with: Program.url.path)
    if text.hasPrefix("alias ") || text.firstMatch(of: /^[A-Z]+=/) != nil {
      prelude += text + "\n"
      return ""
    }
    if text.contains(#/&[ ]*(#.*)?$/#) {
      let command = text.prefix { $0 != "&" }.replacing(/^supercloud/, with: "exec '\(Program.url.path)'")
      try start(String(command))
      return ""
    }
    var last: (status: Int32, text: String) = (1, "")
    let isDone = await Program.until(seconds: 60) {
      last = try await self.run(text)
      return last.status == 0 || last.status == 2
    }
    guard isDone, last.status == 0 else {
      throw TestFailure("`\(text)` ends with \(last.status): \(last.text)")
    }
    if let match = last.text.firstMatch(of: /agreed: deployment (\d+)/) { deployment = String(match.1) }
    hints += last.text.matches(of: /`(supercloud [^`]+)`/).map { String($0.1) }
    return last.text
  }
}
