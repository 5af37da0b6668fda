import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Denominations: what is accepted where, who makes units, and what becomes of a retired one.
@Suite struct CurrencyTests {
  private static let issued = Denomination("ueurc")!

  /// A market with a currency that somebody issues.
  private func market(cap: UInt64 = 1_000_000_000) throws -> TestChain {
    let issuer = try TestChain().address("auditor")
    return try TestChain.market { genesis in
      genesis.currencies.append(
        Currency(
          denomination: Self.issued,
          symbol: "EURC",
          exponent: 6,
          issuer: issuer,
          mintCap: Amount(cap),
          minimumDeposit: Amount(2_000_000),
          leaseDeposit: Amount(300_000),
          minimumFee: Amount(7_000),
          takeBasisPoints: nil
        )
      )
    }
  }

  private func mint(_ amount: UInt64, to name: String, _ chain: TestChain) -> Action {
    .mint(
      Mint(
        issuer: chain.address("auditor"),
        recipient: chain.address(name),
        amount: Coin(amount, Self.issued)
      )
    )
  }

  @Test func `an issuer mints up to the cap, and what it burns frees it`() throws {
    let chain = try market(cap: 100)
    #expect(chain.submit(mint(101, to: "tenant", chain), by: "auditor").codeText == "supercloud/12")
    #expect(chain.submit(mint(60, to: "tenant", chain), by: "auditor").isSuccess)
    #expect(chain.submit(mint(41, to: "tenant", chain), by: "auditor").codeText == "supercloud/12")
    #expect(chain.submit(mint(40, to: "auditor", chain), by: "auditor").isSuccess)
    #expect(chain.query.supply(of: Self.issued) == Amount(100))
    func burn(_ amount: UInt64, by name: String) -> String {
      let action = Action.burn(Burn(issuer: chain.address(name), amount: Coin(amount, Self.issued)))
      return chain.submit(action, by: name).codeText
    }
    // It burns what it holds itself; nobody else burns at all.
    #expect(burn(41, by: "auditor") == "sdk/5")
    #expect(burn(1, by: "tenant") == "sdk/4")
    #expect(burn(30, by: "auditor") == "")
    #expect(chain.query.supply(of: Self.issued) == Amount(70))
    #expect(chain.submit(mint(31, to: "tenant", chain), by: "auditor").codeText == "supercloud/12")
    #expect(chain.submit(mint(30, to: "tenant", chain), by: "auditor").isSuccess)
    #expect(chain.query.currency(Self.issued)?.minted == Amount(100))
    // Nobody issues AKT.
    let akt = Mint(
      issuer: chain.address("auditor"),
      recipient: chain.address("tenant"),
      amount: Coin(1, .uakt)
    )
    #expect(chain.submit(.mint(akt), by: "auditor").codeText == "sdk/4")
  }

  @Test func `deposits, lease deposits and fees have each currency's own minimum`() throws {
    let chain = try market()
    for name in ["tenant", "provider"] {
      #expect(chain.submit(mint(50_000_000, to: name, chain), by: "auditor").isSuccess)
    }
    func agree(_ sequence: UInt64, deposit: UInt64, fee: UInt64) -> Receipt {
      let group = Fixture.group(denomination: Self.issued)
      let order = chain.order("tenant", sequence, groups: [group], deposit: Coin(deposit, Self.issued))
      let fee = Fee(amount: Coin(fee, Self.issued))
      return chain.submit(.agreeLease(chain.agreement(order)), by: "tenant", fee: fee)
    }
    #expect(agree(1, deposit: 2_000_000, fee: 6_999).codeText == "sdk/13")
    #expect(agree(1, deposit: 1_999_999, fee: 7_000).codeText == "deployment/20")
    #expect(agree(1, deposit: 2_000_000, fee: 7_000).codeText == "")
    #expect(chain.balance(.leaseDeposits, Self.issued) == 300_000)
    #expect(chain.balance("provider", Self.issued) == 50_000_000 - 300_000)
    // A currency without its own rate takes the default.
    chain.advance(ticks: 1_000)
    chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    #expect(chain.balance(.communityPool, Self.issued) == 1_000)
    #expect(chain.balance("provider", Self.issued) == 50_000_000 + 4_000)
  }

