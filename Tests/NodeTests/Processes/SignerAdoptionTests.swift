import API
import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// Copied, moved and restored validators. A copy signs only after the operator's `validator adopt`, however
  /// long the original is silent, and nobody loses stake.
  @Suite(.serialized) struct SignerAdoptionTests {
    /// What a home that does not sign tells its operator, wherever he looks.
    private func expectQuarantined(_ name: String, in network: LocalNetwork) async throws {
      try await network.expect("\(name) answers") { try await network.status(name).signing != nil }
      let signing = try #require(try await network.status(name).signing)
      #expect(!signing.signs)
      let command = "supercloud validator adopt --home \(network.home(name)) --last-signed HEIGHT/ROUND"
      #expect(signing.fix?.contains(command) == true, "\(signing)")
      #expect(network.log(name).contains(command), "\(network.tail(name))")
      await #expect(throws: ClientError.self) { try await network.client(name).text("/health") }
      let shown = try await network.run(["status", "--home", network.home(name)])
      #expect(shown.contains(command) && shown.contains("signing     no"), "\(shown)")
      #expect(shown.contains("this home knows of signatures up to"), "\(shown)")
    }

    @Test(arguments: [false, true])
    func `a copy never signs while the original is paused for ten minutes of chain time`(withOwnNodeKey: Bool)
      async throws
    {
      let network = try await LocalNetwork()
      let names = network.validators
      let victim = names[3]
      let others = Array(names[..<3])
      try network.start(names)
      try await network.expect(names, at: 3)
      _ = try await network.stop(victim)
      try network.copyHome(of: victim, to: "copy", withOwnNodeKey: withOwnNodeKey)
      try network.start([victim])
      let before = try await network.height(names[0])
      try await network.expect(names, at: before + 3)
      network.signal(victim, SIGSTOP)
      // The chain's time makes a step of ten minutes: the others come back with clocks that are ahead.
      for name in others { _ = try await network.stop(name) }
      let ahead = ["--clock-offset=600000"]
      try network.start(others, arguments: ahead)
      try network.start(["copy"], arguments: ahead)
      try await expectQuarantined("copy", in: network)
      let known = try await network.status("copy").signing?.lastHeight
      let present = try await network.height(names[0])
      try await network.expect(others + ["copy"], at: present + 12)
      #expect(try await network.status("copy").signing?.signs == false)
      network.signal(victim, SIGCONT)
      let woken = try await network.height(names[0])
      try await network.expect(names + ["copy"], at: woken + 8)
      #expect(try await network.status(victim).signing?.signs == true, "\(network.tail(victim))")
      #expect(try await network.status("copy").signing?.lastHeight == known)
      try await network.expectStakesWhole(names[0])
    }

    @Test func `a validator that was moved signs above the floor, and a false floor stops it`() async throws {
      let network = try await LocalNetwork()
      let names = network.validators
      let victim = names[3]
      try network.start(names)
      try await network.expect(names, at: 3)
      _ = try await network.stop(victim)
      for copy in ["moved", "hasty"] { try network.copyHome(of: victim, to: copy) }
      try network.start([victim])
      let before = try await network.height(names[0])
      try await network.expect(names, at: before + 4)
      // The others go on while the node that is moved is away: the copies have to catch up.
      let last = try await network.lastSigned(victim)
      _ = try await network.stop(victim)
      let left = try await network.height(names[0])
      try await network.expect(Array(names[..<3]), at: left + 6)

      // The operator states less than the key has signed: the blocks of others show it.
      try await network.run([
        "validator", "adopt", "--home", network.home("hasty"), "--last-signed", "1/0", "--yes",
      ])
      try network.start(["hasty"])
      try await network.expect("the false floor is noticed") {
        try await network.status("hasty").signing?.reason?.contains("somebody else signs") == true
      }
      let stopped = try await network.height(names[0])
      try await network.expect(["hasty"], at: stopped + 2)
      _ = try await network.stop("hasty")
      try network.start(["hasty"])
      try await expectQuarantined("hasty", in: network)
      _ = try await network.stop("hasty")

      let refused = try await Program.run(
        ["validator", "adopt", "--home", network.home("moved"), "--last-signed", last]
      )
      #expect(refused.status == 2 && refused.error.contains("add --yes"), "\(refused.error)")
      let running = try await Program.run(
        ["validator", "adopt", "--home", network.home(names[0]), "--last-signed", last, "--yes"]
      )
      #expect(running.status == 1 && running.error.contains("is running"), "\(running.error)")
      try await network.run([
        "validator", "adopt", "--home", network.home("moved"), "--last-signed", last, "--yes",
      ])
      try network.start(["moved"])
      let now = try await network.height(names[0])
      try await network.expect("the moved validator signs") {
        (try await network.status("moved").signing?.lastHeight ?? 0) > now
      }
      let end = try await network.height(names[0])
      try await network.expect(Array(names[..<3]) + ["moved"], at: end + 3)
      #expect(try await network.status("moved").signing?.signs == true)
      try await network.expectStakesWhole(names[0])
    }

    @Test func `a network of which every home was restored goes on after the operators' word`() async throws {
      let network = try await LocalNetwork()
      let names = network.validators
      try network.start(names)
      try await network.expect(names, at: 3)
      for name in names { _ = try await network.stop(name) }
      for name in names {
        try FileManager.default.copyItem(atPath: network.home(name), toPath: network.home(name) + ".bak")
      }
      try network.start(names)
      try await network.expect(names, at: 8)
      for name in names {
        _ = try await network.stop(name)
        try FileManager.default.removeItem(atPath: network.home(name))
        try FileManager.default.copyItem(atPath: network.home(name) + ".bak", toPath: network.home(name))
      }
      try network.start(names)
      for name in names { try await expectQuarantined(name, in: network) }
      let height = try await network.height(names[0])
      for name in names {
        _ = try await network.stop(name)
        try await network.run(
          ["validator", "adopt", "--home", network.home(name), "--whole-network-restored", "--yes"]
        )
      }
      try network.start(names)
      try await network.expect(names, at: height + 5)
      _ = try await network.expectAgreement(of: names)
      for name in names { #expect(try await network.status(name).signing?.signs == true) }
      try await network.expectStakesWhole(names[0])
    }

    @Test
    func `a fifth validator that was never a copy signs without a word; a home without its key says so`()
      async throws
    {
      let network = try await LocalNetwork()
      let names = network.validators
      try network.start(names + ["tenant"])
      try await network.expect(names, at: 3)
      let (peer, api) = (try LocalNetwork.freePort(), try LocalNetwork.freePort())
      let made = try await network.run([
        "init", "--network", network.folder.appending(path: "network").path, "--role", "validator",
        "--moniker",
        "fifth", "--home", network.home("fifth"), "--listen", "127.0.0.1:\(peer)", "--api",
        "127.0.0.1:\(api)",
      ])
      network.add(.init(name: "fifth", role: "full", apiPort: api, peerPort: peer))
      let line = try #require(made.split(separator: "\n").first { $0.hasPrefix("consensus key") })
      let key = try #require(line.split(separator: " ").last.map(String.init))

      // A tenant's home has no key to register, and none is made there.
      let create = [
        "validator", "create", "500000000uakt", "--moniker", "fifth", "--home", network.home("tenant"),
      ]
      let keyless = try await Program.run(create)
      #expect(keyless.status == 2 && keyless.error.contains("has no consensus key"), "\(keyless.error)")
      #expect(!FileManager.default.fileExists(atPath: network.home("tenant") + "/keys/consensus.key"))

      try network.start(["fifth"])
      try await network.run(create + ["--consensus-key", key])
      try await network.expect("the fifth signs") {
        try await network.status("fifth").signing?.lastHeight != nil
      }
      let height = try await network.height(names[0])
      try await network.expect(names + ["fifth"], at: height + 5)
      #expect(try await network.status("fifth").signing?.signs == true)
      try await network.expectStakesWhole(names[0])

      _ = try await network.stop("fifth")
      let file = network.home("fifth") + "/keys/consensus.key"
      try FileManager.default.removeItem(atPath: file)
      let started = try await Program.run(["start", "--home", network.home("fifth")], seconds: 30)
      #expect(started.status == 1 && started.error.contains("consensus key is missing"), "\(started.error)")
      #expect(!FileManager.default.fileExists(atPath: file))
    }
  }
}
