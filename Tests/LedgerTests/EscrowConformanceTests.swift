import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct EscrowConformanceTests {
  private let take = TakeIndex(rate: 400, since: 0)

  /// An account with a grantor's money before the owner's; decimals below a unit are spent already.
  private func account(balance: String, funds: String, rates: [String]) throws -> EscrowAccount {
    var account = EscrowAccount(denomination: .uakt, at: 0, takeIndex: 0)
    for (index, text) in [funds, balance].enumerated() {
      let value = try #require(Decimal18(text))
      guard !value.isZero else { continue }
      let whole = value.fraction.isZero ? value : Decimal18(try value.truncated().units + 1)
      account.deposits.append(
        .init(
          depositor: Address([UInt8](repeating: UInt8(index), count: 20))!,
          isGranted: index == 0,
          amount: try whole.truncated()
        )
      )
      if account.deposits.count == 1 { account.spentOfFirstDeposit = try whole.subtracting(value) }
    }
    for (index, rate) in rates.enumerated() {
      account.payments.append(
        .init(
          group: UInt32(index),
          order: 1,
          provider: Address([UInt8](repeating: 9, count: 20))!,
          rate: try #require(Decimal18(rate)),
          nextPayout: .max
        )
      )
    }
    return account
  }

  @Test func `whole blocks are settled as the reference does`() throws {
    let file = try ConformanceFile("escrow_settle_full_blocks")
    var tally = ConformanceTally(file.name)
    for item in try file.list("cases") {
      let name = item.text("name")
      let expect = item.object("expect")
      var account = try account(
        balance: item.text("balance"),
        funds: item.text("funds"),
        rates: item.texts("rates")
      )
      let blocks = item.number("blocks")
      var whole = account
      let settlement = try whole.settle(to: blocks, take: take)
      let full = min(blocks, try account.affordableTicks() ?? blocks)
      _ = try account.settle(to: full, take: take)
      let left = try account.funds()
      if name.hasPrefix("round-up hazard") {
        tally.differ(
          name,
          because: "the quotient is exact: two blocks are paid, then the account is overdrawn",
          asHere: settlement == .overdrawn(lastFullTick: 2) && account.payments[0].earned == Decimal18(6)
        )
        continue
      }
      let total = Decimal18(expect.text("balance"))!.raw + Decimal18(expect.text("funds"))!.raw
      let agrees =
        account.payments.map(\.earned.fixedText) == expect.texts("payment_balances") && left.raw == total
        && account.transferred.fixedText == expect.text("account_transferred")
        && (settlement != .paid) == expect.flag("overdrawn")
        && (settlement == .paid || left.fixedText == expect.text("remaining"))
      tally.record(name, agrees: agrees, "\(account)")
    }
    tally.finish(expected: 17)
  }

  @Test func `what is left is shared by weight`() throws {
    let file = try ConformanceFile("escrow_settle_weighted")
    var tally = ConformanceTally(file.name)
    for item in try file.list("cases") {
      let name = item.text("name")
      let expect = item.object("expect")
      let rest = try #require(Decimal18(item.text("remaining")))
      let shares = try LargestRemainder.shares(
        of: rest.raw,
        weights: item.texts("rates").map { Decimal18($0)!.raw }
      )
      let isExact = shares.reduce(0, +) == rest.raw
      let texts = shares.map { Decimal18(raw: $0).fixedText }
      if expect.flag("reference_aborts") {
        tally.differ(
          name,
          because: "the reference aborts; shares by largest remainder sum exactly",
          asHere: isExact
        )
      } else if expect.text("remaining") != "0.000000000000000000" {
        tally.differ(
          name,
          because: "nothing stays as dust: the first of equals gets the last 10⁻¹⁸",
          asHere: isExact && texts.last == expect.texts("payment_balances").last
        )
      } else {
        tally.record(name, agrees: isExact && texts == expect.texts("payment_balances"), "\(texts)")
      }
    }
    tally.finish(expected: 9)
  }

  @Test func `the later algorithm is not followed where money runs out`() throws {
    let file = try ConformanceFile("escrow_settle_v2_1")
    var tally = ConformanceTally(file.name)
    for item in try file.list("cases") {
      let expect = item.object("expect")
      var account = try account(balance: item.text("deposit"), funds: "0", rates: item.texts("rates"))
      let settlement = try account.settle(to: item.number("blocks"), take: take)
      if item.text("name") == "per-settlement truncation of each payment" {
        tally.differ(
          item.text("name"),
          because: "earnings are exact, only payouts are whole units",
          asHere: settlement == .paid && account.payments.allSatisfy { $0.earned.raw % $0.rate.raw == 0 }
        )
      } else if expect.flag("overdrawn") {
        let isEmpty = try account.funds().isZero
        tally.differ(
          item.text("name"),
          because: "leases are served by weight, not in store order, and no debt is kept",
          asHere: settlement != .paid && isEmpty
        )
      } else {
        let funds = try account.funds().fixedText
        tally.record(
          item.text("name"),
          agrees: settlement == .paid
            && account.payments.map(\.earned.fixedText) == expect.texts("payment_balances")
            && funds == expect.text("funds")
        )
      }
    }
    tally.finish()
  }

  @Test func `take fees are the floor of the rate`() throws {
    let file = try ConformanceFile("take_fees")
    var tally = ConformanceTally(file.name)
    for item in try file.list("cases") {
      guard let amount = UInt64(item.text("amount")) else {
        tally.differ(
          "\(item.text("amount")) at \(item.number("rate_percent")) %",
          because: "no supply exceeds 64 bits, so this is not an amount",
          asHere: Coin(item.text("amount") + "uakt") == nil
        )
        continue
      }
      var payment = EscrowAccount.Payment(
        group: 1,
        order: 1,
        provider: .module("p"),
        rate: Decimal18(amount),
        nextPayout: .max
      )
      try payment.earn(
        Decimal18(amount),
        ofRate: Decimal18(amount),
        basisPoints: UInt128(item.number("rate_percent") * 100)
      )
      let payout = try payment.payOut(providerBalance: .zero)
      tally.record(
        "\(amount) at \(item.number("rate_percent")) %",
        agrees: payout.gross.units == amount && payout.fee.description == item.text("fee")
          && String(payout.gross.units - payout.fee.units) == item.text("earnings")
      )
    }
    try rateLookups(file, &tally)
    try rateValidations(file, &tally)
    tally.finish(expected: 95 + 3 + 8)
  }

  private func rateLookups(_ file: ConformanceFile, _ tally: inout ConformanceTally) throws {
    let chain = try TestChain(
      parameters: [.defaultTake: 2_000],
      adjust: { genesis in
        var other = TestChain.currencies[0]
        other.symbol = "OTHER"
        other.denomination = Denomination("uother")!
        other.takeBasisPoints = nil
        genesis.currencies.append(other)
      }
    )
    for item in file.root.object("rate_lookup").objects("cases") {
      let denomination = try #require(Denomination(item.text("denom")))
      let execution = Execution(on: chain.state, at: chain.moment)
      let rate = try #require(execution.findCurrency(denomination)).take.rate
      tally.record("lookup \(denomination)", agrees: UInt64(rate) == item.number("rate") * 100)
    }
  }

  private func rateValidations(_ file: ConformanceFile, _ tally: inout ConformanceTally) throws {
    let chain = try TestChain()
    for item in file.root.objects("param_validation") {
      let name = item.text("name")
      let rates = item.objects("denom_take_rates")
      var changes = [
        ParameterChange(
          key: "take.default_basis_points",
          value: String(item.number("default_take_rate") * 100)
        )
      ]
      for rate in rates {
        changes.append(
          ParameterChange(
            key: "currency.\(rate.text("denom")).take_basis_points",
            value: String(rate.number("rate") * 100)
          )
        )
      }
      var uakt: UInt32?
      let rejection = chain.rejection { execution throws(Rejection) in
        try execution.validate([.parameters(changes)])
        try execution.execute(.parameters(changes), proposal: 1)
        uakt = execution.findCurrency(.uakt)?.take.rate
      }
      if name == "uakt missing" || name == "empty list" {
        tally.differ(
          name,
          because: "rates belong to registry entries: what is not named stays as it is",
          asHere: uakt == 400 || rejection?.code == .init(.supercloud, 10)
        )
        continue
      }
      tally.record(name, agrees: (rejection == nil) == item.flag("valid"), "\(String(describing: rejection))")
    }
  }
}
