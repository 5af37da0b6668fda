import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Grants: others' money up to a limit and until a time, and back to the grant.
@Suite struct GrantTests {
  private func give(
    _ chain: TestChain,
    _ kind: Grant.Kind,
    limit: UInt64,
    _ denomination: Denomination = .uakt,
    lifetime: UInt64 = 600_000_000
  ) {
    let grant = Grant(
      granter: chain.address("grantor"),
      grantee: chain.address("tenant"),
      kind: kind,
      limit: Coin(limit, denomination),
      expiresAt: chain.moment.time.advanced(byMilliseconds: lifetime)
    )
    #expect(chain.submit(.grant(grant), by: "grantor").isSuccess)
  }

  private func left(_ chain: TestChain, _ kind: Grant.Kind = .deposits) -> UInt64? {
    chain.query.grants(grantee: chain.address("tenant")).first { $0.kind == kind }?.limit.amount.units
  }

  private func revoke(_ chain: TestChain, _ kind: Grant.Kind = .deposits) -> Receipt {
    let action = Action.revokeGrant(
      granter: chain.address("grantor"),
      grantee: chain.address("tenant"),
      kind: kind,
      denomination: .uakt
    )
    return chain.submit(action, by: "grantor")
  }

  private func open(_ chain: TestChain, _ sequence: UInt64 = 1, deposit: UInt64 = 5_000_000) -> Receipt {
    var order = chain.order("tenant", sequence, deposit: Coin(deposit, .uakt))
    order.depositor = chain.address("grantor")
    return chain.submit(.agreeLease(chain.agreement(order)), by: "tenant")
  }

  @Test func `a grant pays deposits up to its limit, and is whole again when they return`() throws {
    let chain = try TestChain.market()
    #expect(open(chain).codeText == "sdk/4")
    give(chain, .deposits, limit: 11_000_000)
    #expect(open(chain, 1).codeText == "" && left(chain) == 6_000_000)
    #expect(open(chain, 2).codeText == "" && left(chain) == 1_000_000)
    #expect(open(chain, 3).codeText == "sdk/5")
    #expect(chain.balance("grantor") == 1_000_000_000 - 5_000 - 10_000_000)
    chain.advance(ticks: 100)
    chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    #expect(left(chain) == 1_000_000 + 5_000_000 - 500)
    #expect(open(chain, 3).codeText == "" && left(chain) == 999_500)
    // The tenant's own money is untouched but for fees.
    #expect(chain.balance("tenant") == 1_000_000_000 - 6 * 5_000)
  }

  @Test func `a grant that was used up stays, so that refunds find it`() throws {
    let chain = try TestChain.market()
    give(chain, .deposits, limit: 5_000_000)
    #expect(open(chain).codeText == "" && left(chain) == 0)
    chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    #expect(left(chain) == 5_000_000)
  }

  @Test func `money of a revoked grant goes to who gave it, and the grant is gone`() throws {
    let chain = try TestChain.market()
    give(chain, .deposits, limit: 8_000_000)
    #expect(open(chain).codeText == "")
    #expect(revoke(chain).isSuccess && left(chain) == nil)
    #expect(revoke(chain).codeText == "sdk/4")
    #expect(open(chain, 2).codeText == "sdk/4")
    let before = chain.balance("grantor")
    chain.advance(ticks: 100)
    chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    #expect(chain.balance("grantor") == before + 4_999_500 && left(chain) == nil)
  }

  @Test func `a grant that is over pays nothing and takes nothing back`() throws {
    let chain = try TestChain.market()
    give(chain, .deposits, limit: 8_000_000, lifetime: 60_000)
    #expect(open(chain).codeText == "")
    chain.advance(milliseconds: 60_000)
    #expect(open(chain, 2).codeText == "sdk/4" && left(chain) == nil)
    let before = chain.balance("grantor")
    chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    #expect(chain.balance("grantor") == before + 4_999_950 && left(chain) == nil)
  }

