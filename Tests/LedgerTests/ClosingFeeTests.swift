import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// A close can always be paid: what the owner lacks for its fee comes from the escrow.
@Suite struct ClosingFeeTests {
  /// A chain on which the tenant has a lease of 5 a tick and `left` units on its account.
  private func leased(
    left: UInt64,
    deposit: UInt64 = 5_000_000,
    denomination: Denomination = .uakt,
    _ parameters: [ParameterKey: UInt64] = [:]
  ) throws -> TestChain {
    let chain = try TestChain.market(parameters: parameters)
    let group = Fixture.group(denomination: denomination)
    let order = chain.order(groups: [group], deposit: Coin(deposit, denomination))
    #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").codeText == "")
    empty(chain, .uakt, to: denomination == .uakt ? left : 0)
    empty(chain, .uusdc, to: denomination == .uusdc ? left : 0)
    return chain
  }

  /// Sends away all of the tenant's money of a currency but `left`.
  private func empty(_ chain: TestChain, _ denomination: Denomination, to left: UInt64) {
    let coin = Coin(chain.balance("tenant", denomination) - left - 5_000, denomination)
    let send = Send(from: chain.address("tenant"), to: chain.address("other"), amount: [coin])
    let fee = Fee(amount: Coin(5_000, denomination))
    #expect(chain.submit(.send(send), by: "tenant", fee: fee).codeText == "")
  }

  private func close(_ chain: TestChain, _ action: Action, fee: Fee = Fee(amount: Coin(5_000, .uakt)))
    -> Receipt
  {
    let before = chain.state
    let transaction = chain.transaction([action], by: "tenant", fee: fee)
    let verdict = TransactionCheck(on: chain.state, at: chain.moment).rejection(of: transaction)
    let outcome = chain.block([transaction])
    MoneyInEvents.expectToExplain(outcome, of: [transaction], from: before, to: chain.state)
    #expect((verdict == nil) == outcome.receipts[0].isSuccess, "the mempool sees it as the block does")
    return outcome.receipts[0]
  }

  @Test(arguments: [0, 1, 4_999] as [UInt64])
  func `what the balance lacks comes from the escrow, to the unit`(left: UInt64) throws {
    let chain = try leased(left: left)
    chain.advance(ticks: 10)
    let supply = chain.query.supply(of: .uakt)
    let receipt = close(chain, .closeDeployment(chain.deployment()))
    #expect(receipt.isSuccess && receipt.fee == Coin(5_000, .uakt))
    let drawn = Coin(5_000 - left, .uakt)
    #expect(receipt.events.contains(.closingFeeDrawn(deployment: chain.deployment(), coin: drawn)))
    // 50 were earned; the rest of the deposit returns.
    #expect(chain.balance("tenant") == 5_000_000 - 50 - (5_000 - left))
    #expect(chain.balance(.escrow) == 0 && chain.query.supply(of: .uakt) == supply)
  }

  @Test func `who can pay pays from the balance`() throws {
    let chain = try leased(left: 5_000)
    let receipt = close(chain, .closeDeployment(chain.deployment()))
    #expect(receipt.isSuccess && !receipt.events.map(\.name).contains("closing_fee_drawn"))
    #expect(chain.balance("tenant") == 5_000_000)
  }

  @Test func `a lease is closed so too, and its deployment goes on`() throws {
    let chain = try leased(left: 0)
    chain.advance(ticks: 10)
    let receipt = close(chain, .closeLease(chain.lease()))
    #expect(receipt.codeText == "" && receipt.fee == Coin(5_000, .uakt))
    let escrow = chain.query.escrow(of: chain.deployment(), at: chain.moment.tick)
    #expect(escrow?.funds == Decimal18(5_000_000 - 50 - 5_000))
    #expect(close(chain, .closeDeployment(chain.deployment())).codeText == "")
    #expect(chain.balance("tenant") == 5_000_000 - 50 - 10_000)
  }

  @Test func `the fee is in the escrow's currency, also when that was retired`() throws {
    let chain = try leased(left: 0, denomination: .uusdc)
    #expect(close(chain, .closeDeployment(chain.deployment())).codeText == "sdk/5")
    try chain.perform { execution throws(Rejection) in
      try execution.execute(.retireCurrency(.uusdc), proposal: 1)
    }
    let fee = Fee(amount: Coin(5_000, .uusdc))
    #expect(close(chain, .closeDeployment(chain.deployment()), fee: fee).codeText == "")
    #expect(chain.balance("tenant", .uusdc) == 5_000_000 - 5_000)
  }

