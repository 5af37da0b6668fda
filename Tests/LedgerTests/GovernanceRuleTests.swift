import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// What a vote decides, and what it costs.
@Suite struct GovernanceRuleTests {
  @discardableResult private func vote(
    _ chain: TestChain,
    _ name: String,
    _ options: [(VoteOption, String)],
    on id: UInt64 = 1
  ) -> Receipt {
    let options = options.map { WeightedVoteOption(option: $0.0, weight: Decimal18($0.1)!) }
    return chain.submit(.vote(id: id, voter: chain.address(name), options: options), by: name)
  }

  private func end(_ chain: TestChain) {
    chain.advance(milliseconds: 60_000)
    chain.block()
  }

  @Test func `the community pool is spent by vote, and only what it has`() throws {
    let chain = try TestChain.voting()
    try chain.perform { execution throws(Rejection) in
      let pool = ModuleAccount.communityPool.address
      try execution.transfer(Coin(700, .uakt), from: chain.address("bob"), to: pool)
    }
    func spend(_ amount: UInt64) -> ProposalContent {
      .communitySpend(recipient: chain.address("bob"), amount: [Coin(amount, .uakt)])
    }
    chain.propose([spend(500)])
    chain.propose([spend(500)])
    for id in [1, 2] as [UInt64] { for name in ["a", "b"] { vote(chain, name, [(.yes, "1")], on: id) } }
    let before = chain.balance("bob")
    end(chain)
    #expect(chain.query.proposal(1)?.status == .passed && chain.query.proposal(2)?.status == .failed)
    #expect(chain.balance("bob") == before + 500 && chain.balance(.communityPool) == 200)
    let spent = Event.communityPoolSpent(recipient: chain.address("bob"), coin: Coin(500, .uakt))
    #expect(chain.lastEvents.contains(spent))
    // Both deposits are back: failing is no offence.
    #expect(chain.balance("alice") == 1_000_000_000 - 2 * 5_000)
  }

  @Test func `a later vote replaces an earlier one, and weights are split exactly`() throws {
    let chain = try TestChain.voting()
    chain.propose([.text("x")])
    vote(chain, "a", [(.no, "1")])
    vote(chain, "a", [(.yes, "0.7"), (.noWithVeto, "0.2"), (.abstain, "0.1")])
    let tally = try #require(chain.query.tally(ofProposal: 1))
    #expect(tally.yes == Decimal18(21_000_000) && tally.noWithVeto == Decimal18(6_000_000))
    #expect(tally.abstain == Decimal18(3_000_000) && tally.no.isZero)
    #expect(vote(chain, "b", [(.yes, "0.5"), (.yes, "0.5")]).codeText == "gov/7")
    #expect(vote(chain, "b", [(.yes, "1"), (.no, "0.000000000000000001")]).codeText == "gov/7")
    #expect(vote(chain, "b", []).codeText == "gov/7")
    // Who has staked nothing may vote, and weighs nothing.
    #expect(vote(chain, "bob", [(.no, "1")]).isSuccess)
    #expect(chain.query.tally(ofProposal: 1)?.no.isZero == true)
    end(chain)
    #expect(vote(chain, "b", [(.no, "1")]).codeText == "gov/3")
  }

  /// Thirds, halves and quorums are met or not by a unit.
  @Test(arguments: [
    // Of 60 bonded: 20.04 are a quorum.
    (["c": VoteOption.yes], ProposalRecord.Status.rejected, true),
    (["b": .yes], .rejected, true), (["a": .yes], .passed, false),
    // Exactly half is not more than half.
    (["a": .yes, "b": .no, "c": .no], .rejected, false),
    (["a": .yes, "b": .no, "c": .abstain], .passed, false),
    // A third of all votes with veto burns.
    (["a": .yes, "b": .noWithVeto], .rejected, true),
    (["a": .yes, "b": .yes, "c": .noWithVeto], .passed, false),
    (["a": .abstain, "b": .abstain], .rejected, false),
  ])
  func `quorum, threshold and veto decide, and only want of care and offence burn`(
    votes: [String: VoteOption],
    status: ProposalRecord.Status,
    isBurned: Bool
  ) throws {
    let chain = try TestChain.voting()
    chain.propose([.text("x")], deposit: 4_000_000)
    let more = Action.depositProposal(
      id: 1,
      depositor: chain.address("bob"),
      amount: [Coin(6_000_000, .uakt)]
    )
    #expect(chain.submit(more, by: "bob").isSuccess)
    for (name, option) in votes.sorted(by: { $0.key < $1.key }) { vote(chain, name, [(option, "1")]) }
    let supply = chain.query.supply(of: .uakt).units
    let before = (chain.balance("alice"), chain.balance("bob"))
    end(chain)
    #expect(chain.query.proposal(1)?.status == status)
    #expect(chain.query.supply(of: .uakt).units == supply - (isBurned ? 10_000_000 : 0))
    // Each depositor gets back its own.
    #expect(chain.balance("alice") == before.0 + (isBurned ? 0 : 4_000_000))
    #expect(chain.balance("bob") == before.1 + (isBurned ? 0 : 6_000_000))
    #expect(chain.balance(.governance) == 0)
  }

