import API
import Testing

extension RealProcesses {
  /// Callers that submit a transaction and wait until a block has it.
  @Suite struct TransactionWaitTests {
    @Test func `all who wait for a transaction are told: its block, or why it is refused`() async throws {
      let network = try await LocalNetwork(validators: 1)
      let name = network.validators[0]
      try network.start([name])
      try await network.expect("the node answers") {
        let _: Answer.Status = try await network.client(name).get("/v1/status")
        return true
      }
      let client = try network.client(name)
      let sender = try Transfers(account: 0, to: Transfers.address(1), over: [client])
      let transfer = try await sender.next(over: client)
      // Who comes when the block is there already is refused, since the sequence number is used.
      let first = await outcomes(of: transfer, callers: 16, over: client)
      #expect(first.filter { $0.hasPrefix("block ") }.count == 1, "\(first)")
      #expect(first.allSatisfy { $0.hasPrefix("block ") || $0.contains("sequence number") }, "\(first)")
      let second = await outcomes(of: transfer, callers: 64, over: client)
      #expect(second.allSatisfy { $0.contains("sequence number") }, "\(second)")
    }

    /// What so many callers are told that submit the same transfer at once and wait.
    private func outcomes(of transfer: [UInt8], callers: Int, over client: NodeClient) async -> Set<String> {
      await withTaskGroup { group in
        for _ in 0..<callers {
          group.addTask {
            do { return "block \(try await Transfers.commit(transfer, over: client).height)" } catch {
              return "\(error)"
            }
          }
        }
        return await group.reduce(into: []) { $0.insert($1) }
      }
    }
  }
}
