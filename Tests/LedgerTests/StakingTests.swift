import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct StakingTests {
  private func chain(
    _ stakes: [(name: String, stake: UInt64)] = [("a", 30_000_000), ("b", 20_000_000), ("c", 10_000_000)],
    parameters: [ParameterKey: UInt64] = [:]
  ) throws -> TestChain {
    var parameters = parameters
    parameters[.unbondingTime] = parameters[.unbondingTime] ?? 100_000
    let people = ["a", "b", "c", "d", "alice", "bob"].map { ($0, [Coin(100_000_000, .uakt)]) }
    return try TestChain(
      balances: Dictionary(uniqueKeysWithValues: people),
      validators: stakes,
      parameters: parameters
    )
  }

  private func creation(_ chain: TestChain, _ name: String, stake: UInt64, commission: String = "0.1")
    -> CreateValidator
  {
    CreateValidator(
      operatorAddress: chain.address(name),
      description: ValidatorDescription(moniker: name),
      consensusKey: chain.key("consensus of " + name).publicKey,
      commission: Decimal18(commission)!,
      maximumCommission: Decimal18("0.5")!,
      maximumCommissionChange: Decimal18("0.05")!,
      minimumSelfDelegation: Amount(1_000_000),
      stake: Coin(stake, .uakt)
    )
  }

  @Test func `genesis bonds its validators in order of their addresses`() throws {
    let chain = try chain()
    #expect(chain.genesisValidators.map(\.power).sorted() == [10, 20, 30])
    #expect(chain.genesisValidators.map(\.address) == chain.genesisValidators.map(\.address).sorted())
    #expect(chain.balance(.bondedStake) == 60_000_000 && chain.query.bondedStake == Amount(60_000_000))
    #expect(chain.query.delegations(of: chain.address("a")).map(\.stake) == [Amount(30_000_000)])
    chain.block()
    #expect(chain.lastUpdates.isEmpty)
  }

  @Test func `the set is those with most stake`() throws {
    let chain = try chain(parameters: [.maximumValidators: 3])
    #expect(chain.submit(.createValidator(creation(chain, "d", stake: 9_000_000)), by: "d").isSuccess)
    #expect(chain.lastUpdates.isEmpty)
    let more = Action.delegate(
      delegator: chain.address("alice"),
      validator: chain.address("d"),
      amount: Coin(6_000_000, .uakt)
    )
    chain.submit(more, by: "alice")
    #expect(
      Set(chain.lastUpdates.map { "\($0.address == chain.address("d") ? "d" : "c") \($0.power)" }) == [
        "d 15", "c 0",
      ]
    )
    #expect(chain.query.validator(chain.address("c"))?.status == .unbonding)
    #expect(chain.balance(.unbondingStake) == 10_000_000)
    chain.advance(milliseconds: 100_000)
    chain.block()
    #expect(chain.query.validator(chain.address("c"))?.status == .unbonded)
    // It comes back with more stake.
    chain.submit(
      .delegate(
        delegator: chain.address("c"),
        validator: chain.address("c"),
        amount: Coin(20_000_000, .uakt)
      ),
      by: "c"
    )
    #expect(chain.query.validator(chain.address("c"))?.status == .bonded)
    #expect(chain.lastUpdates.contains { $0.address == chain.address("c") && $0.power == 30 })
  }

  @Test func `creations are checked`() throws {
    let chain = try chain()
    func code(_ change: (inout CreateValidator) -> Void) -> String {
      var creation = creation(chain, "d", stake: 5_000_000)
      change(&creation)
      return chain.submit(.createValidator(creation), by: "d").codeText
    }
    #expect(code { $0.commission = Decimal18("0.049")! } == "sdk/4")
    #expect(code { $0.commission = Decimal18("0.6")! } == "staking/11")
    #expect(code { $0.maximumCommissionChange = Decimal18("0.6")! } == "staking/15")
    #expect(code { $0.stake = Coin(999_999, .uakt) } == "staking/16")
    #expect(code { $0.consensusKey = chain.key("consensus of a").publicKey } == "staking/5")
    #expect(code { $0.consensusKey = PublicKey([UInt8](repeating: 0, count: 32))! } == "staking/6")
    #expect(code { $0.stake = Coin(5_000_000, .uusdc) } == "sdk/18")
    #expect(code { _ in } == "")
    #expect(code { _ in } == "staking/4")
    let edit = EditValidator(
      operatorAddress: chain.address("d"),
      description: ValidatorDescription(moniker: "new"),
      commission: Decimal18("0.12")!
    )
    #expect(chain.submit(.editValidator(edit), by: "d").codeText == "staking/12")
    chain.advance(milliseconds: 86_400_000)
    var much = edit
    much.commission = Decimal18("0.16")!
    #expect(chain.submit(.editValidator(much), by: "d").codeText == "staking/15")
    #expect(chain.submit(.editValidator(edit), by: "d").isSuccess)
    #expect(chain.query.validator(chain.address("d"))?.description.moniker == "new")
  }

  @Test func `undelegated stake is free when its time is over`() throws {
    let chain = try chain(parameters: [.maximumUnbondingEntries: 2])
    let (alice, a) = (chain.address("alice"), chain.address("a"))
    chain.submit(.delegate(delegator: alice, validator: a, amount: Coin(10_000_000, .uakt)), by: "alice")
    let out = Action.undelegate(delegator: alice, validator: a, amount: Coin(4_000_000, .uakt))
    #expect(chain.submit(out, by: "alice").isSuccess)
    #expect(chain.submit(out, by: "alice").isSuccess)
    #expect(chain.submit(out, by: "alice").codeText == "staking/27")
    #expect(chain.query.unbondings(of: alice).map(\.amount) == [Amount(4_000_000), Amount(4_000_000)])
    let before = chain.balance("alice")
    chain.advance(milliseconds: 99_999)
    chain.block()
    #expect(chain.balance("alice") == before)
    chain.advance(milliseconds: 1)
    #expect(Executor.nextDueTime(on: chain.state).map { $0 <= chain.moment.time } == true)
    chain.block()
    #expect(chain.balance("alice") == before + 8_000_000)
    #expect(chain.lastEvents.map(\.name).filter { $0 == "unbonded" }.count == 2)
    let rest = Action.undelegate(delegator: alice, validator: a, amount: Coin(2_000_001, .uakt))
    #expect(chain.submit(rest, by: "alice").codeText == "staking/22")
  }

  @Test func `rewards are shared by stake after commission`() throws {
    let chain = try chain()
    let (alice, a) = (chain.address("alice"), chain.address("a"))
    chain.submit(.delegate(delegator: alice, validator: a, amount: Coin(10_000_000, .uakt)), by: "alice")
    // From here 70 AKT are bonded: a has 40 of them, a quarter of those is alice's. 7 blocks of 5,000.
    let before = chain.query.delegations(of: alice).first?.rewards.first?.amount ?? .zero
    for _ in 0..<7 {
      chain.submit(.send(Send(from: chain.address("bob"), to: a, amount: [Coin(1, .uakt)])), by: "bob")
    }
    let reward = try #require(chain.query.delegations(of: alice).first?.rewards.first?.amount)
    // 35,000 × 40/70 × 0.95 × 10/40 = 4,750.
    let earned = try reward.subtracting(before)
    #expect(earned.raw / Decimal18.one >= 4_749 && earned <= Decimal18(4_750))
    let balance = chain.balance("alice")
    let receipt = chain.submit(.withdrawReward(delegator: alice, validator: a), by: "alice")
    #expect(receipt.isSuccess && chain.balance("alice") > balance - 5_000 + 4_748)
    #expect(chain.submit(.withdrawCommission(validator: a), by: "a").isSuccess)
    #expect(chain.submit(.withdrawCommission(validator: chain.address("d")), by: "d").codeText == "staking/3")
    // Nothing that was owed is missing: the rest of all fees is still there.
    #expect(chain.balance(.feeCollector) == 0 && chain.balance(.rewards) > 0)
  }

  @Test func `redelegated stake earns at once and cannot move on yet`() throws {
    let chain = try chain()
    let (alice, a, b, c) = (
      chain.address("alice"), chain.address("a"), chain.address("b"), chain.address("c")
    )
    chain.submit(.delegate(delegator: alice, validator: a, amount: Coin(10_000_000, .uakt)), by: "alice")
    #expect(
      chain.submit(.redelegate(delegator: alice, from: a, to: b, amount: Coin(6_000_000, .uakt)), by: "alice")
        .isSuccess
    )
    #expect(Set(chain.lastUpdates.map(\.power)) == [34, 26])
    #expect(
      chain.submit(.redelegate(delegator: alice, from: b, to: c, amount: Coin(1, .uakt)), by: "alice")
        .codeText == "staking/32"
    )
    #expect(
      chain.submit(.redelegate(delegator: alice, from: a, to: a, amount: Coin(1, .uakt)), by: "alice")
        .codeText == "staking/29"
    )
    chain.advance(milliseconds: 100_000)
    chain.block()
    #expect(
      chain.submit(.redelegate(delegator: alice, from: b, to: c, amount: Coin(1, .uakt)), by: "alice")
        .isSuccess
    )
  }

  @Test func `double signing slashes everybody who stood behind it`() throws {
    let chain = try chain(parameters: [.slashDoubleSign: 100_000])
    let (alice, bob, b) = (chain.address("alice"), chain.address("bob"), chain.address("b"))
    chain.submit(.delegate(delegator: alice, validator: b, amount: Coin(10_000_000, .uakt)), by: "alice")
    chain.submit(.delegate(delegator: bob, validator: b, amount: Coin(10_000_000, .uakt)), by: "bob")
    let height = chain.moment.height
    let time = chain.moment.time
    chain.advance(ticks: 1)
    chain.submit(.undelegate(delegator: alice, validator: b, amount: Coin(4_000_000, .uakt)), by: "alice")
    chain.submit(
      .redelegate(delegator: bob, from: b, to: chain.address("a"), amount: Coin(5_000_000, .uakt)),
      by: "bob"
    )
    let supply = chain.query.supply(of: .uakt).units
    chain.evidence = [.init(validator: b, height: height, time: time)]
    chain.block()
    // A tenth of 31 staked, 4 unbonding and 5 that moved.
    #expect(chain.query.supply(of: .uakt).units == supply - 3_100_000 - 400_000 - 500_000)
    #expect(chain.query.validator(b)?.isTombstoned == true && chain.query.validator(b)?.status == .unbonding)
    #expect(chain.query.delegations(of: alice).map(\.stake) == [Amount(5_400_000)])
    #expect(chain.query.unbondings(of: alice).map(\.amount) == [Amount(3_600_000)])
    #expect(Set(chain.query.delegations(of: bob).map(\.stake)) == [Amount(4_500_000), Amount(4_500_000)])
    #expect(chain.submit(.unjail(validator: b), by: "b").codeText == "slashing/4")
    // Once is enough.
    let after = chain.query.supply(of: .uakt)
    chain.evidence = [.init(validator: b, height: height, time: time)]
    chain.block()
    #expect(chain.query.supply(of: .uakt) == after)
  }

  @Test func `old evidence is forgotten`() throws {
    let chain = try chain(parameters: [.evidenceMaximumBlocks: 10, .evidenceMaximumAge: 10_000])
    let start = chain.moment
    for _ in 0..<12 { chain.block() }
    chain.advance(milliseconds: 10_001)
    chain.evidence = [.init(validator: chain.address("b"), height: start.height, time: start.time)]
    chain.block()
    #expect(chain.query.validator(chain.address("b"))?.isJailed == false)
  }

  @Test func `absence jails, and the operator can return`() throws {
    let chain = try chain(
      parameters: [
        .signedBlocksWindow: 10, .minimumSignedPerWindow: 5_000, .slashDowntime: 10_000,
        .downtimeJail: 60_000,
      ])
    let c = chain.address("c")
    for _ in 0..<11 { chain.block() }
    // Five of ten may be missed.
    chain.lastCommit = [.init(validator: c, hasSigned: false)]
    for _ in 0..<5 { chain.block() }
    #expect(chain.query.validator(c)?.isJailed == false && chain.query.validator(c)?.missedBlocks == 5)
    chain.lastCommit = [.init(validator: c, hasSigned: true)]
    let idle = chain.block()
    #expect(idle.changes.isEmpty)
    chain.lastCommit = [.init(validator: c, hasSigned: false)]
    chain.block()
    #expect(chain.query.validator(c)?.isJailed == true)
    #expect(chain.query.validator(c)?.tokens == Amount(9_900_000))
    #expect(chain.lastUpdates.map(\.power) == [0])
    chain.lastCommit = []
    #expect(chain.submit(.unjail(validator: c), by: "c").codeText == "slashing/4")
    chain.advance(milliseconds: 60_000)
    #expect(chain.submit(.unjail(validator: c), by: "c").isSuccess)
    #expect(chain.lastUpdates.map(\.power) == [9])
    #expect(chain.submit(.unjail(validator: c), by: "c").codeText == "slashing/5")
  }

  @Test func `an operator that takes its own stake out is jailed`() throws {
    let chain = try chain([("a", 30_000_000), ("b", 20_000_000)])
    chain.submit(.createValidator(creation(chain, "d", stake: 5_000_000)), by: "d")
    chain.submit(
      .undelegate(
        delegator: chain.address("d"),
        validator: chain.address("d"),
        amount: Coin(4_500_000, .uakt)
      ),
      by: "d"
    )
    #expect(chain.query.validator(chain.address("d"))?.isJailed == true)
    #expect(chain.submit(.unjail(validator: chain.address("d")), by: "d").codeText == "staking/16")
  }

  @Test func `the last validators stay, whatever happens`() throws {
    let chain = try chain([("a", 30_000_000)], parameters: [.slashDoubleSign: 1_000_000])
    chain.evidence = [.init(validator: chain.address("a"), height: 0, time: chain.moment.time)]
    chain.block()
    #expect(chain.lastUpdates.isEmpty)
    chain.block()
    #expect(chain.lastUpdates.isEmpty)
  }

  @Test(arguments: 1...4) func `rewards owed never exceed what is held`(seed: UInt64) throws {
    let chain = try chain()
    var generator = SeededGenerator(seed: seed)
    let people = ["alice", "bob", "a", "b", "c"]
    let validators = ["a", "b", "c"]
    for _ in 0..<80 {
      let name = people[Int(generator.next(below: 5))]
      let validator = chain.address(validators[Int(generator.next(below: 3))])
      let coin = Coin(1 + generator.next(below: 7_000_000), .uakt)
      let me = chain.address(name)
      switch generator.next(below: 5) {
      case 0: chain.submit(.delegate(delegator: me, validator: validator, amount: coin), by: name)
      case 1: chain.submit(.undelegate(delegator: me, validator: validator, amount: coin), by: name)
      case 2: chain.submit(.withdrawReward(delegator: me, validator: validator), by: name)
      case 3:
        try? chain.perform { execution throws(Rejection) in
          try execution.slash(validator, partsPerMillion: 30_000, since: chain.moment.height, reason: "test")
        }
      default: chain.submit(.withdrawCommission(validator: me), by: name)
      }
      var owed = Decimal18.zero
      for person in people {
        for delegation in chain.query.delegations(of: chain.address(person)) {
          for reward in delegation.rewards { owed = try owed.adding(reward.amount) }
        }
      }
      for validator in validators {
        for reward in chain.query.commission(of: chain.address(validator)) {
          owed = try owed.adding(reward.amount)
        }
      }
      let held = Decimal18(chain.balance(.rewards))
      #expect(owed <= held, "\(owed) of \(held)")
      #expect(held.raw - owed.raw < Decimal18.one / 100, "too much was lost to rounding")
    }
  }
}