  @Test func `a delegator's stake follows its validator, and only a bonded one's`() throws {
    let chain = try TestChain.voting([.maximumValidators: 2])
    for (name, validator, amount) in [("bob", "a", 6), ("bob", "c", 4)] as [(String, String, UInt64)] {
      let coin = Coin(amount * 1_000_000, .uakt)
      let action = Action.delegate(
        delegator: chain.address(name),
        validator: chain.address(validator),
        amount: coin
      )
      #expect(chain.submit(action, by: name).isSuccess)
    }
    #expect(chain.query.validator(chain.address("c"))?.status != .bonded)
    chain.propose([.text("x")])
    vote(chain, "a", [(.yes, "1")])
    vote(chain, "c", [(.no, "1")])
    var tally = try #require(chain.query.tally(ofProposal: 1))
    #expect(tally.yes == Decimal18(36_000_000) && tally.no.isZero && tally.bonded == Amount(56_000_000))
    // Its own vote speaks for all it has with bonded validators.
    vote(chain, "bob", [(.no, "0.5"), (.abstain, "0.5")])
    tally = try #require(chain.query.tally(ofProposal: 1))
    #expect(tally.yes == Decimal18(30_000_000) && tally.no == Decimal18(3_000_000))
    #expect(tally.abstain == Decimal18(3_000_000))
  }

  @Test func `an expedited proposal needs more money, more votes and less time`() throws {
    let chain = try TestChain.voting()
    #expect(chain.propose([.text("x")], deposit: 7_999_999, expedited: true).codeText == "sdk/4")
    #expect(chain.propose([.text("x")], deposit: 10_000_000, expedited: true).isSuccess)
    #expect(chain.query.proposal(1)?.status == .deposit)
    let more = Action.depositProposal(
      id: 1,
      depositor: chain.address("bob"),
      amount: [Coin(10_000_000, .uakt)]
    )
    #expect(chain.submit(more, by: "bob").isSuccess)
    #expect(chain.query.proposal(1)?.status == .voting)
    let end = chain.moment.time.advanced(byMilliseconds: 30_000)
    #expect(chain.query.proposal(1)?.votingEnd == end)
    // 40 of 60 are not above 66.7 %, 50 are.
    vote(chain, "a", [(.yes, "1")])
    vote(chain, "c", [(.yes, "1")])
    vote(chain, "b", [(.no, "1")])
    vote(chain, "b", [(.yes, "0.5"), (.no, "0.5")])
    chain.advance(milliseconds: 29_999)
    chain.block()
    #expect(chain.query.proposal(1)?.status == .voting)
    chain.advance(milliseconds: 1)
    chain.block()
    #expect(chain.query.proposal(1)?.status == .passed)
    // A vetoed one does not get a second chance.
    chain.propose([.text("y")], deposit: 20_000_000, expedited: true)
    vote(chain, "a", [(.noWithVeto, "1")], on: 2)
    let supply = chain.query.supply(of: .uakt).units
    chain.advance(milliseconds: 30_000)
    chain.block()
    #expect(chain.query.proposal(2)?.status == .rejected)
    #expect(chain.query.supply(of: .uakt).units == supply - 20_000_000)
  }

  @Test func `what was possible when it was proposed may not be when it passes`() throws {
    let chain = try TestChain.voting()
    let retire = ProposalContent.retireCurrency(.uusdc)
    let bids = ProposalContent.parameters([ParameterChange(key: "market.order_maximum_bids", value: "7")])
    chain.propose([retire])
    chain.propose([bids, retire])
    for id in [1, 2] as [UInt64] { for name in ["a", "b"] { vote(chain, name, [(.yes, "1")], on: id) } }
    end(chain)
    #expect(chain.query.proposal(1)?.status == .passed && chain.query.proposal(2)?.status == .failed)
    // Nothing of it was done.
    #expect(chain.query.parameters[.orderMaximumBids] == 20)
    #expect(chain.query.proposal(2)?.log.isEmpty == false)
  }

  @Test func `a proposal must propose something, and pay in AKT`() throws {
    let chain = try TestChain.voting()
    #expect(chain.propose([]).codeText == "gov/5")
    #expect(chain.propose([.text("")]).codeText == "gov/5")
    #expect(chain.propose([.parameters([])]).codeText == "gov/5")
    let twice = [
      ParameterChange(key: "gov.quorum_parts_per_million", value: "1"),
      ParameterChange(key: "gov.quorum_parts_per_million", value: "2"),
    ]
    #expect(chain.propose([.parameters(twice)]).codeText == "gov/5")
    #expect(chain.propose([.text("x")]) { $0.title = "" }.codeText == "gov/5")
    #expect(chain.propose([.text("x")]) { $0.deposit = [Coin(10_000_000, .uusdc)] }.codeText == "sdk/18")
    #expect(chain.propose([.text("x")]) { $0.deposit = [] }.codeText == "sdk/4")
    #expect(chain.query.proposals().isEmpty)
  }

  @Test func `an upgrade can be replaced by another, but not by a lower version or a past height`() throws {
    let chain = try TestChain.voting()
    func code(_ version: UInt32, _ height: Height, name: String = "v") -> String {
      let upgrade = SoftwareUpgrade(name: name, height: height, protocolVersion: version, info: "")
      return chain.rejection { execution throws(Rejection) in
        try execution.execute(.softwareUpgrade(upgrade), proposal: 1)
      }?.code.description ?? ""
    }
    #expect(code(2, 100) == "" && code(7, 100) == "")
    #expect(
      code(1, 100) == "gov/5" && code(2, chain.moment.height) == "gov/5" && code(2, 100, name: "") == "gov/5"
    )
  }
}