  @Test func `several depositors each get back what is left of theirs`() throws {
    let chain = try TestChain.market()
    give(chain, .deposits, limit: 5_000_000, lifetime: 10_000_000_000)
    #expect(open(chain).codeText == "")
    for (name, amount) in [("other", 700), ("tenant", 900), ("other", 50)] as [(String, UInt64)] {
      let action = Action.depositDeployment(
        chain.deployment(),
        amount: Coin(amount, .uakt),
        depositor: chain.address(name)
      )
      #expect(chain.submit(action, by: name).isSuccess)
    }
    let before = ["grantor", "other", "tenant"].map { chain.balance($0) }
    // 5,000,000 + 300 of the other's 700 are spent.
    chain.advance(ticks: 1_000_060)
    let receipt = chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    let refunds = receipt.events.compactMap { event -> String? in
      guard case .refunded(_, let depositor, let coin) = event else { return nil }
      let name = ["grantor", "other", "tenant"].first { chain.address($0) == depositor }
      return "\(name ?? "?") \(coin.amount)"
    }
    #expect(refunds == ["other 400", "tenant 900", "other 50"])
    #expect(chain.balance("grantor") == before[0] && left(chain) == 0)
    #expect(chain.balance("other") == before[1] + 450)
    #expect(chain.balance("tenant") == before[2] + 900 - 5_000)
  }

  @Test func `a grant is of one kind and one currency`() throws {
    let chain = try TestChain.market()
    give(chain, .fees, limit: 50_000_000)
    #expect(open(chain).codeText == "sdk/4")
    give(chain, .deposits, limit: 50_000_000, .uusdc)
    #expect(open(chain).codeText == "sdk/4")
    let send = Action.send(
      Send(from: chain.address("tenant"), to: chain.address("other"), amount: [Coin(1, .uakt)])
    )
    let granter = chain.address("grantor")
    let paid = chain.submit(send, by: "tenant", fee: Fee(amount: Coin(5_000, .uakt), granter: granter))
    #expect(paid.isSuccess && left(chain, .fees) == 49_995_000)
    let other = chain.submit(send, by: "tenant", fee: Fee(amount: Coin(5_000, .uusdc), granter: granter))
    #expect(other.codeText == "sdk/4")
    // One that fails pays its fee from the grant too.
    let failing = Action.closeDeployment(chain.deployment())
    let failed = chain.submit(failing, by: "tenant", fee: Fee(amount: Coin(5_000, .uakt), granter: granter))
    #expect(failed.codeText == "deployment/4" && left(chain, .fees) == 49_990_000)
  }

  @Test func `a new grant replaces the old one, its end too`() throws {
    let chain = try TestChain.market()
    give(chain, .deposits, limit: 5_000_000, lifetime: 60_000)
    give(chain, .deposits, limit: 7_000_000, lifetime: 120_000)
    chain.advance(milliseconds: 60_000)
    chain.block()
    #expect(left(chain) == 7_000_000)
    chain.advance(milliseconds: 60_000)
    chain.block()
    #expect(left(chain) == nil && chain.state.scan(Tables.expiries, limit: 9).isEmpty)
  }

  @Test func `grants that grant nothing are refused`() throws {
    let chain = try TestChain.market()
    func code(_ change: (inout Grant) -> Void) -> String {
      var grant = Grant(
        granter: chain.address("grantor"),
        grantee: chain.address("tenant"),
        kind: .fees,
        limit: Coin(1, .uakt),
        expiresAt: chain.moment.time.advanced(byMilliseconds: 1)
      )
      change(&grant)
      return chain.submit(.grant(grant), by: "grantor").codeText
    }
    #expect(code { $0.limit = Coin(0, .uakt) } == "sdk/10")
    #expect(code { $0.expiresAt = chain.moment.time } == "sdk/18")
    #expect(code { $0.grantee = chain.address("grantor") } == "sdk/18")
    #expect(code { $0.grantee = ModuleAccount.escrow.address } == "sdk/4")
    #expect(code { $0.limit = Coin(1, Denomination("uatom")!) } == "supercloud/10")
    #expect(code { _ in } == "")
  }
}
