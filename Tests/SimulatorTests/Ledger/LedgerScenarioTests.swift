import Chain
import Foundation
import Ledger
import Primitives
import Testing

@testable import Simulator

@Suite struct LedgerScenarioTests {
  private static let prices = [
    "1", "2.5", "7", "0.333333333333333333", "13.000000000000000001", "0.7", "1.25", "3.141592653589793238",
    "10",
    "0.000000000000000007", "99.9",
  ]
  private static let rates: [UInt64] = [0, 1, 400, 1_000, 2_000, 3_333, 9_999, 10_000]

  static func random(_ seed: UInt64) -> LedgerScenario {
    var generator = SeededGenerator(seed: seed)
    func below(_ bound: UInt64) -> UInt64 { generator.next(below: bound) }
    func pick<Element>(_ list: [Element]) -> Element { list[Int(below(UInt64(list.count)))] }
    let denominations: [Denomination] = [.uakt, .uusdc]
    let people = ["alice", "bob", "carol"]
    let providers = ["p1", "p2", "p3", "alice"]
    let names = ["d1", "d2", "d3"]
    var steps: [LedgerScenario.Step] = []
    var tick: Tick = 0
    for _ in 0..<(3 + below(25)) {
      if below(3) > 0 { tick += below(12) }
      let action: LedgerScenario.Action
      switch below(11) {
      case 0...3:
        let denomination = pick(denominations)
        let leases = (0..<(1 + below(4))).map { _ in
          LedgerScenario.Lease(
            provider: pick(providers),
            price: DecimalCoin(Decimal18(pick(prices))!, below(20) == 0 ? .uakt : denomination)
          )
        }
        action = .open(
          deployment: pick(names),
          tenant: pick(people),
          deposit: Coin(below(400), denomination),
          leases: leases
        )
      case 4, 5:
        action = .deposit(
          deployment: pick(names),
          from: pick(people),
          amount: Coin(below(150), pick(denominations))
        )
      case 6, 7: action = .setTake(pick(denominations), basisPoints: below(30) == 0 ? 10_001 : pick(rates))
      case 8: action = .withdraw(deployment: pick(names), provider: pick(providers))
      case 9:
        action = .closeLease(
          deployment: pick(names),
          provider: pick(providers),
          by: below(2) == 0 ? .tenant : .provider,
          reason: nil
        )
      default: action = .closeDeployment(pick(names))
      }
      steps.append(.init(tick: tick, action: action))
    }
    return LedgerScenario(
      takeRates: [.uakt: pick(rates), .uusdc: pick(rates)],
      payoutInterval: 1 + below(20),
      accounts: Dictionary(uniqueKeysWithValues: people.map { ($0, [Coin(600, .uakt), Coin(600, .uusdc)]) }),
      steps: steps,
      untilTick: tick + below(80)
    )
  }

  /// `LEDGER_SCENARIOS` of them, from `LEDGER_SEED` on.
  @Test func `lazy settlement equals the naive ledger at every end`() throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["LEDGER_SCENARIOS"].flatMap { UInt64($0) } ?? 300
    let first = environment["LEDGER_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 40)
    print("lazy settlement against the naive ledger: \(count) scenarios from LEDGER_SEED=\(first)")
    var overdrawn = 0
    for seed in first..<(first + count) {
      let scenario = Self.random(seed)
      let result = try scenario.run()
      var naive = NaiveLedger(scenario)
      naive.run()
      let expected = naive.lines(names: result.balances.map(\.name))
      try #require(result.lines == expected, "LEDGER_SEED=\(seed) LEDGER_SCENARIOS=1")
      try #require(result.isSupplyConserved, "LEDGER_SEED=\(seed) LEDGER_SCENARIOS=1")
      overdrawn += result.escrow.count { $0.state == .overdrawn }
    }
    // The scenarios are about something.
    #expect(count < 100 || overdrawn > Int(count) / 10)
  }

