import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Leases are priced by the billing clock, which does not count a halt; expiries, votes and unbonding go by
/// block time, which does.
@Suite struct BillingClockTests {
  /// A chain with the standard values, on which a lease of 5 uakt a tick of 6 s runs since tick 0.
  private func leased(
    _ parameters: [ParameterKey: UInt64] = [:],
    deposit: UInt64 = 5_000_000
  ) throws -> TestChain {
    var values: [ParameterKey: UInt64] = [.maximumBilledInterval: 12_000]
    values.merge(parameters) { $1 }
    let chain = try TestChain.market(parameters: values)
    let order = chain.order(deposit: Coin(deposit, .uakt))
    #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").codeText == "")
    return chain
  }

  private func earned(_ chain: TestChain) -> UInt64? {
    let lease = chain.query.lease(chain.lease(), at: chain.query.moment(at: 0, time: chain.moment.time).tick)
    return (try? lease?.earned.truncated())?.units
  }

  private func block(_ chain: TestChain, after milliseconds: UInt64) {
    chain.advance(milliseconds: milliseconds)
    chain.block()
  }

  @Test func `the standard value bills what comes within two of the longest block intervals`() {
    let parameters = Parameters()
    #expect(parameters[.maximumBilledInterval] == 2 * parameters[.maximumBlockInterval])
    #expect(parameters.billedIntervalLimit == 12_000)
  }

  @Test func `ordinary operation is billed by block time`() throws {
    let chain = try leased()
    for gap in [6_000, 1, 5_999, 12_000, 300, 11_700] as [UInt64] { block(chain, after: gap) }
    #expect(chain.query.clock.time == chain.query.clock.blockTime)
    #expect(chain.query.clock.time == chain.moment.time && chain.moment.tick == 6)
    #expect(earned(chain) == 30)
  }

  @Test func `a halt costs the limit, however long it lasts`() throws {
    for halt in [12_001, 20_000, 3_600_000, 86_400_000 * 300] as [UInt64] {
      let chain = try leased()
      block(chain, after: 6_000)
      block(chain, after: halt)
      // One tick before, two in place of the halt.
      #expect(chain.moment.tick == 3 && earned(chain) == 15, "\(halt)")
      block(chain, after: 6_000)
      #expect(chain.moment.tick == 4 && earned(chain) == 20, "\(halt)")
      #expect(chain.moment.time.milliseconds(since: chain.genesisTime) == 12_000 + halt)
    }
  }

  @Test func `a genesis in the past costs nobody the time before the first block`() throws {
    let chain = try TestChain.market(parameters: [.maximumBilledInterval: 12_000])
    #expect(chain.moment.tick < 10)
    let ticks = chain.moment.tick
    block(chain, after: 1_000_000_000)
    #expect(chain.moment.tick == ticks + 2)
  }

  @Test func `money lasts over a halt, and payouts come by the billing clock`() throws {
    let chain = try leased([.payoutInterval: 4])
    let before = chain.balance("provider")
    // The money pays 1,000,000 ticks: a year of silence does not end the lease.
    block(chain, after: 365 * 86_400_000)
    #expect(chain.query.lease(chain.lease(), at: chain.moment.tick)?.record.state == .active)
    #expect(chain.balance("provider") == before, "the payout is due after 4 ticks")
    block(chain, after: 12_000)
    #expect(chain.moment.tick == 4 && chain.balance("provider") == before + 20)
    let due = Executor.nextDueTick(on: chain.state)
    #expect(due == 8)
  }

  @Test func `expiries go by block time over a halt`() throws {
    let chain = try leased()
    let grant = Grant(
      granter: chain.address("grantor"),
      grantee: chain.address("tenant"),
      kind: .deposits,
      limit: Coin(1_000_000, .uakt),
      expiresAt: chain.moment.time.advanced(byMilliseconds: 60_000)
    )
    #expect(chain.submit(.grant(grant), by: "grantor").isSuccess)
    block(chain, after: 60_000)
    #expect(chain.query.grants(grantee: chain.address("tenant")).isEmpty)
    #expect(chain.moment.tick == 2)
  }

