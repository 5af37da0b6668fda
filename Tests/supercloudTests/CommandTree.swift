import ArgumentParser
import Foundation

@testable import supercloud

/// All commands with their arguments, as the parser describes them.
struct CommandTree: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable, Equatable {
      var kind: String
      var name: String
    }

    var kind: String
    var valueName: String?
    var abstract: String?
    var names: [Name]?
    /// The kinds of completion by name, such as `file` or `list`.
    var completionKind: [String: Values]?

    struct Values: Decodable {
      var values: [String]?
    }
  }

  struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var arguments: [Argument]?
    var subcommands: [Command]?
    var defaultSubcommand: String?
  }

  var command: Command

  init() throws {
    var text = ""
    do {
      _ = try Supercloud.parseAsRoot(["--experimental-dump-help"])
    } catch {
      text = Supercloud.fullMessage(for: error)
    }
    self = try JSONDecoder().decode(CommandTree.self, from: Data(text.utf8))
  }

  /// The commands that run something, with their names.
  var runnable: [(name: String, command: Command)] {
    func walk(_ command: Command, _ path: [String]) -> [(name: String, command: Command)] {
      let children = (command.subcommands ?? []).filter { $0.commandName != "help" }
      guard !children.isEmpty else { return [(path.joined(separator: " "), command)] }
      return children.flatMap { walk($0, path + [$0.commandName]) }
    }
    return walk(command, [])
  }
}