  @Test func `an escrow with less than the fee gives what it has, and one with nothing nothing`() throws {
    for (ticks, paid) in [(999_400, 3_000), (1_000_001, 0)] as [(UInt64, UInt64)] {
      let chain = try leased(left: 0)
      chain.advance(ticks: ticks)
      let receipt = close(chain, .closeDeployment(chain.deployment()))
      #expect(receipt.codeText == "" && receipt.fee == (paid == 0 ? nil : Coin(paid, .uakt)))
      #expect(chain.query.deployment(chain.deployment())?.record.state == .closed)
      // Once: nothing is left to close.
      #expect(close(chain, .closeDeployment(chain.deployment())).fee == nil)
    }
  }

  @Test func `a close that fails takes nothing from the escrow`() throws {
    let chain = try leased(left: 0)
    let sequence = chain.query.sequence(of: chain.address("tenant"))
    for lease in [chain.lease(order: 7), chain.lease(group: 2)] {
      let receipt = close(chain, .closeLease(lease))
      #expect(!receipt.isSuccess && receipt.fee == nil && receipt.events.isEmpty)
    }
    #expect(chain.query.escrow(of: chain.deployment(), at: chain.moment.tick)?.funds == Decimal18(5_000_000))
    #expect(chain.query.sequence(of: chain.address("tenant")) == sequence)
  }

  @Test func `nothing else is paid from the escrow, and not more than the least fee`() throws {
    let chain = try leased(left: 0)
    let id = chain.deployment()
    func code(_ actions: [Action], by name: String = "tenant", fee: Fee = Fee(amount: Coin(5_000, .uakt)))
      -> String
    {
      chain.block([chain.transaction(actions, by: name, fee: fee)]).receipts[0].codeText
    }
    #expect(code([.closeDeployment(id)], fee: Fee(amount: Coin(5_001, .uakt))) == "sdk/5")
    #expect(code([.closeDeployment(id)], fee: Fee(amount: Coin(4_999, .uakt))) == "sdk/13")
    #expect(code([.updateDeployment(id, manifestHash: .zero)]) == "sdk/5")
    #expect(code([.closeLease(chain.lease()), .closeDeployment(id)]) == "sdk/5")
    let granted = Fee(amount: Coin(5_000, .uakt), granter: chain.address("grantor"))
    #expect(code([.closeDeployment(id)], fee: granted) == "sdk/4")
    #expect(code([.closeDeployment(id)], by: "other") == "sdk/4")
    #expect(chain.query.escrow(of: id, at: chain.moment.tick)?.funds == Decimal18(5_000_000))
  }

  @Test func `the owner's own deposit pays before those of others`() throws {
    let chain = try leased(left: 0)
    let id = chain.deployment()
    let gift = Action.depositDeployment(
      id,
      amount: Coin(1_000_000, .uakt),
      depositor: chain.address("other")
    )
    #expect(chain.submit(gift, by: "other").codeText == "")
    chain.advance(ticks: 1)
    let before = chain.balance("other")
    #expect(close(chain, .closeDeployment(id)).codeText == "")
    #expect(chain.balance("other") == before + 1_000_000)
    #expect(chain.balance("tenant") == 5_000_000 - 5 - 5_000)
  }

  @Test func `drawing keeps fractions that leases have earned`() throws {
    let (owner, other) = (Address.module("owner"), Address.module("other"))
    var account = EscrowAccount(denomination: .uakt, at: 0, takeIndex: 0)
    account.deposits = [
      .init(depositor: owner, isGranted: false, amount: Amount(10)),
      .init(depositor: other, isGranted: false, amount: Amount(4)),
      .init(depositor: owner, isGranted: true, amount: Amount(3)),
    ]
    account.spentOfFirstDeposit = Decimal18("2.5")!
    // Seven whole units of the owner's own are unearned; the next come from the newest of the others.
    #expect(try account.draw(Amount(9), owner: owner) == Amount(9))
    #expect(account.deposits.map(\.amount.units) == [3, 4, 1])
    #expect(try account.funds() == Decimal18("5.5")!)
    #expect(try account.draw(Amount(100), owner: owner) == Amount(5))
    #expect(account.deposits.map(\.amount.units) == [3] && account.spentOfFirstDeposit == Decimal18("2.5")!)
    #expect(try account.funds() == Decimal18("0.5")!)
    account.deposits = [.init(depositor: owner, isGranted: false, amount: Amount(10))]
    account.spentOfFirstDeposit = Decimal18("2")!
    #expect(try account.draw(Amount(8), owner: owner) == Amount(8))
    #expect(account.deposits.isEmpty && account.spentOfFirstDeposit.isZero)
    #expect(try account.funds().isZero)
  }
}