  @Test func `a changed limit holds from the next block on, and a longer block interval raises it`() throws {
    let chain = try leased()
    try chain.perform { execution throws(Rejection) in
      try execution.set(.maximumBilledInterval, to: 60_000, proposal: 1)
    }
    block(chain, after: 100_000)
    #expect(chain.moment.tick == 10)
    // A vote for long block intervals alone must not make leases cheaper.
    try chain.perform { execution throws(Rejection) in
      try execution.set(.maximumBilledInterval, to: 100, proposal: 2)
      try execution.set(.maximumBlockInterval, to: 30_000, proposal: 2)
    }
    block(chain, after: 30_000)
    #expect(chain.moment.tick == 15)
  }

  @Test func `the length of a tick changes at the billing clock's time`() throws {
    let chain = try leased()
    block(chain, after: 1_000_000)
    #expect(chain.moment.tick == 2)
    try chain.perform { execution throws(Rejection) in
      try execution.set(.tickMilliseconds, to: 1_000, proposal: 1)
    }
    block(chain, after: 999)
    #expect(chain.moment.tick == 2)
    block(chain, after: 1)
    #expect(chain.moment.tick == 3)
    block(chain, after: 40_000)
    #expect(chain.moment.tick == 15)
  }

  /// The naive model pays every lease millisecond by millisecond.
  private struct Naive {
    let limit: UInt64
    let tick: UInt64
    let price: UInt64
    var milliseconds: UInt64 = 0

    mutating func pass(_ gap: UInt64) { for _ in 0..<min(gap, limit) { milliseconds += 1 } }

    /// A tick is paid for when it is over.
    var earned: UInt64 { milliseconds / tick * price }
  }

  @Test(arguments: 1...8) func `random halts are billed as in the naive model`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let (limit, tick) = (6_000 + generator.next(below: 9_000), 700 + generator.next(below: 7_000))
    let chain = try TestChain.market(
      parameters: [
        .maximumBilledInterval: limit, .maximumBlockInterval: 6_000, .tickMilliseconds: tick,
        .payoutInterval: 1 + generator.next(below: 9),
      ]
    )
    let start = chain.query.clock
    var naive = Naive(limit: max(limit, 6_000), tick: tick, price: 5)
    let order = chain.order(deposit: Coin(5_000_000, .uakt))
    #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").codeText == "")
    #expect(chain.query.clock.time == start.time, "the fixture's blocks are at one time")
    for _ in 0..<120 {
      let gap =
        switch generator.next(below: 5) {
        case 0: limit + generator.next(below: 200_000)
        case 1: generator.next(below: 3)
        default: generator.next(below: 6_001)
        }
      naive.pass(gap)
      block(chain, after: gap)
      #expect(chain.moment.tick == naive.milliseconds / tick)
      #expect(earned(chain) == naive.earned)
    }
  }

  @Test func `the clock is in the state, and says what it said`() throws {
    let chain = try leased()
    block(chain, after: 77_777)
    let clock = chain.query.clock
    #expect(clock.blockTime == chain.moment.time)
    #expect(clock.time.milliseconds(since: chain.genesisTime) == 12_000)
    var writer = ByteWriter()
    clock.encode(into: &writer)
    var reader = ByteReader(writer.bytes)
    #expect(try BillingClock(from: &reader) == clock)
    // It never runs backwards, and a block that is not later leaves it.
    #expect(clock.advanced(to: chain.genesisTime, atMost: 1) == clock)
    #expect(
      clock.blockTime(at: clock.time.advanced(byMilliseconds: 5_000))
        == chain.moment.time.advanced(byMilliseconds: 5_000)
    )
    #expect(clock.blockTime(at: .zero) == chain.moment.time)
  }
}
