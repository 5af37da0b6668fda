import API
import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// Every command that prints an answer prints JSON when it is told to, and an error as JSON.
  @Suite(.serialized) struct JSONAnswerTests {
    /// They run until they are stopped, and print no answer.
    private static let withoutAnswer: Set = [
      "start", "testnet up", "workload hello", "workload enter", "workload forward",
    ]

    @Test func `every command answers in JSON`() async throws {
      let network = try await LocalNetwork(validators: 1, providers: 1)
      let table = CommandTable(network)
      defer { table.stop() }
      try await table.runWithoutNode()
      try network.start(network.names)
      try await network.expect("the provider is known to the tenant") {
        let known: [Answer.Provider] = try await network.list("tenant", "/v1/providers")
        return known.contains { $0.endpoint != nil }
      }
      try await table.runAsTenant()
      try await table.runAsOthers()
      try await table.runProofs()
      _ = try await network.stop("validator-1")
      try await table.run("debug verify", ["--home", network.home("validator-1")])
      try await table.run(
        "validator adopt",
        ["--whole-network-restored", "--yes", "--home", network.home("validator-1")]
      )
      let known = try await JSONAnswer.commands().subtracting(Self.withoutAnswer)
      let missing = known.subtracting(table.names).sorted()
      #expect(missing.isEmpty, "these commands are in no row of the table")
      #expect(table.names.isSubset(of: known))
    }

    @Test func `errors of every kind are one line of JSON with the status that they have in words`()
      async throws
    {
      let folder = FileManager.default.temporaryDirectory.appending(path: "errors-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let bad = folder.appending(path: "bad.yaml")
      try Fixture.deployment().replacing("256Mi", with: "256MB").write(
        to: bad,
        atomically: true,
        encoding: .utf8
      )
      let home = ["--home", folder.appending(path: "none").path]
      let commands: [[String]] = [
        ["nonsense"], ["account", "nonsense"], ["status", "--nonsense"], ["account", "send"],
        ["lease", "show", "five"], ["light"], ["light", "--trust", "x"],
        ["sdl", "check", bad.path, "--write"],
        ["status"] + home, ["status", "--node", "127.0.0.1:1"], ["status", "--node", "nowhere"],
        ["account", "show", "akash1x"] + home, ["account", "send", "x", "5uakt"] + home,
        ["keys", "show", "x"] + home,
        ["config", "check"] + home, ["debug", "verify"] + home, ["provider", "init"] + home,
        ["genesis", "check", "nowhere"], ["genesis", "set-time", "local", "noon"],
        ["init", "--role", "x"] + home,
        ["sdl", "check", bad.path], ["sdl", "check", "nowhere.yaml"], ["sdl", "explain", bad.path],
        ["sdl", "hash", bad.path], ["sdl", "manifest", bad.path], ["sdl", "fix", bad.path],
        ["deploy", bad.path] + home, ["verify", bad.path, "--trusted", "local"], ["testnet", "purge"] + home,
        ["bench", "load"] + home, ["bench", "votes", "--rate", "0"], ["simulate", "--faults", "nonsense"],
        ["simulate", "ledger", "nowhere.json"], ["simulate", "gossip", "--peers", "1"],
      ]
      for command in commands {
        let words = try await Program.run(command)
        let json = try await Program.run(command + ["--output", "json"])
        let name = command.joined(separator: " ")
        // `sdl fix` corrects what it can, so it may succeed.
        #expect(json.status == words.status, "\(name): \(words.error) \(json.error)")
        if json.status != 0 { JSONAnswer.expectError(json, name) }
        let short = try await Program.run(command + ["-o=json"])
        #expect(short.status == json.status, "\(name) -o: \(short.error)")
        if short.status != 0 { JSONAnswer.expectError(short, name) }
      }
    }
  }
}
