import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Who pays for a validator's misbehaviour, and who does not.
@Suite struct SlashingTests {
  private func chain(_ parameters: [ParameterKey: UInt64] = [:]) throws -> TestChain {
    var parameters = parameters
    parameters[.unbondingTime] = 600_000
    parameters[.slashDoubleSign] = 100_000
    let people = ["a", "b", "c", "alice", "bob"].map { ($0, [Coin(100_000_000, .uakt)]) }
    return try TestChain(
      balances: Dictionary(uniqueKeysWithValues: people),
      validators: [("a", 30_000_000), ("b", 20_000_000), ("c", 10_000_000)],
      parameters: parameters
    )
  }

  private func stake(_ chain: TestChain, _ name: String, on validator: String) -> UInt64? {
    chain.query.delegations(of: chain.address(name)).first { $0.validator == chain.address(validator) }?.stake
      .units
  }

  private func delegate(_ chain: TestChain, _ name: String, _ amount: UInt64, to validator: String) {
    let action = Action.delegate(
      delegator: chain.address(name),
      validator: chain.address(validator),
      amount: Coin(amount, .uakt)
    )
    #expect(chain.submit(action, by: name).isSuccess)
  }

  private func undelegate(_ chain: TestChain, _ name: String, _ amount: UInt64, from validator: String) {
    let action = Action.undelegate(
      delegator: chain.address(name),
      validator: chain.address(validator),
      amount: Coin(amount, .uakt)
    )
    #expect(chain.submit(action, by: name).isSuccess)
  }

  private func payFees(_ chain: TestChain, _ count: Int) {
    let send = Send(from: chain.address("bob"), to: chain.address("a"), amount: [Coin(1, .uakt)])
    for _ in 0..<count { chain.submit(.send(send), by: "bob") }
  }

  private func punish(_ chain: TestChain, _ validator: String, since moment: Moment) {
    chain.evidence = [.init(validator: chain.address(validator), height: moment.height, time: moment.time)]
    chain.block()
  }

