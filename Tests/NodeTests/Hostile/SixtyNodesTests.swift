import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Testing

extension RealProcesses {
  /// Whole nodes, each a process with its own sockets, ledger and database, in one process group on loopback. Some only
  /// dial out, some have no UDP.
  ///
  /// `SUPERCLOUD_NODES` sets another number; at least 8.
  @Suite(.serialized) struct SixtyNodesTests {
    @Test func `sixty real nodes follow one chain, hear every order and blame nobody`() async throws {
      let count = ProcessInfo.processInfo.environment["SUPERCLOUD_NODES"].flatMap(Int.init) ?? 60
      // The plan adds a tenant's node.
      let validators = count < 20 ? 4 : 10
      let network = try await LocalNetwork(validators: validators, providers: count - validators - 1)
      let names = network.names
      #expect(names.count == count)
      let members = network.plan.members.filter { $0.role == "provider" }.enumerated()
      let dialOnly = members.filter { $0.offset % 5 == 1 }.map(\.element)
      let streamOnly = members.filter { $0.offset % 5 == 2 }.map(\.element.name)
      for member in dialOnly {
        try network.configure(member.name, "listen", "\"0.0.0.0:\(member.peerPort)\"")
      }
      for name in streamOnly { try network.configure(name, "udp", "false") }
      let clock = ContinuousClock()
      let started = clock.now
      try network.start(network.validators)
      try await network.expect(network.validators, at: 1)
      // A database and a ledger for each take processor time: in portions, none waits for its turn for minutes.
      let others = names.filter { !network.validators.contains($0) }
      for start in stride(from: 0, to: others.count, by: 8) {
        let portion = Array(others[start..<min(start + 8, others.count)])
        try network.start(portion)
        try await network.expect(portion, at: 1, seconds: 120)
      }
      let height = try await network.height(names[0])
      try await network.expect(names, at: height + 2, seconds: 120)
      let ready = clock.now - started

      let status = try await network.status(names[0])
      let chain = try #require(ChainID(status.chainId))
      let tenant = try Keyring.key(words: Array(repeating: "abandon", count: 23) + ["art"], index: 0)
      var delays: [Double] = []
      for number in 0..<5 {
        let order = Order(
          deployment: DeploymentID(owner: tenant.address, sequence: UInt64(100 + number)),
          groups: [RestartedBooksTests.group],
          manifestHash: .sha256([1]),
          deposit: Coin(5_000_000, .uakt),
          expiresAt: Timestamp(milliseconds: UInt64(Date().timeIntervalSince1970 * 1_000) + 240_000)
        )
        let object = SignedObject(kind: .order, body: order.encoded, signer: tenant, chain: chain)
        let start = clock.now
        let client = try network.client(names[number * 7 % names.count])
        let submitted: Answer.Submitted = try await client.post("/v1/objects", body: object.encoded)
        var missing = names[...]
        try await network.expect("order \(number) is everywhere", seconds: 120) {
          while let name = missing.first {
            let orders: [Answer.Order] = try await network.list(name, "/v1/orders")
            guard orders.contains(where: { $0.identifier == submitted.identifier }) else { return false }
            missing.removeFirst()
          }
          return true
        }
        delays.append((clock.now - start) / .milliseconds(1))
      }
      var sessions = 0
      for name in names {
        let peers: [Answer.Peer] = try await network.client(name).get("/v1/peers")
        sessions += peers.count
        #expect(peers.count >= 4, "\(name) has \(peers.count) peers")
        if dialOnly.contains(where: { $0.name == name }) {
          #expect(peers.allSatisfy { !$0.inbound }, "\(name)")
        }
        if streamOnly.contains(name) { #expect(peers.allSatisfy { !$0.datagrams }, "\(name)") }
        // Who validates is known everywhere by proof.
        let proved = peers.filter { $0.role == "validator" }.count
        if network.validators.contains(name) { #expect(proved == validators - 1, "\(name) sees \(proved)") }
        let traffic: Answer.Network = try await network.client(name).get("/v1/network")
        // Budgets go by real time: what honest peers send piles up where sixty processes share few cores, and weighs a
        // hundredth of a ban.
        let faults = traffic.drops.filter { drop in
          drop.layer == "fault" && drop.count > (drop.reason.hasPrefix("excessive") ? 10 : 0)
        }
        #expect(faults.isEmpty, "\(name): \(faults)")
      }
      _ = try await network.expectAgreement(of: names)
      print(
        "\(count) real nodes: up after \(ready), \(sessions / count) sessions each; orders seen by all, asked one",
        "node after the other, after \(delays.map { Int($0) }) ms"
      )
    }
  }
}
