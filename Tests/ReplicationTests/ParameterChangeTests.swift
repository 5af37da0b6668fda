import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives
import Testing

@testable import Replication

/// What a vote changes binds the running node, not only the ledger.
struct ParameterChangeTests {
  private static let parameters: [ParameterKey: UInt64] = [
    .votingPeriod: 1_000, .proposalMinimumDeposit: 1_000, .depositPeriod: 60_000,
    .maximumBlockInterval: 6_000, .orderMaximumBids: 20, .maximumLiveOrders: 32,
  ]

  private static func draft(_ action: Action, _ sequence: UInt64, _ world: World) -> Transaction {
    TransactionDraft(actions: [action], sequence: sequence, fee: Fee(amount: Coin(10, .uakt)))
      .signed(by: world.tenant, chain: world.genesis.chain)
  }

  /// A chain whose tenant has most of the stake and votes `changes` in.
  private static func chain(voting changes: [ParameterChange]) throws -> Harness {
    let world = try World(validators: 1, parameters: parameters)
    let node = Harness(world, key: world.validators[0])
    node.step(.started)
    let tenant = world.tenant.address
    let proposal = SubmitProposal(
      proposer: tenant,
      title: "Pace and book",
      summary: "",
      contents: [.parameters(changes)],
      deposit: [Coin(1_000, .uakt)]
    )
    let actions: [Action] = [
      .delegate(
        delegator: tenant,
        validator: world.validators[0].address,
        amount: Coin(100_000_000_000, .uakt)
      ),
      .submitProposal(proposal),
      .vote(id: 1, voter: tenant, options: [WeightedVoteOption(option: .yes, weight: Decimal18(1))]),
    ]
    for (sequence, action) in actions.enumerated() {
      let height = node.store.tip.height
      #expect(node.admit(draft(action, UInt64(sequence), world)) == .accepted)
      #expect(node.run { $0.store.tip.height > height })
    }
    return node
  }

  /// How long the next idle block takes.
  private static func idleBlock(_ node: Harness) -> Interval {
    let height = node.store.tip.height
    #expect(node.run { $0.store.tip.height > height })
    let start = node.now
    #expect(node.run { $0.store.tip.height > height + 1 })
    return node.now.since(start)
  }

  @Test func `a vote on the longest block interval changes the pace of idle blocks`() throws {
    let key = ParameterKey.maximumBlockInterval
    let node = try Self.chain(voting: [ParameterChange(key: key.rawValue, value: "500")])
    #expect(
      node.run { LedgerQuery(state: $0.store).parameters[key] == 500 },
      "the vote is over when its period is"
    )
    let after = Self.idleBlock(node)
    #expect(after >= .milliseconds(500) && after < .seconds(2), "an idle block took \(after)")
    // A node that starts on this state goes at its pace, not at that of genesis.
    let restarted = Harness(node.world, key: node.key, contents: node.store.snapshot)
    restarted.now = node.now
    restarted.step(.started)
    let again = Self.idleBlock(restarted)
    #expect(again >= .milliseconds(500) && again < .seconds(2), "an idle block took \(again)")
  }

  @Test func `a vote on the book's limits binds the running book and the one after a restart`() throws {
    let changes = [
      ParameterChange(key: ParameterKey.orderMaximumBids.rawValue, value: "3"),
      ParameterChange(key: ParameterKey.maximumLiveOrders.rawValue, value: "5"),
      ParameterChange(key: ParameterKey.orderMaximumLifetime.rawValue, value: "90000"),
    ]
    let node = try Self.chain(voting: changes)
    #expect(node.replica.book.limits.bidsPerOrder == 20)
    #expect(node.run { LedgerQuery(state: $0.store).parameters[.orderMaximumBids] == 3 })
    let restarted = Harness(node.world, key: node.key, contents: node.store.snapshot)
    for book in [node.replica.book, restarted.replica.book] {
      #expect(book.limits.bidsPerOrder == 3)
      #expect(book.limits.ordersPerAccount == 5)
      #expect(book.limits.lifetime == 90_000)
    }
  }

  @Test func `stake that comes in a block counts in the validator set two heights later`() throws {
    let world = try World(validators: 1, parameters: Self.parameters)
    let node = Harness(world, key: world.validators[0])
    node.step(.started)
    let old = try #require(node.replica.tip.validators.members.first?.power)
    let delegation = Action.delegate(
      delegator: world.tenant.address,
      validator: world.validators[0].address,
      amount: Coin(5_000_000_000, .uakt)
    )
    let height = node.replica.tip.height
    #expect(node.admit(Self.draft(delegation, 0, world)) == .accepted)
    #expect(node.run { $0.replica.tip.height == height + 1 })
    // The block was `height` + 1: the next one's set is as it was, the one after has the stake.
    #expect(node.replica.tip.validators.members.map(\.power) == [old])
    #expect(node.replica.tip.nextValidators.members.map(\.power) == [old + 5_000])
    #expect(node.run { $0.replica.tip.height == height + 2 })
    #expect(node.replica.tip.validators.members.map(\.power) == [old + 5_000])
  }
}
