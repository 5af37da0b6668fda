import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Testing

extension RealProcesses {
  /// Four validators, each in a network namespace of its own, with a switch between them that fails on purpose.
  ///
  /// Needs root, `ip netns` and `/dev/net/tun`; where the machine refuses, the tests are skipped with what it said.
  /// `SUPERCLOUD_PARTITION_SECONDS` says how long two stand against two (6 s when it is not set).
  @Suite(
    .serialized,
    .enabled(if: PacketSwitch.refusal() == nil, "a network of namespaces: \(PacketSwitch.refusal() ?? "")")
  ) struct BrokenNetworkTests {
    private static let seed: UInt64 = 20_261_124
    private static let partition =
      ProcessInfo.processInfo.environment["SUPERCLOUD_PARTITION_SECONDS"].flatMap(Double.init) ?? 6

    /// Four validators and two providers that are up, and three accounts that send transfers meanwhile.
    private func withNetwork(
      providers: Int = 0,
      _ body: (LocalNetwork, PacketSwitch, [Transfers]) async throws -> Void
    ) async throws {
      let network = try await LocalNetwork(providers: providers)
      let nodes =
        network.validators + network.names.filter { !network.validators.contains($0) }.prefix(providers)
      let wires = try PacketSwitch(nodes: nodes.count, seed: Self.seed)
      defer {
        for name in nodes { network.kill(name) }
        wires.stop()
      }
      try network.spread(nodes, over: wires)
      try network.start(nodes)
      try await network.expect(nodes, at: 2)
      let receiver = SigningKey.generate().address
      let senders = try network.senders(to: receiver)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for sender in senders { group.addTask { await sender.run() } }
        defer { for sender in senders { sender.stop() } }
        try await network.expect("transfers flow") { senders.allSatisfy { $0.acknowledged.count > 1 } }
        try await body(network, wires, senders)
      }
      try await network.expectKept(by: senders, at: receiver)
      let counts = wires.counts
      print("packets: \(counts.passed) passed, \(counts.lost) lost, \(counts.blocked) blocked")
    }

    private func acknowledged(_ senders: [Transfers]) -> Int {
      senders.reduce(0) { $0 + $1.acknowledged.count }
    }

    /// All links are whole again: the chain goes on at every node, and so do transfers.
    private func heal(_ network: LocalNetwork, _ wires: PacketSwitch, _ senders: [Transfers]) async throws {
      let clock = ContinuousClock()
      let healed = clock.now
      let height = try await highest(network)
      wires.set(.init())
      try await network.expect(network.validators, at: height + 3)
      let before = acknowledged(senders)
      try await network.expect("transfers go on") { acknowledged(senders) > before + 3 }
      print("three blocks and transfers \(clock.now - healed) after the healing")
    }

    private func highest(_ network: LocalNetwork) async throws -> UInt64 {
      var highest: UInt64 = 0
      for name in network.validators { highest = max(highest, try await network.height(name)) }
      return highest
    }

    @Test func `two against two stand still, three go on without the fourth, and healed all is there`()
      async throws
    {
      try await withNetwork { network, wires, senders in
        wires.set(.init(groups: [[0, 1], [2, 3]]))
        // A block whose votes had all arrived may still be written.
        let halved = try await highest(network) + 1
        let wentOn = await Program.until(seconds: Self.partition) { try await highest(network) > halved }
        #expect(!wentOn, "two of four committed")
        try await heal(network, wires, senders)

        wires.set(.init(groups: [[0, 1, 2], [3]]))
        let height = try await highest(network)
        try await network.expect(Array(network.validators[..<3]), at: height + 20)
        let alone = try await network.height(network.validators[3])
        #expect(alone <= height + 1, "one of four committed")
        try await heal(network, wires, senders)
      }
    }

    @Test func `eight packets of a hundred are lost: the chain goes on everywhere`() async throws {
      try await withNetwork { network, wires, senders in
        wires.set(.init(lost: 80))
        let height = try await highest(network)
        let before = acknowledged(senders)
        let clock = ContinuousClock()
        let start = clock.now
        try await network.expect(network.validators, at: height + 20)
        try await network.expect("transfers go on") { acknowledged(senders) > before + 5 }
        print("twenty blocks at 8 % loss in \(clock.now - start)")
        #expect(wires.counts.lost > 0)
      }
    }

    @Test func `far apart, and then without UDP: blocks come, and orders reach everybody`() async throws {
      try await withNetwork(providers: 2) { network, wires, senders in
        wires.set(.init(delay: 50...100))
        let height = try await highest(network)
        let clock = ContinuousClock()
        let start = clock.now
        try await network.expect(network.validators, at: height + 10)
        print("ten blocks at 50 to 100 ms in \(clock.now - start)")
        try await expectEverywhere(try await post(order: 100, network), network)
        let before = acknowledged(senders)
        try await network.expect("transfers go on") { acknowledged(senders) > before + 3 }

        wires.set(.init(blocksUDP: true))
        // What is sent shows that it does not arrive; what was lost comes by reconciliation.
        var (orders, posted) = ([String](), clock.now - .seconds(1))
        try await network.expect("all have noticed", seconds: 60) {
          if clock.now - posted >= .seconds(1) {
            posted = clock.now
            orders.append(try await post(order: 101 + UInt64(orders.count), network))
          }
          return try await use(network, datagrams: false)
        }
        print("all had noticed after \(orders.count) orders, one a second")
        try await expectEverywhere(try await post(order: 200, network), network)
        for order in orders { try await expectEverywhere(order, network) }
        wires.set(.init())
        try await network.expect("datagrams again", seconds: 60) { try await use(network, datagrams: true) }
      }
    }

    /// Whether all sessions use datagrams, or none does.
    private func use(_ network: LocalNetwork, datagrams: Bool) async throws -> Bool {
      for name in network.spreadNames {
        let peers: [Answer.Peer] = try await network.client(name).get("/v1/peers")
        guard peers.allSatisfy({ $0.datagrams == datagrams }) else { return false }
      }
      return true
    }

    /// Gives an order to the last validator; returns its identifier.
    private func post(order sequence: UInt64, _ network: LocalNetwork) async throws -> String {
      let status = try await network.status(network.validators[0])
      let chain = try #require(ChainID(status.chainId))
      let tenant = try Keyring.key(words: Array(repeating: "abandon", count: 23) + ["art"], index: 1)
      let order = Order(
        deployment: DeploymentID(owner: tenant.address, sequence: sequence),
        groups: [RestartedBooksTests.group],
        manifestHash: .sha256([1]),
        deposit: Coin(5_000_000, .uakt),
        expiresAt: Timestamp(milliseconds: UInt64(Date().timeIntervalSince1970 * 1_000) + 240_000)
      )
      let object = SignedObject(kind: .order, body: order.encoded, signer: tenant, chain: chain)
      let client = try network.client(network.validators[3])
      let submitted: Answer.Submitted = try await client.post("/v1/objects", body: object.encoded)
      return submitted.identifier
    }

    private func expectEverywhere(_ order: String, _ network: LocalNetwork) async throws {
      let clock = ContinuousClock()
      let start = clock.now
      for name in network.spreadNames {
        try await network.expect("\(name) hears the order", seconds: 30) {
          let orders: [Answer.Order] = try await network.list(name, "/v1/orders")
          return orders.contains { $0.identifier == order }
        }
      }
      print(
        "order \(order.prefix(8)) was everywhere after \(clock.now - start), asked one node after the other"
      )
    }
  }
}
