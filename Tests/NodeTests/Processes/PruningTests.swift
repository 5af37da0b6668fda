import API
import Foundation
import Testing

extension RealProcesses {
  /// A node that keeps its last blocks only.
  @Suite(.serialized) struct PruningTests {
    @Test func `a node deletes old blocks, says so to whoever asks, and restarts from what is left`()
      async throws
    {
      let network = try await LocalNetwork(validators: 1)
      let name = network.validators[0]
      try network.configure(name, "keep_blocks", "20")
      try network.start([name])
      try await network.expect([name], at: 60, seconds: 180)
      try await network.expect("the first blocks are gone") {
        try await network.status(name).lowestBlock > 35
      }
      let before = try await network.status(name)
      #expect(before.lowestBlock + 25 > before.height)
      let client = try network.client(name)
      try await expectPruned("/v1/blocks/1", Answer.Block.self, client)
      try await expectPruned("/v1/light/1", Answer.LightBlock.self, client)
      let unknown = String(repeating: "0", count: 64)
      try await expectPruned("/v1/transactions/\(unknown)", Answer.TransactionResult.self, client)
      // One that is left, and one that is not there yet.
      #expect(try await network.block(name, before.height).height == before.height)
      let later = await #expect(throws: ClientError.self) { try await network.block(name, 1_000_000) }
      #expect("\(try #require(later))".contains("there is no block 1000000 yet"))
      _ = try await network.stop(name)
      try network.start([name])
      try await network.expect([name], at: before.height + 5)
      #expect(try await network.status(name).lowestBlock >= before.lowestBlock)
    }

    private func expectPruned<Value: Codable & Sendable>(
      _ path: String,
      _ type: Value.Type,
      _ client: NodeClient
    ) async throws {
      let error = await #expect(throws: ClientError.self) {
        let _: Value = try await client.get(path)
      }
      let text = "\(try #require(error))"
      #expect(text.contains("pruned") && text.contains("keeps blocks from"), "\(path): \(text)")
    }
  }
}
