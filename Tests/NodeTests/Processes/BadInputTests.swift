import API
import Foundation
import Testing

extension RealProcesses {
  /// Each gets a clear error, and the network goes on.
  @Suite(.serialized) struct BadInputTests {
    /// What a user reads: exit status 1 or 2, and an error with what, why or where, and what to do.
    private func refuse(
      _ result: Program.Result,
      status: Int32 = 1,
      _ words: String...,
      location: SourceLocation = #_sourceLocation
    ) {
      #expect(result.status == status, "\(result.output)\(result.error)", sourceLocation: location)
      for word in words {
        #expect(result.error.contains(word), "no `\(word)` in: \(result.error)", sourceLocation: location)
      }
    }

    // MARK: Nodes

    @Test func `a home that another process uses is refused`() async throws {
      let network = try await LocalNetwork(validators: 1)
      try network.start(["validator-1"])
      try await network.expect(["validator-1"], at: 1)
      let second = try await Program.run(["start", "--home", network.home("validator-1")])
      refuse(second, "is used by process", "fix")
      try await network.expect(["validator-1"], at: try await network.height("validator-1") + 1)
    }

    @Test func `a port in use is named`() async throws {
      let network = try await LocalNetwork(validators: 1)
      try network.start(["validator-1"])
      try await network.expect(["validator-1"], at: 1)
      let member = try #require(network.plan.members.first)
      for (peers, api) in [(member.peerPort, 0), (0, member.apiPort)] {
        let home = network.folder.appending(path: "other-\(peers)").path
        let made = try await Program.run([
          "init", "--network", network.folder.appending(path: "network").path, "--home", home,
          "--listen", "127.0.0.1:\(peers)", "--api", "127.0.0.1:\(api)",
        ])
        #expect(made.status == 0, "\(made.error)")
        let started = try await Program.run(["start", "--home", home], seconds: 30)
        refuse(started, "\(max(peers, api))", "fix")
      }
    }

    @Test func `a home is not made with values that no node could start with`() async throws {
      let home = FileManager.default.temporaryDirectory.appending(path: "home-\(UUID().uuidString.prefix(8))")
      for (option, value) in [("--advertise", "nonsense"), ("--listen", "nowhere"), ("--api", "80")] {
        let made = try await Program.run(["init", "--home", home.path, option, value])
        refuse(made, value, "fix")
        #expect(!FileManager.default.fileExists(atPath: home.path))
      }
    }