  @Test func `a tenancy is played to its end`() throws {
    let price = DecimalCoin(Decimal18("2.5")!, .uakt)
    let scenario = LedgerScenario(
      takeRates: [.uakt: 400, .uusdc: 2_000],
      payoutInterval: 600,
      accounts: ["alice": [Coin(1_000_000, .uakt)]],
      steps: [
        .init(
          tick: 0,
          action: .open(
            deployment: "d1",
            tenant: "alice",
            deposit: Coin(1_000, .uakt),
            leases: [.init(provider: "p1", price: price)]
          )
        ),
        .init(tick: 5, action: .deposit(deployment: "d1", from: "bob", amount: Coin(100, .uakt))),
        .init(tick: 9, action: .setTake(.uakt, basisPoints: 1_000)),
        .init(tick: 10, action: .withdraw(deployment: "d1", provider: "p1")),
        .init(tick: 11, action: .closeLease(deployment: "d1", provider: "p1", by: .tenant, reason: nil)),
        .init(tick: 20, action: .closeDeployment("d1")),
      ],
      untilTick: 100
    )
    let result = try scenario.run()
    // 27.5 earned; 2.5 × (9 × 4 % + 2 × 10 %) = 1.4 is the take; the half unit goes to the pool with the rest's half.
    #expect(
      result.lines == [
        "balance alice 999972uakt", "balance bob ", "balance p1 26uakt", "pool 2uakt",
        "escrow d1 closed 0 20", "lease d1 p1 closed 11 owner 27.5 27 1", "refused [1]",
      ]
    )
    #expect(result.refused[0].code == .init(.sdk, 5))
    #expect(result.isSupplyConserved)
  }

  @Test func `the last part of a tick is shared, and the account is overdrawn`() throws {
    let leases = [("pb", "1"), ("pa", "1"), ("pc", "1")].map {
      LedgerScenario.Lease(provider: $0.0, price: DecimalCoin(Decimal18($0.1)!, .uakt))
    }
    let scenario = LedgerScenario(
      takeRates: [.uakt: 0],
      payoutInterval: 600,
      accounts: ["alice": [Coin(11, .uakt)]],
      steps: [
        .init(
          tick: 2,
          action: .open(deployment: "d", tenant: "alice", deposit: Coin(11, .uakt), leases: leases)
        )
      ],
      untilTick: 50
    )
    let result = try scenario.run()
    #expect(result.escrow == [.init(deployment: "d", state: .overdrawn, funds: .zero, closedAtTick: 5)])
    // Equal remainders: the first two by name get a 10⁻¹⁸ more.
    #expect(
      result.leases.map { "\($0.provider) \($0.earned) \($0.paid) \($0.closedAtTick ?? 0)" } == [
        "pb 3.666666666666666667 3 5", "pa 3.666666666666666667 3 5", "pc 3.666666666666666666 3 5",
      ]
    )
  }

  /// A unit of take can be due when no unit is paid: what was paid before was paid at a lower rate.
  @Test(arguments: [false, true])
  func `the take is the floor of what is due at every payout`(isSpent: Bool) throws {
    func lease(_ provider: String, _ price: String) -> LedgerScenario.Lease {
      .init(provider: provider, price: DecimalCoin(Decimal18(price)!, .uakt))
    }
    var steps: [LedgerScenario.Step] = [
      .init(
        tick: 0,
        action: .open(deployment: "d", tenant: "t", deposit: Coin(50, .uakt), leases: [lease("p", "0.4")])
      ), .init(tick: 1, action: .setTake(.uakt, basisPoints: 10_000)),
      .init(tick: 3, action: .withdraw(deployment: "d", provider: "p")),
    ]
    if isSpent {
      let spend = LedgerScenario.Action.open(
        deployment: "e",
        tenant: "p",
        deposit: Coin(1, .uakt),
        leases: [lease("q", "1")]
      )
      steps.append(.init(tick: 3, action: spend))
    }
    steps.append(.init(tick: 4, action: .withdraw(deployment: "d", provider: "p")))
    var scenario = LedgerScenario(
      takeRates: [.uakt: 0],
      payoutInterval: 600,
      accounts: ["t": [Coin(50, .uakt)]],
      steps: steps,
      untilTick: 4
    )
    // 1.6 are earned, 1.2 of them are due; 1 is paid. Who has spent it owes it until the next payout.
    let lines = try scenario.run().lines
    #expect(lines.contains("lease d p active - - 1.6 1 \(isSpent ? 0 : 1)"), "\(lines)")
    #expect(lines.contains("balance p "))
    scenario.untilTick = 5
    scenario.steps.append(.init(tick: 5, action: .withdraw(deployment: "d", provider: "p")))
    #expect(try scenario.run().lines.contains("lease d p active - - 2 2 1"))
    var naive = NaiveLedger(scenario)
    naive.run()
    let result = try scenario.run()
    #expect(result.lines == naive.lines(names: result.balances.map(\.name)) && result.isSupplyConserved)
  }

  @Test func `an impossible beginning is a fault`() {
    func fault(_ change: (inout LedgerScenario) -> Void) -> LedgerScenario.Fault? {
      var scenario = LedgerScenario(takeRates: [:], payoutInterval: 1, accounts: [:], steps: [], untilTick: 0)
      change(&scenario)
      do throws(LedgerScenario.Fault) {
        _ = try scenario.run()
        return nil
      } catch {
        return error
      }
    }
    #expect(fault { _ in } == nil)
    #expect(fault { $0.payoutInterval = 0 } == .payoutInterval(0))
    #expect(fault { $0.takeRates[.uakt] = 10_001 } == .takeRate(.uakt))
    let most = Coin(.max, .uakt)
    #expect(fault { $0.accounts = ["a": [most], "b": [Coin(1, .uakt)]] } == .supply)
  }
}
