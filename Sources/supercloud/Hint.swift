import API
import ArgumentParser

/// Commands in texts for people. A text writes them in backticks and need not know the options of the command line.
enum Hint {
  /// `text` in which each command repeats those of the invocation's options that it takes and does not have.
  /// So it works as it is printed.
  static func completed(_ text: String, by invocation: Invocation = .current) -> String {
    guard text.contains("`supercloud ") else { return text }
    return text.replacing(/`(supercloud [^`]+)`/) { "`\(command(String($0.1), by: invocation))`" }
  }

  /// A command line with the invocation's options; unchanged when it is no legal one.
  static func command(_ line: String, by invocation: Invocation = .current) -> String {
    guard var words = CommandText.words(line).map({ Array($0.dropFirst()) }), parses(words) else {
      return line
    }
    let target = Invocation(words)
    var text = line
    for option in Invocation.repeated {
      guard let value = invocation.value(of: option), target.options[option] == nil else { continue }
      if option == "home", target.isAboutTestnet != invocation.isAboutTestnet { continue }
      let more = words + ["--\(option)", value]
      guard parses(more) else { continue }
      words = more
      text += " --\(option) \(CommandText.quoted(value))"
    }
    return text
  }

  /// Whether the program's own parser takes the words after the program's name.
  static func parses(_ words: [String]) -> Bool {
    do {
      _ = try Supercloud.parseAsRoot(words)
      return true
    } catch {
      return false
    }
  }
}
