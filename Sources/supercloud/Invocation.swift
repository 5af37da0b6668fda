import ArgumentParser

/// What the words after the program's name say about every text that is printed: its form, and the options that a
/// command in a hint repeats. It is known also when the command line does not parse.
struct Invocation: Sendable {
  /// The names of the command, such as `account`, `show`.
  private(set) var command: [String] = []
  private(set) var isJSON = false
  /// The values of the options that are followed here, by name without dashes.
  private(set) var options: [String: String] = [:]

  static let current = Invocation(Array(CommandLine.arguments.dropFirst()))

  /// Options that say which node, folder and account a command is about, and who pays for it.
  static let repeated = ["from", "owner", "fee-denom", "fee-granter", "home", "node"]

  init(_ arguments: [String]) {
    var type: any ParsableCommand.Type = Supercloud.self
    var takesNames = true
    var rest = arguments[...]
    while let word = rest.popFirst(), word != "--" {
      guard word.hasPrefix("-") else {
        let next = type.configuration.subcommands.first { $0._commandName == word }
        if takesNames, let next {
          command.append(word)
          type = next
        } else {
          takesNames = false
        }
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let name = parts[0] == "-o" ? "output" : String(parts[0].drop { $0 == "-" })
      if command.first == "sdl", word == "--json" { isJSON = true }
      guard name == "output" || Self.repeated.contains(name) else { continue }
      // As the parser does, a word that begins with a dash is taken for an option and not for a value.
      guard let value = parts.count == 2 ? parts[1] : rest.first.flatMap({ $0.hasPrefix("-") ? nil : $0 })
      else { continue }
      if parts.count == 1 { rest = rest.dropFirst() }
      if name == "output" { isJSON = value == OutputFormat.json.rawValue } else { options[name] = value }
    }
  }

  /// Whether `--home` names a testnet's folder and not a node's.
  var isAboutTestnet: Bool { command.first == "testnet" || command.first == "bench" }

  /// The value that a command in a hint gets for one of `repeated`. Who signs owns what the hint is about,
  /// unless an owner was named.
  func value(of option: String) -> String? {
    options[option] ?? (option == "owner" ? options["from"] : nil)
  }

  /// The command line that explains this command.
  var help: String { (["supercloud", "help"] + command).joined(separator: " ") }
}
