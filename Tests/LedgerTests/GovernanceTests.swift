import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct GovernanceTests {
  private func vote(_ chain: TestChain, _ name: String, _ option: VoteOption, on id: UInt64 = 1) {
    let receipt = chain.submit(
      .vote(
        id: id,
        voter: chain.address(name),
        options: [WeightedVoteOption(option: option, weight: Decimal18(1))]
      ),
      by: name
    )
    #expect(receipt.isSuccess, "\(receipt.log)")
  }

  private func parameters(_ pairs: (String, String)...) -> ProposalContent {
    .parameters(pairs.map { ParameterChange(key: $0.0, value: $0.1) })
  }

  @Test func `a passed proposal changes the take of running leases at its tick`() throws {
    let chain = try TestChain.voting()
    chain.submit(.registerProvider(chain.providerRecord("provider")), by: "provider")
    let order = chain.order(
      groups: [Fixture.group(price: "100", denomination: .uusdc)],
      deposit: Coin(50_000_000, .uusdc)
    )
    #expect(chain.submit(.agreeLease(chain.agreement(order, price: "100")), by: "tenant").isSuccess)
    chain.advance(ticks: 3)
    #expect(chain.propose([parameters(("currency.uusdc.take_basis_points", "1000"))]).isSuccess)
    vote(chain, "a", .yes)
    vote(chain, "b", .yes)
    chain.advance(ticks: 10)
    chain.block()
    #expect(chain.query.proposal(1)?.status == .passed)
    #expect(chain.lastEvents.contains(.takeRateChanged(denomination: .uusdc, basisPoints: 1_000, tick: 13)))
    chain.advance(ticks: 7)
    chain.submit(.withdrawLease(chain.lease()), by: "provider")
    // 13 ticks at 20 %, 7 at 10 %.
    #expect(chain.balance(.communityPool, .uusdc) == 260 + 70)
    let origin = chain.query.parameterStatuses.first { $0.key == ParameterKey.defaultTake.rawValue }
    #expect(origin?.proposal == 0)
  }

  @Test func `the default take moves only currencies without their own`() throws {
    let chain = try TestChain.voting()
    #expect(
      chain.propose(
        [parameters(("currency.uusdc.take_basis_points", "default"), ("take.default_basis_points", "700"))]
      ).isSuccess
    )
    for name in ["a", "b"] { vote(chain, name, .yes) }
    chain.advance(milliseconds: 60_000)
    chain.block()
    #expect(chain.query.currencies.map(\.takeBasisPoints) == [400, 700])
    #expect(
      chain.query.parameterStatuses.first { $0.key == ParameterKey.defaultTake.rawValue }?.proposal == 1
    )
  }

  @Test func `a proposal adds a currency that deployments pay in`() throws {
    let chain = try TestChain.voting()
    var currency = TestChain.currencies[1]
    currency.denomination = Denomination("ueur")!
    currency.symbol = "EUR"
    currency.aliases = [Denomination("ibc/EUR")!]
    currency.issuer = chain.address("alice")
    currency.mintCap = Amount(100_000_000)
    currency.takeBasisPoints = nil
    currency.leaseDeposit = .zero
    #expect(chain.propose([.addCurrency(currency)]).isSuccess)
    for name in ["a", "b"] { vote(chain, name, .yes) }
    chain.advance(milliseconds: 60_000)
    chain.block()
    let mint = Action.mint(
      Mint(
        issuer: chain.address("alice"),
        recipient: chain.address("tenant"),
        amount: Coin(60_000_000, currency.denomination)
      )
    )
    #expect(chain.submit(mint, by: "alice").isSuccess)
    #expect(chain.submit(mint, by: "alice").codeText == "supercloud/12")
    #expect(
      chain.submit(
        .burn(Burn(issuer: chain.address("tenant"), amount: Coin(1, currency.denomination))),
        by: "tenant"
      ).codeText == "sdk/4"
    )
    chain.submit(.registerProvider(chain.providerRecord("provider")), by: "provider")
    let order = chain.order(
      groups: [Fixture.group(denomination: Denomination("ibc/EUR")!)],
      deposit: Coin(5_000_000, currency.denomination)
    )
    #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").codeText == "")
    chain.advance(ticks: 100)
    // Fees can be paid in it too.
    let fee = Fee(amount: Coin(5_000, currency.denomination))
    #expect(chain.submit(.closeDeployment(order.deployment), by: "tenant", fee: fee).isSuccess)
    #expect(
      chain.balance("provider", currency.denomination) == 400
        && chain.balance(.communityPool, currency.denomination) == 100
    )
    #expect(chain.propose([.retireCurrency(currency.denomination)]).isSuccess)
    for name in ["a", "b"] { vote(chain, name, .yes, on: 2) }
    chain.advance(milliseconds: 60_000)
    chain.block()
    let late = chain.order(
      "tenant",
      2,
      groups: [Fixture.group(denomination: currency.denomination)],
      deposit: Coin(5_000_000, currency.denomination)
    )
    #expect(chain.submit(.agreeLease(chain.agreement(late)), by: "tenant").codeText == "supercloud/11")
  }

  @Test func `values are checked when they are proposed`() throws {
    let chain = try TestChain.voting()
    #expect(chain.propose([parameters(("gov.nothing", "1"))]).codeText == "gov/5")
    #expect(chain.propose([parameters(("market.order_maximum_bids", "501"))]).codeText == "gov/5")
    #expect(chain.propose([parameters(("market.order_maximum_bids", "-1"))]).codeText == "gov/5")
    #expect(chain.propose([parameters(("currency.uakt.take_basis_points", "10001"))]).codeText == "gov/5")
    #expect(chain.propose([.addCurrency(TestChain.currencies[0])]).codeText == "gov/5")
    #expect(chain.propose([.retireCurrency(.uakt)]).codeText == "gov/5")
    #expect(
      chain.propose([.communitySpend(recipient: ModuleAccount.escrow.address, amount: [Coin(1, .uakt)])])
        .codeText == "sdk/4"
    )
    let past = SoftwareUpgrade(name: "v2", height: 1, protocolVersion: 2, info: "")
    #expect(chain.propose([.softwareUpgrade(past)]).codeText == "gov/5")
    #expect(chain.propose([.text("x")], deposit: 3_999_999).codeText == "sdk/4")
    #expect(chain.propose([.text("x")], deposit: 4_000_000).isSuccess)
    #expect(chain.query.proposal(1)?.status == .deposit)
    #expect(chain.query.parameters[.orderMaximumBids] == 20)
  }

  @Test func `all or nothing of a proposal is done`() throws {
    let chain = try TestChain.voting()
    let spend = ProposalContent.communitySpend(
      recipient: chain.address("alice"),
      amount: [Coin(1_000_000, .uakt)]
    )
    #expect(chain.propose([parameters(("market.order_maximum_bids", "30")), spend]).isSuccess)
    for name in ["a", "b"] { vote(chain, name, .yes) }
    chain.advance(milliseconds: 60_000)
    chain.block()
    #expect(chain.query.proposal(1)?.status == .failed)
    #expect(chain.query.proposal(1)?.log.contains("are needed") == true)
    #expect(chain.query.parameters[.orderMaximumBids] == 20)
    #expect(chain.balance("alice") == 1_000_000_000 - 5_000)
  }

  @Test func `deposits are burned when nobody cares or many object`() throws {
    for (votes, burned, status) in [
      ([], true, ProposalRecord.Status.rejected), ([("a", VoteOption.noWithVeto)], true, .rejected),
      ([("a", .no)], false, .rejected), ([("a", .yes), ("b", .abstain)], false, .passed),
    ] as [([(String, VoteOption)], Bool, ProposalRecord.Status)] {
      let chain = try TestChain.voting()
      #expect(chain.propose([.text("x")]).isSuccess)
      for (name, option) in votes { vote(chain, name, option) }
      let supply = chain.query.supply(of: .uakt).units
      chain.advance(milliseconds: 60_000)
      chain.block()
      #expect(chain.query.proposal(1)?.status == status)
      #expect(chain.query.supply(of: .uakt).units == supply - (burned ? 10_000_000 : 0))
      #expect(chain.balance(.governance) == 0 && chain.query.votes(onProposal: 1).isEmpty)
    }
  }

  @Test func `a deposit that does not come together is burned`() throws {
    let chain = try TestChain.voting()
    chain.propose([.text("x")], deposit: 4_000_000)
    #expect(
      chain.submit(
        .vote(
          id: 1,
          voter: chain.address("a"),
          options: [WeightedVoteOption(option: .yes, weight: Decimal18(1))]
        ),
        by: "a"
      ).codeText == "gov/3"
    )
    #expect(
      chain.submit(.depositProposal(id: 1, depositor: chain.address("a"), amount: [Coin(1, .uusdc)]), by: "a")
        .codeText == "sdk/18"
    )
    let supply = chain.query.supply(of: .uakt).units
    chain.advance(milliseconds: 60_000)
    chain.block()
    #expect(
      chain.query.proposal(1)?.status == .dropped && chain.query.supply(of: .uakt).units == supply - 4_000_000
    )
    chain.propose([.text("y")], deposit: 4_000_000)
    chain.submit(
      .depositProposal(id: 2, depositor: chain.address("a"), amount: [Coin(6_000_000, .uakt)]),
      by: "a"
    )
    #expect(chain.query.proposal(2)?.status == .voting)
    #expect(chain.query.deposits(onProposal: 2).map(\.amount.units).sorted() == [4_000_000, 6_000_000])
    #expect(chain.query.proposals(in: .voting).map(\.id) == [2])
  }

  @Test func `delegators inherit unless they vote themselves`() throws {
    let chain = try TestChain.voting()
    chain.submit(
      .delegate(
        delegator: chain.address("alice"),
        validator: chain.address("a"),
        amount: Coin(40_000_000, .uakt)
      ),
      by: "alice"
    )
    chain.propose([.text("x")])
    vote(chain, "a", .yes)
    #expect(chain.query.tally(ofProposal: 1)?.yes == Decimal18(70_000_000))
    let half = Decimal18("0.5")!
    let split = [
      WeightedVoteOption(option: .no, weight: half), WeightedVoteOption(option: .abstain, weight: half),
    ]
    #expect(chain.submit(.vote(id: 1, voter: chain.address("alice"), options: split), by: "alice").isSuccess)
    let tally = try #require(chain.query.tally(ofProposal: 1))
    #expect(
      tally.yes == Decimal18(30_000_000) && tally.no == Decimal18(20_000_000)
        && tally.abstain == Decimal18(20_000_000)
    )
    let bad = [WeightedVoteOption(option: .no, weight: half)]
    #expect(
      chain.submit(.vote(id: 1, voter: chain.address("alice"), options: bad), by: "alice").codeText == "gov/7"
    )
    #expect(
      chain.submit(.vote(id: 9, voter: chain.address("alice"), options: split), by: "alice").codeText
        == "gov/2"
    )
  }

  @Test func `an expedited proposal that is not urgent enough goes on as an ordinary one`() throws {
    let chain = try TestChain.voting()
    #expect(chain.propose([.text("x")], deposit: 20_000_000, expedited: true).isSuccess)
    vote(chain, "a", .yes)
    vote(chain, "b", .no)
    chain.advance(milliseconds: 30_000)
    chain.block()
    #expect(chain.query.proposal(1)?.status == .voting && chain.query.proposal(1)?.isExpedited == false)
    chain.advance(milliseconds: 30_000)
    chain.block()
    // 30 of 50 are more than half, but not two thirds.
    #expect(chain.query.proposal(1)?.status == .passed)
    #expect(chain.propose([.text("y")], deposit: 20_000_000, expedited: true).isSuccess)
    for name in ["a", "b"] { vote(chain, name, .yes, on: 2) }
    chain.advance(milliseconds: 30_000)
    chain.block()
    #expect(chain.query.proposal(2)?.status == .passed)
  }

  @Test func `an upgrade asks for its version from its height on`() throws {
    let chain = try TestChain.voting()
    let upgrade = SoftwareUpgrade(name: "v2", height: 50, protocolVersion: 2, info: "")
    #expect(chain.propose([.softwareUpgrade(upgrade)]).isSuccess)
    for name in ["a", "b"] { vote(chain, name, .yes) }
    chain.advance(milliseconds: 60_000)
    chain.block()
    #expect(chain.query.plannedUpgrade == upgrade)
    #expect(
      Executor.requiredVersion(at: 49, on: chain.state) == 1
        && Executor.requiredVersion(at: 50, on: chain.state) == 2
    )
    while chain.moment.height < 49 { chain.block() }
    chain.protocolVersion = 2
    chain.block()
    #expect(chain.lastEvents.contains(.upgraded(version: 2)) && chain.query.protocolVersion == 2)
    #expect(chain.query.plannedUpgrade == nil && Executor.requiredVersion(at: 51, on: chain.state) == 2)
  }

  /// Two versions of a rule side by side: which one holds is the chain's to say, not the program's.
  @Test func `contents that need each other are refused in version 1 and accepted in version 2`() throws {
    let chain = try TestChain.voting()
    let currency = Currency(
      denomination: Denomination("ueurc")!,
      symbol: "EURC",
      exponent: 6,
      minimumDeposit: .zero,
      leaseDeposit: .zero,
      minimumFee: .zero,
      takeBasisPoints: nil
    )
    let contents = [
      ProposalContent.addCurrency(currency), parameters(("currency.ueurc.take_basis_points", "900")),
    ]
    #expect(chain.propose(contents).codeText == "supercloud/10")
    let upgrade = SoftwareUpgrade(name: "v2", height: 20, protocolVersion: 2, info: "")
    #expect(chain.propose([.softwareUpgrade(upgrade)]).isSuccess)
    for name in ["a", "b"] { vote(chain, name, .yes) }
    chain.advance(milliseconds: 60_000)
    while chain.moment.height < 19 { chain.block() }
    chain.protocolVersion = 2
    chain.block()
    #expect(chain.propose(contents).isSuccess)
    for name in ["a", "b"] { vote(chain, name, .yes, on: 2) }
    chain.advance(milliseconds: 60_000)
    chain.block()
    #expect(chain.query.proposal(2)?.status == .passed)
    #expect(chain.query.currency(currency.denomination)?.takeBasisPoints == 900)
    // What is impossible in its order is refused still.
    #expect(chain.propose(contents.reversed()).codeText != "")
    // A node judges what it is sent by the version that will execute it.
    let again = SubmitProposal(
      proposer: chain.address("alice"),
      title: "title",
      summary: "",
      contents: [
        .retireCurrency(currency.denomination), parameters(("currency.ueurc.minimum_fee", "1")),
      ],
      deposit: [Coin(10_000_000, .uakt)]
    )
    let transaction = chain.transaction([.submitProposal(again)], by: "alice")
    #expect(TransactionCheck(on: chain.state, at: chain.moment).rejection(of: transaction) == nil)
  }

  @Test func `ticks keep counting when their length changes`() throws {
    let chain = try TestChain.voting()
    chain.propose([parameters(("chain.tick_milliseconds", "1000"))])
    for name in ["a", "b"] { vote(chain, name, .yes) }
    chain.advance(milliseconds: 60_000)
    let before = chain.moment.tick
    chain.block()
    chain.advance(milliseconds: 999)
    #expect(chain.moment.tick == before)
    chain.advance(milliseconds: 1)
    #expect(chain.moment.tick == before + 1)
    chain.advance(milliseconds: 3_000)
    #expect(chain.moment.tick == before + 4)
  }
}
