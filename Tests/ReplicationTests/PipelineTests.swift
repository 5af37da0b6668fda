import Chain
import Consensus
import Cryptography
import Ledger
import Primitives
import Testing

@testable import Replication

/// A block is executed while the votes on it are under way, and written while the next height begins.
struct PipelineTests {
  private static func signed(_ node: Harness) -> Height {
    node.released.map { message in
      switch message {
      case .vote(let vote): vote.height
      case .proposal(let proposal): proposal.height
      }
    }.max() ?? 0
  }

  @Test func `the next height begins while its parent is written; nothing of it leaves before`() throws {
    let world = try World(validators: 1)
    let node = Harness(world, key: world.validators[0])
    node.step(.started)
    node.admit(world.transfer(0))
    #expect(node.run { $0.store.tip.height == 1 })
    // Of height 2 everything is signed, its block decided; then the disk is slow.
    node.isDiskSlow = true
    node.admit(world.transfer(1))
    #expect(node.run { $0.replica.tip.height == 2 || $0.isWaitingToSign })
    while node.replica.tip.height < 2 {
      node.writeOne()
      node.run(for: .milliseconds(50)) { $0.replica.tip.height == 2 }
    }
    #expect(node.store.tip.height == 1)
    #expect(node.replica.consensus.height == 3)
    #expect(Self.signed(node) == 2)
    node.isDiskSlow = false
    #expect(node.run { $0.store.tip.height >= 2 })
  }

  @Test func `a node whose disk is slow holds one unwritten block back, and catches up`() throws {
    let quartet = try Quartet()
    #expect(quartet.run { $0.nodes.allSatisfy { $0.store.tip.height >= 1 } })
    let slow = quartet.nodes[0]
    let before = slow.store.tip.height
    slow.isDiskSlow = true
    #expect(quartet.run { $0.nodes.dropFirst().allSatisfy { $0.store.tip.height >= before + 5 } })
    #expect(slow.store.tip.height == before)
    #expect(slow.replica.consensus.height <= before + 2)
    #expect(Self.signed(slow) <= before + 1)
    slow.isDiskSlow = false
    #expect(quartet.run { $0.nodes.allSatisfy { $0.store.tip.height >= before + 8 } })
    for node in quartet.nodes { #expect(node.faults.isEmpty && node.alarms.isEmpty) }
  }

  @Test func `a block is executed once, before it is decided, and the result is the same`() throws {
    let ahead = try Quartet()
    for sequence in 0..<4 as Range<UInt64> {
      for node in ahead.nodes { node.admit(ahead.world.transfer(sequence)) }
    }
    // Without precommits nothing is decided.
    ahead.alter = { message, _ in
      guard case .votes(let votes) = message else { return message }
      return votes.contains { $0.kind == .precommit } ? nil : message
    }
    func executed(_ node: Harness) -> (valid: ValidBlock, result: ExecutedBlock)? {
      for case .compactProposal(let proposal, _) in ahead.delivered.map(\.message) {
        if let valid = node.replica.candidates.valid(proposal.block),
          let result = node.replica.candidates[proposal.block]?.execution
        {
          return (valid, result)
        }
      }
      return nil
    }
    #expect(ahead.run { _ in ahead.nodes.allSatisfy { executed($0) != nil } })
    let node = ahead.nodes[1]
    let (valid, result) = try #require(executed(node))
    let again = node.replica.execute(valid)
    #expect(again.layer.stateRoot == result.layer.stateRoot)
    #expect(again.outcome.changes == result.outcome.changes)
    ahead.alter = { message, _ in message }
    #expect(ahead.run { $0.nodes.allSatisfy { $0.store.tip.height >= 1 } })
    #expect(Set(ahead.nodes.map { $0.contents[1]?.tip.stateRoot }) == [result.layer.stateRoot])
  }
}
