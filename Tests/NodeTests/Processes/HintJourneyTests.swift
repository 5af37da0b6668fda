import API
import Foundation
import Testing

extension RealProcesses {
  /// A hint that a command prints is copied and run: it is about the same home, node and account.
  @Suite(.serialized) struct HintJourneyTests {
    @Test func `printed hints work as they are written, in a home with a space in its name`() async throws {
      let network = try await LocalNetwork(validators: 1, providers: 1)
      try network.start(network.names)
      try await network.expect("the provider is known to the tenant") {
        let known: [Answer.Provider] = try await network.list("tenant", "/v1/providers")
        return known.contains { $0.endpoint != nil }
      }
      let home = try link(network, "tenant", "my home")
      let validator = try link(network, "validator-1", "it's a home")
      let file = network.folder.appending(path: "to deploy.yaml")
      try Fixture.deployment().write(to: file, atomically: true, encoding: .utf8)
      try await follow(["deploy", file.path, "--yes", "--home", home], "deployment close")

      // Another account, and a node that is named instead of found in the home.
      let made = try await Program.run([
        "keys", "add", "alice", "--unprotected", "--home", home, "--output", "json",
      ])
      let alice = try #require(made.output.firstMatch(of: /"address" : "(.*)"/)).1
      let paid = try await Program.run(["account", "send", String(alice), "20000000uakt", "--home", home])
      #expect(paid.status == 0, "\(paid.error)")
      let node = "127.0.0.1:\(try #require(network.plan.members.first { $0.name == "tenant" }).apiPort)"
      let keys = network.folder.appending(path: "keys only")
      try FileManager.default.createDirectory(at: keys, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: home + "/keys", toPath: keys.path + "/keys")
      let deploy = ["deploy", file.path, "--yes", "--from", "alice", "--home", keys.path, "--node", node]
      try await follow(deploy, "deployment close")
      try await network.endWorkloads()

      try await follow(
        ["gov", "submit", "--title", "A text", "--text", "that it be so", "--home", validator],
        "gov vote"
      )
      let proof = network.folder.appending(path: "the proof.json").path
      try await follow(
        ["query", "proof", "balance", "\(alice)/uakt", "--file", proof, "--home", home],
        "verify"
      )
      try await follow(["stake", "undelegate", "main", "1000000uakt", "--home", validator], "stake show")
      try await follow(["gov", "params", "nonsense", "--home", home], "gov params", fails: 1)
      try await follow(["lease", "show", "5", "--home", home], "lease list", fails: 1, isOptional: true)
      let bad = network.folder.appending(path: "bad one.yaml")
      try Fixture.deployment().replacing("256Mi", with: "256MB").write(
        to: bad,
        atomically: true,
        encoding: .utf8
      )
      try await follow(["sdl", "check", bad.path], "sdl fix", fails: 1)
      try await follow(["deploy", bad.path, "--home", home], "sdl fix", fails: 1)
      let missing = network.folder.appending(path: "no home").path
      try await follow(["start", "--home", missing], "init", fails: 1)
      try await follow(
        ["provider", "init", "--home", network.folder.path + "/another home"],
        "init",
        fails: 1
      )
    }

    /// Another path of a node's home.
    private func link(_ network: LocalNetwork, _ name: String, _ other: String) throws -> String {
      let place = network.folder.appending(path: other)
      try FileManager.default.createSymbolicLink(atPath: place.path, withDestinationPath: network.home(name))
      return place.path
    }

    /// Runs a command, and then the hint with `words` that it printed.
    private func follow(
      _ arguments: [String],
      _ words: String,
      fails status: Int32 = 0,
      isOptional: Bool = false,
      location: SourceLocation = #_sourceLocation
    ) async throws {
      let result = try await Program.run(arguments)
      let text = result.output + result.error
      #expect(result.status == status, "\(text)", sourceLocation: location)
      let hints = text.matches(of: /`supercloud ([^`]+)`/).map { String($0.1) }
      guard let hint = hints.first(where: { $0.hasPrefix(words) }) else {
        if !isOptional { Issue.record("no hint `\(words)` in: \(text)", sourceLocation: location) }
        return
      }
      let followed = try await Program.run(try shellWords(hint))
      #expect(
        followed.status == 0,
        "`\(hint)` ends with \(followed.status): \(followed.output)\(followed.error)",
        sourceLocation: location
      )
    }

    /// The words that a shell makes of a line.
    private func shellWords(_ line: String) throws -> [String] {
      let shell = Process()
      shell.executableURL = URL(filePath: "/bin/sh")
      shell.arguments = ["-c", #"for w in \#(line); do printf '%s\0' "$w"; done"#]
      let output = Pipe()
      shell.standardOutput = output
      try shell.run()
      let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
      shell.waitUntilExit()
      return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
  }
}