  @Test func `who has only USDC needs nothing else`() throws {
    let chain = try TestChain(balances: [
      "tenant": [Coin(50_000_000, .uusdc)], "provider": [Coin(50_000_000, .uusdc)],
    ])
    let fee = Fee(amount: Coin(5_000, TestChain.ibc))
    let registered = chain.submit(
      .registerProvider(chain.providerRecord("provider")),
      by: "provider",
      fee: fee
    )
    #expect(registered.codeText == "" && registered.fee == Coin(5_000, .uusdc))
    let group = Fixture.group(denomination: .uusdc)
    let order = chain.order(groups: [group], deposit: Coin(5_000_000, .uusdc))
    #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant", fee: fee).codeText == "")
    #expect(chain.submit(.closeDeployment(order.deployment), by: "tenant", fee: fee).codeText == "")
    #expect(chain.query.balances(of: chain.address("tenant")).map(\.denomination) == [.uusdc])
    // Nothing, or something that nobody has registered, is no fee.
    let send = Action.send(
      Send(from: chain.address("tenant"), to: chain.address("provider"), amount: [Coin(1, .uusdc)])
    )
    #expect(chain.submit(send, by: "tenant", fee: Fee(amount: nil)).codeText == "sdk/13")
    let odd = Fee(amount: Coin(5_000, Denomination("uatom")!))
    #expect(chain.submit(send, by: "tenant", fee: odd).codeText == "supercloud/10")
  }

