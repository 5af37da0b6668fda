import Foundation
import Testing

/// What a program reads of a command that was run with `--output json`.
enum JSONAnswer {
  /// Runs the command; checks that its answer, or its error, is JSON and that nothing else is printed.
  ///
  /// - Returns: The answer.
  @discardableResult
  static func of(
    _ arguments: [String],
    fails status: Int32 = 0,
    seconds: Double = 90,
    location: SourceLocation = #_sourceLocation
  ) async throws -> Any? {
    let result = try await Program.run(arguments + ["--output", "json"], seconds: seconds)
    let command = arguments.joined(separator: " ")
    #expect(
      result.status == status,
      "\(command): \(result.output)\(result.error)",
      sourceLocation: location
    )
    if result.status == 0 {
      #expect(result.error.isEmpty, "\(command) remarks: \(result.error)", sourceLocation: location)
    } else {
      expectError(result, command, location: location)
    }
    guard !result.output.isEmpty else {
      #expect(result.status != 0, "\(command) answers nothing", sourceLocation: location)
      return nil
    }
    let answer = try? JSONSerialization.jsonObject(with: Data(result.output.utf8))
    #expect(answer != nil, "\(command) prints no JSON: \(result.output)", sourceLocation: location)
    return answer
  }

  /// One line with the four fields, and the status that the program ends with.
  static func expectError(
    _ result: Program.Result,
    _ command: String,
    location: SourceLocation = #_sourceLocation
  ) {
    let lines = result.error.split(separator: "\n", omittingEmptySubsequences: false)
    let error = try? JSONSerialization.jsonObject(with: Data(result.error.utf8)) as? [String: Any]
    #expect(
      lines.count == 2 && lines[1].isEmpty && error?.keys.sorted() == ["code", "error", "fix", "message"],
      "\(command) prints another error: \(result.error)",
      sourceLocation: location
    )
    let texts = ["error", "message", "fix"].compactMap { error?[$0] as? String }
    #expect(texts.count == 3 && !texts.contains(""), "\(command): \(result.error)", sourceLocation: location)
    #expect(error?["code"] as? Int32 == result.status, "\(command)", sourceLocation: location)
  }

  /// The names of all commands that run something, as the parser knows them.
  static func commands() async throws -> Set<String> {
    struct Tool: Decodable {
      struct Command: Decodable {
        var commandName: String
        var subcommands: [Command]?
      }

      var command: Command
    }
    func walk(_ command: Tool.Command, _ path: [String]) -> [String] {
      let children = (command.subcommands ?? []).filter { $0.commandName != "help" }
      return children.isEmpty
        ? [path.joined(separator: " ")] : children.flatMap { walk($0, path + [$0.commandName]) }
    }
    let dump = try await Program.run(["--experimental-dump-help"])
    return Set(walk(try JSONDecoder().decode(Tool.self, from: Data(dump.output.utf8)).command, []))
  }
}
