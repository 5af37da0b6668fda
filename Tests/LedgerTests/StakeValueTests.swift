import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// What shares are worth after slashes: nobody sees less than was staked, nothing is lost, nothing stays behind.
@Suite struct StakeValueTests {
  /// Validators a (30 AKT) and b (20 AKT), of which b was slashed by `parts` per million.
  private func slashed(_ parts: UInt64) throws -> TestChain {
    let people = ["a", "b", "alice", "bob", "carol"].map { ($0, [Coin(100_000_000, .uakt)]) }
    let chain = try TestChain(
      balances: Dictionary(uniqueKeysWithValues: people),
      validators: [("a", 30_000_000), ("b", 20_000_003)],
      parameters: [.unbondingTime: 100_000, .slashDowntime: parts]
    )
    try slash(chain, parts)
    return chain
  }

  private func slash(_ chain: TestChain, _ parts: UInt64) throws {
    let b = chain.address("b")
    try chain.perform { execution throws(Rejection) in
      try execution.slash(b, partsPerMillion: parts, since: chain.moment.height, reason: "test")
    }
  }

  private func stake(_ chain: TestChain, _ name: String) -> UInt64? {
    chain.query.delegations(of: chain.address(name)).first { $0.validator == chain.address("b") }?.stake.units
  }

  private func delegate(_ chain: TestChain, _ name: String, _ units: UInt64) -> String {
    chain.submit(
      .delegate(delegator: chain.address(name), validator: chain.address("b"), amount: Coin(units, .uakt)),
      by: name
    ).codeText
  }

  private func undelegate(_ chain: TestChain, _ name: String, _ units: UInt64) -> String {
    chain.submit(
      .undelegate(delegator: chain.address(name), validator: chain.address("b"), amount: Coin(units, .uakt)),
      by: name
    ).codeText
  }

  @Test(arguments: [100, 50_000, 333_333, 999_999] as [UInt64])
  func `what is delegated after a slash is shown whole and can be undelegated whole`(parts: UInt64) throws {
    let chain = try slashed(parts)
    for (name, units) in [("alice", 3_000_000), ("bob", 1), ("carol", 7_654_321)] as [(String, UInt64)] {
      #expect(delegate(chain, name, units) == "")
      #expect(stake(chain, name) == units)
    }
    // Others' coming and going changes nobody's stake.
    for (name, units) in [("bob", 1), ("alice", 3_000_000), ("carol", 7_654_321)] as [(String, UInt64)] {
      #expect(stake(chain, name) == units)
      #expect(undelegate(chain, name, units + 1) == "staking/22")
      #expect(undelegate(chain, name, units) == "")
      #expect(stake(chain, name) == nil, "the empty record goes")
    }
    let b = chain.query.validator(chain.address("b"))
    #expect(b?.tokens.units == stake(chain, "b"))
  }

  @Test(arguments: 1...6) func `values never exceed the stake, and parts add up`(seed: UInt64) throws {
    let chain = try slashed(123_457)
    var generator = SeededGenerator(seed: seed)
    let names = ["alice", "bob", "carol"]
    for _ in 0..<150 {
      let name = names[Int(generator.next(below: 3))]
      let held = stake(chain, name)
      switch generator.next(below: 4) {
      case 0, 1: #expect(delegate(chain, name, 1 + generator.next(below: 50_000)) == "")
      case 2:
        guard let held, held > 0 else { continue }
        let units = generator.next(below: 3) == 0 ? held : 1 + generator.next(below: held)
        #expect(undelegate(chain, name, units) == "")
        #expect(stake(chain, name) == (units == held ? nil : held - units))
        chain.advance(milliseconds: 100_000)
      default: try slash(chain, 1 + generator.next(below: 3))
      }
      let values = (names + ["b"]).compactMap { stake(chain, $0) }
      let tokens = chain.query.validator(chain.address("b"))?.tokens.units ?? 0
      #expect(values.reduce(0, +) <= tokens && tokens - values.reduce(0, +) < 4)
    }
  }

  @Test func `stake that would buy nothing is refused`() throws {
    let chain = try slashed(100)
    let b = chain.address("b")
    // A validator whose shares have become worth ten billion units each.
    try chain.perform { execution throws(Rejection) in
      var record = try execution.validator(b)
      record.shares = Decimal18(raw: UInt128(record.tokens.units) / 10)
      execution.store(record, of: b)
    }
    let before = chain.balance("alice")
    #expect(delegate(chain, "alice", 1) == "supercloud/61")
    #expect(chain.balance("alice") == before - 5_000)
    #expect(stake(chain, "alice") == nil)
  }

  @Test func `a delegation that a slash leaves worthless ends with its rewards`() throws {
    let chain = try slashed(100)
    #expect(delegate(chain, "bob", 1) == "")
    try slash(chain, 999_990)
    #expect(stake(chain, "bob") == 0)
    #expect(undelegate(chain, "bob", 1) == "staking/22")
    let withdraw = Action.withdrawReward(delegator: chain.address("bob"), validator: chain.address("b"))
    #expect(chain.submit(withdraw, by: "bob").codeText == "")
    #expect(stake(chain, "bob") == nil)
    #expect(chain.submit(withdraw, by: "bob").codeText == "staking/19")
  }

  @Test func `a fraction of a unit that a slash leaves goes with the last whole one`() throws {
    let chain = try slashed(333_333)
    #expect(delegate(chain, "alice", 3) == "")
    try slash(chain, 400_000)
    // 1.8 units are left.
    #expect(stake(chain, "alice") == 1)
    #expect(undelegate(chain, "alice", 1) == "")
    #expect(stake(chain, "alice") == nil)
  }
}