  @Test func `a retired currency is refused anew, and what runs in it is paid to its end`() throws {
    let chain = try market()
    for name in ["tenant", "provider"] { chain.submit(mint(50_000_000, to: name, chain), by: "auditor") }
    func order(_ sequence: UInt64) -> Order {
      let group = Fixture.group(denomination: Self.issued)
      return chain.order("tenant", sequence, groups: [group], deposit: Coin(2_000_000, Self.issued))
    }
    #expect(chain.submit(.agreeLease(chain.agreement(order(1))), by: "tenant").codeText == "")
    try chain.perform { execution throws(Rejection) in
      try execution.execute(.retireCurrency(Self.issued), proposal: 1)
    }
    #expect(chain.query.currency(Self.issued)?.currency.isRetired == true)
    #expect(chain.submit(.agreeLease(chain.agreement(order(2))), by: "tenant").codeText == "supercloud/11")
    let send = Action.send(
      Send(from: chain.address("tenant"), to: chain.address("other"), amount: [Coin(5, Self.issued)])
    )
    let fee = Fee(amount: Coin(7_000, Self.issued))
    #expect(chain.submit(send, by: "tenant", fee: fee).codeText == "supercloud/11")
    // The money is still money.
    #expect(chain.submit(send, by: "tenant").isSuccess)
    let top = Action.depositDeployment(
      chain.deployment(),
      amount: Coin(100, Self.issued),
      depositor: chain.address("other")
    )
    #expect(chain.submit(top, by: "other").codeText == "sdk/5")
    chain.advance(ticks: 1_000)
    #expect(chain.submit(.closeLease(chain.lease()), by: "tenant").isSuccess)
    #expect(
      chain.submit(
        .agreeLease(
          chain.agreement(
            chain.order(
              groups: [Fixture.group(denomination: Self.issued)],
              deposit: Coin(0, Self.issued),
              existing: [1]
            )
          )
        ),
        by: "tenant"
      ).codeText == ""
    )
    chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    #expect(chain.balance("tenant", Self.issued) == 50_000_000 - 5 - 5_000)
    #expect(chain.balance("provider", Self.issued) == 50_000_000 + 4_000)
    // Twice is a mistake; AKT cannot be.
    let again = chain.rejection { execution throws(Rejection) in
      try execution.execute(.retireCurrency(Self.issued), proposal: 2)
    }
    #expect(again?.code == .init(.supercloud, 11))
  }

  @Test func `names of a currency are taken once, whichever is used`() throws {
    let chain = try market()
    func add(_ name: String, aliases: [Denomination] = []) -> Rejection? {
      chain.rejection { execution throws(Rejection) in
        let currency = Currency(
          denomination: Denomination(name)!,
          symbol: "X",
          exponent: 6,
          aliases: aliases,
          minimumDeposit: .zero,
          leaseDeposit: .zero,
          minimumFee: .zero,
          takeBasisPoints: nil
        )
        try execution.execute(.addCurrency(currency), proposal: 1)
      }
    }
    #expect(add("unew") == nil)
    #expect(add("uusdc")?.code == .init(.gov, 5))
    #expect(add(TestChain.ibc.name)?.code == .init(.gov, 5))
    #expect(add("unew", aliases: [TestChain.ibc])?.code == .init(.gov, 5))
    #expect(add("unew", aliases: [.uakt])?.code == .init(.gov, 5))
    #expect(add("unew", aliases: [Denomination("unew")!])?.code == .init(.gov, 5))
  }

  @Test(
    arguments: [
      ("ueth", "ETH", 18, true), ("point", "PT", 0, true), ("point", "POINT", 0, true),
      ("ueth", "", 6, false), ("ueth", "USDC", 6, false), ("ueth", "usdc", 6, false),
      ("ueth", "AKT", 6, false),
      ("ueth", "uakt", 6, false), ("ueth", "UUSDC", 6, false), ("ueth", TestChain.ibc.name, 6, false),
      ("AKT", "NEW", 6, false), ("usdc", "NEW", 6, false), ("point", "POINT", 6, false),
      ("ueth", "E TH", 6, false), ("ueth", "1INCH", 6, false), ("ueth", "USDС", 6, false),
      ("ueth", "€", 6, false),
      ("ueth", String(repeating: "E", count: 33), 6, false), ("ueth", "ETH", 19, false),
    ] as [(String, String, UInt8, Bool)]
  )
  func `a symbol is legal, and no other currency's name, by vote and at genesis`(
    name: String,
    symbol: String,
    exponent: UInt8,
    isLegal: Bool
  ) throws {
    let currency = Currency(
      denomination: Denomination(name)!,
      symbol: symbol,
      exponent: exponent,
      minimumDeposit: .zero,
      leaseDeposit: .zero,
      minimumFee: .zero,
      takeBasisPoints: nil
    )
    let chain = try market()
    let rejection = chain.rejection { execution throws(Rejection) in
      try execution.execute(.addCurrency(currency), proposal: 1)
    }
    #expect((rejection == nil) == isLegal && (isLegal || rejection?.code == .init(.gov, 5)), "\(symbol)")
    for position in [0, 2] {
      let chain = try? TestChain(adjust: { $0.currencies.insert(currency, at: position) })
      #expect((chain != nil) == isLegal, "\(symbol) at \(position)")
    }
  }

  @Test func `income is kept by day and currency`() throws {
    let chain = try TestChain.market(parameters: [.payoutInterval: 10])
    for (sequence, denomination) in [(1, Denomination.uakt), (2, .uusdc)] as [(UInt64, Denomination)] {
      let group = Fixture.group(price: "1000", denomination: denomination)
      let order = chain.order("tenant", sequence, groups: [group], deposit: Coin(50_000_000, denomination))
      #expect(chain.submit(.agreeLease(chain.agreement(order, price: "1000")), by: "tenant").codeText == "")
    }
    let first = chain.moment.time.day
    chain.advance(ticks: 10)
    chain.block()
    // A day is 14,400 ticks of 6 s.
    chain.advance(ticks: 14_400)
    chain.block()
    let all = chain.query.takeIncome()
    #expect(all.map(\.day) == [first, first, first + 1, first + 1])
    #expect(
      all.map(\.coin) == [
        Coin(400, .uakt), Coin(2_000, .uusdc), Coin(576_000, .uakt), Coin(2_880_000, .uusdc),
      ]
    )
    #expect(chain.query.takeIncome(in: .uusdc, days: first...first).map(\.coin) == [Coin(2_000, .uusdc)])
    #expect(chain.query.takeIncome(days: (first + 1)...(first + 1)).count == 2)
    let collected = chain.query.currencies.map(\.takeCollected)
    #expect(collected == [Amount(576_400), Amount(2_882_000)])
  }
}
