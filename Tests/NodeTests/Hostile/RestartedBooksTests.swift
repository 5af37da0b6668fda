import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Testing

extension RealProcesses {
  @Suite(.serialized) struct RestartedBooksTests {
    @Test func `the order book and the address book outlive a restart without neighbours`() async throws {
      let network = try await LocalNetwork()
      let names = network.validators
      try network.start(names)
      try await network.expect(names, at: 2)
      let client = try network.client(names[0])
      let status: Answer.Status = try await client.get("/v1/status")
      let chain = try #require(ChainID(status.chainId))
      let words = Array(repeating: "abandon", count: 23) + ["art"]
      let tenant = try Keyring.key(words: words, index: 0)
      let order = Order(
        deployment: DeploymentID(owner: tenant.address, sequence: 77),
        groups: [Self.group],
        manifestHash: .sha256([1]),
        deposit: Coin(5_000_000, .uakt),
        expiresAt: Timestamp(milliseconds: UInt64(Date().timeIntervalSince1970 * 1_000) + 240_000)
      )
      let object = SignedObject(kind: .order, body: order.encoded, signer: tenant, chain: chain)
      let submitted: Answer.Submitted = try await client.post("/v1/objects", body: object.encoded)
      try await network.expect("the order is everywhere") {
        for name in names {
          let orders: [Answer.Order] = try await network.list(name, "/v1/orders")
          guard orders.contains(where: { $0.identifier == submitted.identifier }) else { return false }
        }
        return true
      }
      for name in names { #expect(try await network.stop(name) == 0) }

      try network.start([names[0]])
      try await network.expect("the order is there again") {
        let orders: [Answer.Order] = try await network.list(names[0], "/v1/orders")
        return orders.contains { $0.identifier == submitted.identifier }
      }
      let traffic: Answer.Network = try await client.get("/v1/network")
      #expect(traffic.figures["address_book_entries"] ?? 0 >= 3)
      #expect(traffic.figures["live_objects"] ?? 0 >= 1)
    }

    static var group: Order.Group {
      let resources = Resources(
        id: 1,
        cpuMillis: 1_000,
        memoryBytes: 1 << 30,
        volumes: [Volume(name: "default", bytes: 1 << 30)]
      )
      let unit = ResourceUnit(resources: resources, count: 1, price: DecimalCoin(Decimal18(100), .uakt))
      return .init(sequence: 1, spec: GroupSpec(name: "g", requirements: .init(), units: [unit]))
    }
  }
}
