import API
import ArgumentParser
import Foundation

@testable import supercloud

/// Finds the commands of this program in texts: in sources, in help, in pages.
struct PrintedCommands {
  struct Command: CustomStringConvertible {
    var text: String
    var place: String
    /// Whether it stands as people copy it: in backticks, or as a line or text of its own.
    var isMarked: Bool

    var description: String { "\(place): \(text)" }
  }

  static let repository = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// What stands for a value that is put in when the program runs.
  static let value: Character = "\u{FFFC}"

  /// Names of the commands of the top level.
  private static let names = Supercloud.configuration.subcommands.map { $0._commandName } + ["help"]

  /// The commands in the strings of all rooms.
  static func inSources() throws -> [Command] {
    let folder = repository.appending(path: "Sources")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") && !$0.contains("Generated") }.sorted()
    return try files.flatMap { file in
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      let code = code(text)
      return find(in: code, place: "Sources/\(file)") + calls(in: code, place: "Sources/\(file)")
    }
  }

  /// The text without comments, with long lines joined, and with `value` for each interpolation.
  private static func code(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.drop { $0 == " " }.hasPrefix("//") }
    return filledIn(Substring(lines.joined(separator: "\n").replacing(#/\\\n[ ]*/#, with: "")))
  }

  /// The text with `value` for each interpolation; behind it the interpolations, since they hold texts too.
  private static func filledIn(_ text: Substring) -> String {
    var result = ""
    var inner = ""
    var rest = text
    while let start = rest.range(of: "\\(") {
      result += rest[..<start.lowerBound]
      result.append(value)
      var depth = 1
      rest = rest[start.upperBound...]
      let content = rest
      while depth > 0, let character = rest.popFirst() {
        if character == "(" { depth += 1 }
        if character == ")" { depth -= 1 }
      }
      inner += "\n" + filledIn(content[..<rest.startIndex])
    }
    return result + rest + inner
  }

  /// The commands that are given in words to a function `command`, which puts the program's name before them.
  private static func calls(in text: String, place: String) -> [Command] {
    text.matches(of: /\bcommand\("(([a-z-]+)[^"]*)"/).filter { names.contains(String($0.2)) }
      .map { Command(text: "supercloud \($0.1)", place: place, isMarked: true) }
  }

  static func find(in text: String, place: String) -> [Command] {
    var commands: [Command] = []
    for match in text.matches(of: /supercloud ([a-z-]+)/) where names.contains(String(match.1)) {
      let before = text[..<match.range.lowerBound]
      let rest = text[match.range.lowerBound...]
      let line = before.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
      if before.last == "`" {
        commands.append(Command(text: String(rest.prefix { $0 != "`" }), place: place, isMarked: true))
        continue
      }
      let isString = before.last == "\""
      let isAlone = isString || line.allSatisfy { $0 == " " }
      var command = String(rest.prefix { $0 != "\n" && !(isString && $0 == "\"") })
      if let gap = command.range(of: "   ") { command = String(command[..<gap.lowerBound]) }
      commands.append(Command(text: command, place: place, isMarked: isAlone))
    }
    return commands
  }

  /// Whether the program takes the command, for some values in the places that are filled in when it runs.
  static func isLegal(_ command: String) -> Bool {
    let samples = [
      "1", "main", "/tmp/x", "akash1vnk7h6q2gnl8gr3f7kr9v7hjryq3xa2jvdvx8w",
      "7:" + String(repeating: "a", count: 64),
      "/tmp/x --trusted local",
    ]
    let plain = command.replacing("HEIGHT:HASH", with: samples[4]).replacing("DSEQ", with: "1")
      .replacing("HEIGHT/ROUND", with: "7/0")
    var candidates = [plain]
    if samples.contains(where: { isTaken(plain.replacing(String(value), with: $0)) }) { return true }
    while let first = candidates.first, first.contains(value) {
      candidates = candidates.flatMap { candidate in
        samples.map { candidate.replacing(String(value), with: $0, maxReplacements: 1) }
      }
    }
    return candidates.contains { isTaken($0) }
  }

  private static func isTaken(_ command: String) -> Bool {
    guard let words = CommandText.words(command) else { return false }
    do {
      _ = try Supercloud.parseAsRoot(Array(words.dropFirst()))
      return true
    } catch {
      // Help is an answer too: `supercloud genesis` shows its commands.
      return Supercloud.exitCode(for: error).isSuccess
    }
  }
}
