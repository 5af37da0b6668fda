import API
import Cryptography
import Foundation
import NIOCore
import NIOPosix
import Primitives
import Testing

extension RealProcesses {
  /// A node that was never there joins a running chain by a snapshot; a user believes no node.
  @Suite(.serialized) struct SnapshotJoinTests {
    /// Four validators that make a snapshot every twenty heights, with transfers going on.
    private func network() async throws -> LocalNetwork {
      let network = try await LocalNetwork()
      for name in network.validators {
        try network.configure(name, "snapshot_interval", "20")
      }
      try network.start(network.validators)
      return network
    }

    private func transfers(_ network: LocalNetwork) throws -> Transfers {
      try Transfers(
        account: 0,
        to: SigningKey.generate().address,
        over: try network.validators.map { try network.client($0) }
      )
    }

    @Test func `a fresh node joins while the chain goes on, follows it, and outlives a restart`() async throws
    {
      let network = try await network()
      let names = network.validators
      let sender = try transfers(network)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await sender.run() }
        defer { sender.stop() }
        try await network.expect(names, at: 65, seconds: 180)
        try await network.expect("snapshots are there", seconds: 60) {
          names.allSatisfy { network.snapshots($0).contains { $0 >= 40 } }
        }
        try network.start(["tenant"], arguments: ["--snapshot", "always"])
        try await network.expect("the new node follows", seconds: 120) {
          try await network.height("tenant") > 66
        }
        #expect(
          network.log("tenant").contains("restored the state from a snapshot"),
          "\(network.tail("tenant"))"
        )
        // It never had the first blocks.
        await #expect(throws: ClientError.self) { _ = try await network.block("tenant", 1) }
        #expect(try await network.height("tenant") >= 60)
        // Stopped in the middle of the chain, it goes on from its own database.
        network.kill("tenant")
        try network.start(["tenant"])
        let height = try await network.height(names[0])
        try await network.expect(["tenant"], at: height + 3, seconds: 120)
      }
      _ = try await network.expectAgreement(of: names + ["tenant"])
      // At most two are kept.
      #expect(names.allSatisfy { network.snapshots($0).count <= 2 })
    }

    @Test func `a user verifies a header of any node, and a node that lies is found out`() async throws {
      let network = try await network()
      let names = network.validators
      try await network.expect(names, at: 6)
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let definition = network.folder.appending(path: "network").path
      func node(_ name: String) -> String { "127.0.0.1:\(network.apiPort(name))" }
      let first = try await Program.run([
        "light", "--genesis", definition, "--height", "3", "--node", node(names[0]), "--output", "json",
      ])
      #expect(first.status == 0, "\(first.error)")
      let hash = try #require(try Self.hash(first.output))
      #expect(hash == (try await network.block(names[1], 3)).identifier)
      // From there to the newest, with a witness.
      let second = try await Program.run([
        "light", "--trust", "3:\(hash)", "--node", node(names[1]), "--witness", node(names[2]),
      ])
      #expect(second.status == 0 && second.output.contains("signed by"), "\(second.error)")
      // A wrong hash is nobody's header.
      let wrong = try await Program.run([
        "light", "--trust", "3:\(Digest.blake2b([1]))", "--node", node(names[0]),
      ])
      #expect(wrong.status == 1 && wrong.error.contains("is not the one that you trust"), "\(wrong.error)")
      // A node that changes one digit of a later header.
      let relay = try await AnswerRelay(to: try network.client(names[0]), on: group) { path, body in
        guard path.hasSuffix("/5"), let place = body.range(of: "\"block\":\"") else { return body }
        var text = Array(body.utf8)
        let digit = body.utf8.distance(from: body.utf8.startIndex, to: place.upperBound) + 120
        text[digit] = text[digit] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
        return String(decoding: text, as: UTF8.self)
      }
      let lied = try await Program.run([
        "light", "--trust", "3:\(hash)", "--height", "5", "--node", "127.0.0.1:\(relay.port)",
      ])
      #expect(lied.status == 1, "\(lied.output)")
      #expect(lied.error.contains("is not valid") || lied.error.contains("not a header"), "\(lied.error)")
      await relay.stop()
      // A proof holds for whoever has verified its header.
      try await proof(network, node(names[0]), hash, definition)
      try? await group.shutdownGracefully()
    }

    private func proof(_ network: LocalNetwork, _ node: String, _ hash: String, _ definition: String)
      async throws
    {
      let file = network.folder.appending(path: "proof.json").path
      let status: Answer.Account = try await network.client(network.validators[0])
        .get("/v1/accounts/\(try Transfers.address(0).text())")
      let asked = try await Program.run([
        "query", "proof", "balance", "\(status.address)/uakt", "--file", file, "--node", node,
      ])
      #expect(asked.status == 0, "\(asked.error)")
      // … presence at height 12
      let words = asked.output.split(whereSeparator: \.isWhitespace)
      let height = try #require(words.last.flatMap { Int($0) }, "\(asked.output)")
      let light = try await Program.run([
        "light", "--trust", "3:\(hash)", "--height", "\(height + 1)", "--node", node, "--output", "json",
      ])
      let verified = try #require(try Self.hash(light.output), "\(light.error)")
      let checked = try await Program.run(["verify", file, "--header", "\(height + 1):\(verified)"])
      #expect(checked.status == 0 && checked.output.contains("verified"), "\(checked.error)")
      let other = try await Program.run(["verify", file, "--header", "\(height + 1):\(hash)"])
      #expect(other.status == 1)
    }

    private static func hash(_ output: String) throws -> String? {
      let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
      return (object?["verified"] as? [String: Any])?["hash"] as? String
    }
  }
}