    @Test func `a name with quotes in it is kept as it was given`() async throws {
      let home = FileManager.default.temporaryDirectory.appending(path: "home-\(UUID().uuidString.prefix(8))")
      defer { try? FileManager.default.removeItem(at: home) }
      let made = try await Program.run(["init", "--home", home.path, "--moniker", #"GPU "box" 1"#])
      #expect(made.status == 0, "\(made.error)")
      let shown = try await Program.run(["config", "show", "--home", home.path])
      #expect(
        shown.status == 0 && shown.output.contains(#"moniker = "GPU \"box\" 1""#),
        "\(shown.output)\(shown.error)"
      )
    }

    @Test func `a genesis without validators is refused with what to do`() async throws {
      let network = try await LocalNetwork(validators: 1)
      let file = URL(filePath: network.home("validator-1")).appending(path: "network/genesis.json")
      var genesis = try #require(
        JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
      )
      genesis["validators"] = [Any]()
      try JSONSerialization.data(withJSONObject: genesis).write(to: file)
      let started = try await Program.run(["start", "--home", network.home("validator-1")], seconds: 30)
      refuse(started, "genesis.json", "no validator", "add-validator")
    }

    @Test func `a corrupt genesis and a changed one are refused`() async throws {
      let network = try await LocalNetwork(validators: 1)
      let home = network.home("validator-1")
      let file = URL(filePath: home).appending(path: "network/genesis.json")
      let good = try String(contentsOf: file, encoding: .utf8)
      for (text, words) in [
        (String(good.dropLast(40)), ["genesis.json"]),
        (good.replacing("\"chain_id\"", with: "\"chain\""), ["genesis.json", "chain_id"]),
        (good.replacing("uakt", with: "UAKT!"), ["genesis.json"]),
      ] {
        try text.write(to: file, atomically: true, encoding: .utf8)
        let started = try await Program.run(["start", "--home", home], seconds: 30)
        #expect(started.status == 1)
        for word in words { #expect(started.error.contains(word), "\(started.error)") }
      }
      try good.write(to: file, atomically: true, encoding: .utf8)
      try network.start(["validator-1"])
      try await network.expect(["validator-1"], at: 1)
      #expect(try await network.stop("validator-1") == 0)

      let other = good.replacing("supercloud-local-1", with: "supercloud-local-2")
      try other.write(to: file, atomically: true, encoding: .utf8)
      let started = try await Program.run(["start", "--home", home], seconds: 30)
      refuse(started, "another genesis", "fix")
    }

    @Test func `a node of another chain is turned away and changes nothing`() async throws {
      let network = try await LocalNetwork(validators: 1)
      try network.start(["validator-1"])
      try await network.expect(["validator-1"], at: 1)
      let definition = network.folder.appending(path: "other-network")
      try FileManager.default.copyItem(at: network.folder.appending(path: "network"), to: definition)
      let file = definition.appending(path: "genesis.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try text.replacing("supercloud-local-1", with: "supercloud-other-1")
        .write(to: file, atomically: true, encoding: .utf8)
      let home = network.folder.appending(path: "stranger")
      let made = try await Program.run([
        "init", "--network", definition.path, "--home", home.path, "--listen", "127.0.0.1:0", "--api",
        "127.0.0.1:0",
      ])
      #expect(made.status == 0, "\(made.error)")
      try network.start(["stranger"])
      try await network.expect("the handshake is refused") {
        network.tail("stranger").contains("another network")
      }
      let peers = try await network.status("validator-1").peers
      #expect(peers == 0)
      #expect(network.isRunning("stranger") && network.isRunning("validator-1"))
    }

    // MARK: Tenants

    @Test func `deployments that cannot be are refused before anything is paid`() async throws {
      let network = try await LocalNetwork(validators: 1, providers: 1)
      try network.start(network.names)
      try await network.expect("the provider is known to the tenant") {
        let known: [Answer.Provider] = try await network.list("tenant", "/v1/providers")
        return known.contains { $0.endpoint != nil }
      }
      let before = try await balances(network)
      func deploy(_ text: String, _ arguments: String...) async throws -> Program.Result {
        let file = network.folder.appending(path: "bad.yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return try await Program.run(
          ["deploy", file.path, "--home", network.home("tenant"), "--yes", "--timeout", "4"] + arguments
        )
      }
      let good = Fixture.deployment()
      refuse(try await deploy(good.replacing("256Mi", with: "256MB")), "bad.yaml", "size", "256M")
      refuse(try await deploy(Fixture.deployment(denomination: "udoge")), "udoge", "uakt", "uusdc")
      refuse(try await deploy(Fixture.deployment(amount: "1")), "no bid for", "price")
      refuse(try await deploy(Fixture.deployment(gpu: "b200")), "no bid for")
      refuse(try await deploy(good, "--deposit", "99000000000000uakt"), "10000000000 are there", "fix")
      refuse(try await deploy(good, "--deposit", "lots"), status: 2, "is not a deposit")

      // Somebody with a key and no coins.
      let key = try await Program.run([
        "keys", "add", "poor", "--unprotected", "--home", network.home("tenant"),
      ])
      #expect(key.status == 0)
      refuse(try await deploy(good, "--from", "poor"), "0 are there", "fix")
      #expect(try await balances(network) == before, "nothing was paid")

      // Afterwards a good one still works, and a manifest of other content does not start.
      let deployed = try await deploy(good, "--output", "json")
      #expect(deployed.status == 0, "\(deployed.error)")
      let dseq = try #require(deployed.output.firstMatch(of: /"dseq" : (\d+)/)).1
      let file = network.folder.appending(path: "other.yaml")
      try Fixture.deployment(amount: "4000").replacing("port: 8080", with: "port: 8081")
        .write(to: file, atomically: true, encoding: .utf8)
      let sent = try await Program.run(
        ["lease", "send-manifest", String(dseq), file.path, "--home", network.home("tenant")]
      )
      refuse(sent, "manifest", "hash")
      try await network.endWorkloads()
    }

    private func balances(_ network: LocalNetwork) async throws -> [String] {
      let keys = try await Program.run(["account", "show", "main", "--home", network.home("tenant")])
      return keys.output.split(separator: "\n").filter { $0.hasPrefix("balance") }.map(String.init)
    }
  }
}
