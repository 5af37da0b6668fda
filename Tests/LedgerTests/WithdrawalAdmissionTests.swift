import Chain
import Primitives
import Testing

@testable import Ledger

@Suite struct WithdrawalAdmissionTests {
  @Test func `who can have orders or bids may take one back before it comes, and no key without money may`()
    throws
  {
    let chain = try TestChain.market()
    let admission = OrderAdmission(on: chain.state, at: chain.moment)
    #expect(admission.check(withdrawalBy: chain.address("tenant")) == nil)
    #expect(admission.check(withdrawalBy: chain.address("provider")) == nil)
    let stranger = try #require(admission.check(withdrawalBy: chain.address("stranger without money")))
    guard case .insufficientFunds(_, let available) = stranger else {
      Issue.record("\(stranger)")
      return
    }
    #expect(available.isZero)
  }

  /// Whether the account `worker` may take an order back before it comes.
  private func isAdmitted(_ chain: TestChain) -> Bool {
    OrderAdmission(on: chain.state, at: chain.moment).check(withdrawalBy: chain.address("worker")) == nil
  }

  private func give(_ chain: TestChain, _ kind: Grant.Kind, _ limit: UInt64) {
    let grant = Grant(
      granter: chain.address("grantor"),
      grantee: chain.address("worker"),
      kind: kind,
      limit: Coin(limit, .uakt),
      expiresAt: chain.moment.time.advanced(byMilliseconds: 600_000)
    )
    #expect(chain.submit(.grant(grant), by: "grantor").isSuccess)
  }

  @Test(arguments: [(Grant.Kind.fees, UInt64(5_000)), (Grant.Kind.deposits, UInt64(5_000_000))])
  func `who lives on a grant may take an order back as long as the grant pays`(
    _ kind: Grant.Kind,
    _ least: UInt64
  ) throws {
    let chain = try TestChain.market()
    give(chain, kind, least - 1)
    #expect(!isAdmitted(chain))
    give(chain, kind, least)
    #expect(isAdmitted(chain))
    chain.advance(milliseconds: 600_000)
    #expect(!isAdmitted(chain))
  }

  @Test func `the owner of an active deployment may take an order back, also without money`() throws {
    let chain = try TestChain.market()
    let grantor = chain.address("grantor")
    let dust = Send(from: grantor, to: chain.address("worker"), amount: [Coin(1, .uakt)])
    #expect(chain.submit(.send(dust), by: "grantor").isSuccess)
    give(chain, .fees, 5_000)
    give(chain, .deposits, 5_000_000)
    var order = chain.order("worker")
    order.depositor = grantor
    let agreement = chain.agreement(order, tenant: "worker")
    let fee = Fee(amount: Coin(5_000, .uakt), granter: grantor)
    #expect(chain.submit(.agreeLease(agreement), by: "worker", fee: fee).isSuccess)
    // Both grants are used up, and over.
    chain.advance(milliseconds: 600_000)
    #expect(isAdmitted(chain))
  }
}
