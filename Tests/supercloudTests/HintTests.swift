import API
import ArgumentParser
import Foundation
import Primitives
import Simulator
import Testing

@testable import supercloud

/// A command in a text works as it is printed: it is one that the program takes, and it repeats what was given.
@Suite struct HintTests {
  @Test(arguments: [
    ("deploy a.yaml --home /h --node n:1", "deployment close 5", "deployment close 5 --home /h --node n:1"),
    ("deploy a.yaml --home=/h", "start", "start --home /h"),
    ("deploy a.yaml --node n:1", "start", "start"),
    ("deploy a.yaml", "deployment close 5", "deployment close 5"),
    ("deploy a.yaml --home /h", "deployment close 5 --home /other", "deployment close 5 --home /other"),
    (
      "deploy a.yaml --from alice", "deployment close 5",
      "deployment close 5 --from alice --owner alice"
    ),
    ("lease show 5 --owner bob", "lease close 5", "lease close 5 --owner bob"),
    ("deploy a.yaml --home '/a b'", "deployment close 5", "deployment close 5 --home '/a b'"),
    ("deploy a.yaml --home \"/it's\"", "keys list", #"keys list --home '/it'\''s'"#),
    ("testnet purge --home /t", "testnet up --reset", "testnet up --reset --home /t"),
    ("testnet up --home /t", "status", "status"),
    ("deploy a.yaml --home /h", "testnet up", "testnet up"),
    ("account show --home /h", "help account show", "help account show"),
    ("account show --home /h", "no such command", "no such command"),
    ("nonsense --home /h", "start", "start --home /h"),
  ])
  func `a hint repeats the options that were given and that its command takes`(
    _ given: String,
    _ hint: String,
    _ printed: String
  ) throws {
    let invocation = Invocation(try #require(CommandText.words(given)))
    let text = Hint.completed("first `supercloud \(hint)`, then `x`", by: invocation)
    #expect(text == "first `supercloud \(printed)`, then `x`")
  }

  @Test func `every command that a text of the program names is one that the program takes`() throws {
    let commands = try PrintedCommands.inSources()
    #expect(commands.count > 60)
    for command in commands {
      #expect(PrintedCommands.isLegal(command.text), "not taken: \(command)")
      #expect(command.isMarked, "to be completed, a command stands in backticks: \(command)")
    }
  }

  @Test func `a command that does not exist, or lacks what it needs, is found`() {
    for text in [
      "supercloud nonsense", "supercloud lease close", "supercloud deploy a.yaml --nonsense",
      "supercloud light",
      "supercloud status 'x",
    ] {
      #expect(!PrintedCommands.isLegal(text))
    }
  }

  @Test(arguments: [
    "README.md", "Sources/README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md",
    "Network/local/README.md",
    "Network/mainnet-6/README.md",
  ])
  func `every command of the pages is one that the program takes`(page: String) throws {
    let text = try String(contentsOf: PrintedCommands.repository.appending(path: page), encoding: .utf8)
      .replacing(/\$\([^()]*\)/, with: "main").replacing("…", with: "x").replacing(/\$[A-Za-z]/, with: "1")
      .replacing(#/[ ]*&?([ ]*#.*)?\n/#, with: "\n").replacing("; done", with: "")
    for command in PrintedCommands.find(in: text, place: page) {
      let line = command.text.replacing("\n", with: " ")
      #expect(PrintedCommands.isLegal(line), "not taken: \(command)")
    }
  }

  @Test func `the command that repeats a simulation is one that the program takes`() {
    var scenario = Scenario(
      seed: 7,
      validators: 4,
      peers: 3,
      duration: .milliseconds(1_500),
      faults: FaultPlan.named("chaos") ?? FaultPlan(),
      signatures: .ed25519,
      brokenRule: nil
    )
    #expect(PrintedCommands.isLegal(scenario.command))
    for rule in BrokenRule.allCases {
      scenario.brokenRule = rule
      #expect(PrintedCommands.isLegal(scenario.command(faults: "'/a b.json'") + " --trace"))
    }
  }

  @Test(arguments: [
    ["plain"], ["a b", "c"], [""], ["it's", "\"x\"", "$HOME", "`x`", "a\\b", "*", "~/x", "a\nb", "é"],
  ])
  func `words are read back as they were quoted, by a shell too`(_ words: [String]) throws {
    let line = words.map(CommandText.quoted).joined(separator: " ")
    #expect(CommandText.words(line) == words)
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", #"for w in \#(line); do printf '%s\0' "$w"; done"#]
    let output = Pipe()
    shell.standardOutput = output
    try shell.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    shell.waitUntilExit()
    #expect(String(decoding: bytes, as: UTF8.self) == words.map { $0 + "\0" }.joined())
  }

  @Test func `words of an open quote are none`() {
    #expect(CommandText.words("a 'b") == nil && CommandText.words("a \\") == nil)
    #expect(CommandText.words(#"a "b c" d\ e"#) == ["a", "b c", "d e"])
  }
}
