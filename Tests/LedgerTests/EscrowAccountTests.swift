import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct EscrowAccountTests {
  private let provider = Address.module("p")

  private func account(_ deposits: [UInt64], rates: [Decimal18]) -> EscrowAccount {
    var account = EscrowAccount(denomination: .uakt, at: 0, takeIndex: 0)
    account.deposits = deposits.map { .init(depositor: provider, isGranted: false, amount: Amount($0)) }
    account.payments = rates.enumerated().map { index, rate in
      .init(group: UInt32(index) + 1, order: 1, provider: provider, rate: rate, nextPayout: .max)
    }
    return account
  }

  @Test func `a deep settlement is the same as many shallow ones`() throws {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<300 {
      let rates = (0..<(1 + generator.next(below: 5))).map { _ in
        Decimal18(raw: UInt128(generator.next()) * UInt128(1 + generator.next(below: 50)))
      }
      let deep = account([generator.next(below: 3_000), generator.next(below: 3_000) + 1], rates: rates)
      let end = generator.next(below: 60) + 1
      var take = TakeIndex(rate: UInt32(generator.next(below: 10_001)), since: 0)
      var once = deep
      var often = deep
      let result = try once.settle(to: end, take: take)
      var last = EscrowAccount.Settlement.paid
      for tick in 1...end where last == .paid { last = try often.settle(to: tick, take: take) }
      #expect(result == last)
      often.settledAt = once.settledAt
      often.takeIndex = once.takeIndex
      #expect(once == often)
      #expect(try once.held() == deep.held())
      take.change(to: 5, at: end)
      #expect(take.value(at: end) == once.takeIndex)
    }
  }

  @Test func `extremes are exact or typed errors, never traps`() throws {
    let extremes: [UInt128] = [
      1, 3, Decimal18.one - 1, Decimal18.one, Decimal18(10_000_000_000).raw, .max / 2, .max - 1, .max,
    ]
    let ticks: [UInt64] = [1, 2, 1 << 32, .max - 1, .max]
    for first in extremes {
      for second in extremes {
        for deposit in [1, 1 << 40, UInt64.max] {
          for tick in ticks {
            var account = account([deposit], rates: [Decimal18(raw: first), Decimal18(raw: second)])
            let before = try account.held()
            do throws(ArithmeticError) {
              _ = try account.nextDue()
              _ = try account.settle(to: tick, take: TakeIndex(rate: 10_000, since: 0))
              for index in account.payments.indices {
                _ = try account.payments[index].payOut(providerBalance: .zero)
              }
              var paid = Decimal18.zero
              for payment in account.payments { paid = try paid.adding(Decimal18(payment.paid)) }
              #expect(try account.held().adding(paid) == before)
            } catch {
              #expect(error == .overflow)
            }
          }
        }
      }
    }
  }

  @Test func `what runs low is warned of twice`() throws {
    let chain = try TestChain.market(parameters: [.payoutInterval: 1_000_000])
    let order = chain.order(groups: [Fixture.group(price: "5000")])
    #expect(chain.submit(.agreeLease(chain.agreement(order, price: "5000")), by: "tenant").isSuccess)
    #expect(Executor.nextDueTick(on: chain.state) == 800)
    chain.advance(ticks: 799)
    #expect(chain.block().events.isEmpty)
    chain.advance(ticks: 1)
    #expect(
      chain.block().events == [
        .fundsLow(deployment: chain.deployment(), percent: 20, lastAffordableTick: 1_000)
      ]
    )
    #expect(Executor.nextDueTick(on: chain.state) == 950)
    // A top-up begins a new runway.
    let more = Action.depositDeployment(
      chain.deployment(),
      amount: Coin(4_000_000, .uakt),
      depositor: chain.address("tenant")
    )
    chain.submit(more, by: "tenant")
    #expect(Executor.nextDueTick(on: chain.state) == 1_600)
    chain.advance(ticks: 1_000)
    #expect(
      chain.block().events == [
        .fundsLow(deployment: chain.deployment(), percent: 20, lastAffordableTick: 1_800),
        .fundsLow(deployment: chain.deployment(), percent: 5, lastAffordableTick: 1_800),
      ]
    )
    chain.advance(ticks: 1)
    let names = chain.block().events.map(\.name)
    #expect(names == ["escrow_overdrawn", "paid_out", "lease_closed", "lease_deposit_released"])
    #expect(Executor.nextDueTick(on: chain.state) == nil)
  }

  @Test func `payouts come by themselves`() throws {
    let chain = try TestChain.market(parameters: [.payoutInterval: 10])
    chain.submit(.agreeLease(chain.agreement(chain.order(), price: "2.5")), by: "tenant")
    chain.advance(ticks: 9)
    #expect(chain.block().changes.map(\.key) == [[Tables.clock.prefix]], "only the clock advances")
    chain.advance(ticks: 1)
    #expect(
      chain.block().events == [.paidOut(lease: chain.lease(), gross: Coin(25, .uakt), fee: Coin(1, .uakt))]
    )
    chain.advance(ticks: 25)
    #expect(chain.block().events.map(\.name) == ["paid_out", "paid_out"])
    #expect(
      chain.query.lease(chain.lease(), at: chain.moment.tick).map { ($0.paid, $0.earned) }! == (
        Amount(75), Decimal18("87.5")!
      )
    )
    #expect(chain.query.takeIncome(in: .uakt).map(\.coin.amount) == [Amount(3)])
  }

  @Test func `the stakers' share of the take reaches them`() throws {
    let chain = try TestChain.market(parameters: [.payoutInterval: 10, .takeShareToStakers: 2_500])
    let order = chain.order(groups: [Fixture.group(price: "1000")])
    chain.submit(.agreeLease(chain.agreement(order, price: "1000")), by: "tenant")
    let before = chain.balance(.rewards)
    chain.advance(ticks: 10)
    chain.block()
    #expect(chain.balance(.communityPool) == 300 && chain.balance(.rewards) == before + 100)
  }

  @Test func `an idle block costs the same with many leases`() throws {
    let chain = try TestChain.market()
    for sequence in 1...40 as ClosedRange<UInt64> {
      chain.submit(.agreeLease(chain.agreement(chain.order("tenant", sequence))), by: "tenant")
    }
    chain.advance(ticks: 1)
    let reads = CountingState(chain.state)
    let moment = Moment(height: 99, time: chain.moment.time, tick: chain.moment.tick)
    let outcome = Executor.execute(
      BlockInput(moment: moment),
      transactions: [],
      on: reads
    )
    #expect(outcome.changes.map(\.key) == [[Tables.clock.prefix]], "only the clock advances")
    #expect(reads.count < 12, "\(reads.count)")
  }

  @Test func `what is due is read page by page, not from the beginning for each account`() throws {
    let chain = try TestChain.market(parameters: [.payoutInterval: 10])
    for sequence in 1...60 as ClosedRange<UInt64> {
      chain.submit(.agreeLease(chain.agreement(chain.order("tenant", sequence))), by: "tenant")
    }
    chain.advance(ticks: 10)
    let reads = CountingState(chain.state)
    let moment = Moment(height: 99, time: chain.moment.time, tick: chain.moment.tick)
    let outcome = Executor.execute(
      BlockInput(moment: moment),
      transactions: [],
      on: reads
    )
    #expect(outcome.events.count { $0.name == "paid_out" } == 60)
    #expect(reads.scans < 12, "\(reads.scans)")
    // The index is read from that tick on, and what falls due later is found.
    chain.block()
    #expect(Executor.nextDueTick(on: chain.state) == chain.moment.tick + 10)
    chain.advance(ticks: 10)
    #expect(chain.block().events.count { $0.name == "paid_out" } == 60)
  }

  @Test func `accounts survive their encoding`() throws {
    var account = account([5, 7], rates: [Decimal18("0.5")!, Decimal18(3)])
    _ = try account.settle(to: 2, take: TakeIndex(rate: 123, since: 0))
    account.indexedAt = 9
    account.endedAt = 4
    var writer = ByteWriter()
    account.encode(into: &writer)
    var reader = ByteReader(writer.bytes)
    #expect(try EscrowAccount(from: &reader) == account)
    for count in writer.bytes.indices {
      #expect(throws: DecodingError.self) {
        var reader = ByteReader(Array(writer.bytes[..<count]))
        _ = try EscrowAccount(from: &reader)
      }
    }
  }
}

/// Counts what is read.
private final class CountingState: StateReading {
  private let base: MemoryState
  private(set) var count = 0
  /// Ranges that were looked through.
  private(set) var scans = 0

  init(_ base: MemoryState) { self.base = base }

  func value(for key: [UInt8]) -> [UInt8]? {
    count += 1
    return base.value(for: key)
  }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    scans += 1
    count += 1
    return base.entries(from: from, to: to, limit: limit)
  }
}
