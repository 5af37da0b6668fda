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
}