  @Test func `stake that had left before the deed is not touched, what left after is`() throws {
    let chain = try chain()
    delegate(chain, "alice", 10_000_000, to: "b")
    undelegate(chain, "alice", 4_000_000, from: "b")
    chain.block()
    let deed = chain.moment
    chain.block()
    undelegate(chain, "alice", 2_000_000, from: "b")
    punish(chain, "b", since: deed)
    #expect(
      chain.query.unbondings(of: chain.address("alice")).map(\.amount.units).sorted() == [
        1_800_000, 4_000_000,
      ]
    )
    #expect(stake(chain, "alice", on: "b") == 3_600_000 && stake(chain, "b", on: "b") == 18_000_000)
    // What comes out in the end is that.
    let before = chain.balance("alice")
    chain.advance(milliseconds: 600_000)
    chain.block()
    #expect(chain.balance("alice") == before + 5_800_000)
  }

  @Test func `unbonded stake that was paid out is beyond reach`() throws {
    let chain = try chain()
    delegate(chain, "alice", 10_000_000, to: "b")
    let deed = chain.moment
    chain.block()
    undelegate(chain, "alice", 10_000_000, from: "b")
    chain.advance(milliseconds: 600_000)
    chain.block()
    let before = chain.balance("alice")
    punish(chain, "b", since: deed)
    #expect(chain.balance("alice") == before)
    #expect(chain.query.validator(chain.address("b"))?.isTombstoned == true)
  }

  @Test func `stake that moved on is slashed where it is, as far as it is still there`() throws {
    let chain = try chain()
    delegate(chain, "bob", 10_000_000, to: "b")
    let deed = chain.moment
    chain.block()
    let move = Action.redelegate(
      delegator: chain.address("bob"),
      from: chain.address("b"),
      to: chain.address("a"),
      amount: Coin(8_000_000, .uakt)
    )
    #expect(chain.submit(move, by: "bob").isSuccess)
    // All but half a million leaves the new validator too.
    undelegate(chain, "bob", 7_500_000, from: "a")
    punish(chain, "b", since: deed)
    #expect(stake(chain, "bob", on: "b") == 1_800_000)
    // A tenth of the 8 that moved: as much as is left of them there.
    #expect(stake(chain, "bob", on: "a") == nil)
    #expect(chain.query.validator(chain.address("a"))?.tokens == Amount(30_000_000))
    #expect(chain.query.validator(chain.address("a"))?.isJailed == false)
  }

  @Test func `rewards earned before a slash stay earned, and are by less stake after`() throws {
    let chain = try chain()
    delegate(chain, "alice", 20_000_000, to: "b")
    payFees(chain, 4)
    let before = try #require(
      chain.query.delegations(of: chain.address("alice")).first?.rewards.first?.amount
    )
    punish(chain, "b", since: chain.moment)
    let after = try #require(chain.query.delegations(of: chain.address("alice")).first?.rewards.first?.amount)
    #expect(after >= before && !before.isZero)
    let balance = chain.balance("alice")
    let withdrawal = Action.withdrawReward(delegator: chain.address("alice"), validator: chain.address("b"))
    #expect(chain.submit(withdrawal, by: "alice").isSuccess)
    #expect(try chain.balance("alice") == balance - 5_000 + after.truncated().units)
  }

  @Test func `a jailed validator signs no more, earns no more, and its delegators may leave`() throws {
    let chain = try chain()
    delegate(chain, "alice", 5_000_000, to: "c")
    punish(chain, "c", since: chain.moment)
    let record = try #require(chain.query.validator(chain.address("c")))
    #expect(record.isJailed && record.status == .unbonding)
    #expect(chain.lastUpdates.map(\.power) == [0])
    let earned = chain.query.delegations(of: chain.address("alice")).first?.rewards.first?.amount ?? .zero
    payFees(chain, 3)
    #expect(
      chain.query.delegations(of: chain.address("alice")).first?.rewards.first?.amount ?? .zero == earned
    )
    undelegate(chain, "alice", 4_500_000, from: "c")
    #expect(stake(chain, "alice", on: "c") == nil)
    // Tombstoned is for ever.
    chain.advance(milliseconds: 365 * 86_400_000)
    #expect(chain.submit(.unjail(validator: chain.address("c")), by: "c").codeText == "slashing/4")
  }

  @Test func `the floor of commissions holds for changes too, and the floor may be raised by vote`() throws {
    let chain = try chain([.minimumCommission: 300])
    chain.advance(milliseconds: 86_400_000)
    func edit(_ commission: String) -> String {
      let edit = EditValidator(
        operatorAddress: chain.address("a"),
        description: ValidatorDescription(moniker: "a"),
        commission: Decimal18(commission)!
      )
      return chain.submit(.editValidator(edit), by: "a").codeText
    }
    #expect(edit("0.029") == "sdk/4")
    #expect(edit("0.04") == "")
    chain.advance(milliseconds: 86_400_000)
    try chain.perform { execution throws(Rejection) in
      try execution.set(.minimumCommission, to: 450, proposal: 1)
    }
    #expect(edit("0.044") == "sdk/4")
    #expect(edit("0.045") == "")
  }

  @Test func `a vote on the size of the set takes effect at once`() throws {
    let chain = try chain()
    try chain.perform { execution throws(Rejection) in
      try execution.set(.maximumValidators, to: 2, proposal: 1)
      let updates = try execution.updateValidatorSet()
      #expect(updates.map(\.power) == [0] && updates.first?.address == chain.address("c"))
    }
    #expect(chain.query.validator(chain.address("c"))?.status == .unbonding)
    try chain.perform { execution throws(Rejection) in
      try execution.set(.maximumValidators, to: 3, proposal: 2)
      #expect(try execution.updateValidatorSet().map(\.power) == [10])
    }
    #expect(chain.query.validator(chain.address("c"))?.status == .bonded)
  }
}
