import API
import Foundation
import Node
import Primitives
import Testing

extension RealProcesses {
  /// Proposer-based timestamps among clocks that lie apart: 500 ms is what correct ones may.
  @Suite(.serialized) struct ClockOffsetTests {
    /// Starts four validators with clocks that are so many milliseconds fast.
    private func network(_ offsets: [Int]) async throws -> LocalNetwork {
      let network = try await LocalNetwork()
      for (name, offset) in zip(network.validators, offsets) {
        try network.start([name], arguments: ["--clock-offset=\(offset)"])
      }
      return network
    }

    /// The blocks of some heights as the first node has them.
    private func blocks(_ network: LocalNetwork, _ heights: ClosedRange<UInt64>) async throws -> [Answer
      .Block]
    {
      var blocks: [Answer.Block] = []
      for height in heights { blocks.append(try await network.block(network.validators[0], height)) }
      return blocks
    }

    /// Every height from its own tick of work: a transfer each.
    private func run(_ network: LocalNetwork, to height: UInt64) async throws {
      let sender = try Transfers(
        account: 0,
        to: try Transfers.address(1),
        over: try network.validators.map { try network.client($0) }
      )
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await sender.run() }
        defer { sender.stop() }
        try await network.expect(network.validators, at: height, seconds: 180)
      }
    }

    @Test func `clocks within the precision: everybody's blocks are taken, and time goes forward`()
      async throws
    {
      let network = try await network([0, 200, -200, 250])
      try await run(network, to: 24)
      let blocks = try await blocks(network, 2...24)
      let proposers = Set(blocks.map(\.proposer))
      #expect(proposers.count == 4, "\(proposers)")
      for (earlier, later) in zip(blocks, blocks.dropFirst()) { #expect(earlier.time < later.time) }
      _ = try await network.expectAgreement(of: network.validators)
    }

    @Test(arguments: [5_000, -20_000])
    func `a clock far off: blocks from its future are refused, its owner follows, and the others go on`(
      offset: Int
    ) async throws {
      let network = try await network([0, 100, -100, offset])
      try await run(network, to: 20)
      let blocks = try await blocks(network, 2...20)
      let page: Answer.Page<Answer.Validator> = try await network.client(network.validators[0])
        .get("/v1/validators")
      let odd = try #require(page.items.first { $0.moniker == network.validators[3] })
      if offset > 0 {
        #expect(!blocks.contains { $0.proposer == odd.operatorAddress })
        #expect(Set(blocks.map(\.proposer)).count == 3)
      }
      // One whose clock is slow makes its blocks a millisecond later than their parents, which may be near enough.
      // No block is from the future, or older than the one before.
      for (earlier, later) in zip(blocks, blocks.dropFirst()) { #expect(earlier.time < later.time) }
      let limit = Timestamp(milliseconds: Timestamp.now.milliseconds + 1_000).text
      #expect(blocks.allSatisfy { $0.time < limit })
      _ = try await network.expectAgreement(of: network.validators)
    }
  }
}
