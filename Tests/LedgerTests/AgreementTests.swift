import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct AgreementTests {
  @Test func `an agreement opens deployment, escrow and all leases at once`() throws {
    let chain = try TestChain.market()
    chain.submit(.registerProvider(chain.providerRecord("other")), by: "other")
    let order = chain.order(groups: [Fixture.group("a"), Fixture.group("b")])
    let signed = chain.sign(order, by: "tenant")
    let first = chain.bid("provider", on: signed, order, price: "3")
    let second = chain.bid("other", on: signed, order, price: "4")
    let agreement = AgreeLease(
      owner: chain.address("tenant"),
      order: signed,
      bids: [chain.sign(first, by: "provider"), chain.sign(second, by: "other")],
      choices: [.init(group: 1, bid: 0), .init(group: 2, bid: 1)]
    )
    let receipt = chain.submit(.agreeLease(agreement), by: "tenant")
    #expect(receipt.codeText == "")
    #expect(
      receipt.events.map(\.name) == [
        "order_agreed", "deployment_created", "deposited", "lease_deposit_locked", "lease_opened",
        "lease_deposit_locked", "lease_opened",
      ]
    )
    chain.advance(ticks: 100)
    let status = try #require(chain.query.escrow(of: order.deployment, at: chain.moment.tick))
    #expect(status.funds == Decimal18(5_000_000 - 700) && status.rate == Decimal18(7))
    #expect(
      chain.query.leases(owner: chain.address("tenant"), at: chain.moment.tick).map(\.earned) == [
        Decimal18(300), Decimal18(400),
      ]
    )
    #expect(chain.query.leases(provider: chain.address("other"), state: .active, at: 0).count == 1)
  }

  @Test func `a block's lease events carry the lease and the order that it was agreed from`() throws {
    let chain = try TestChain.market()
    let order = chain.order()
    let agreement = chain.agreement(order)
    let opening = chain.block([chain.transaction([.agreeLease(agreement)], by: "tenant")])
    let record = try #require(chain.query.lease(chain.lease(), at: chain.moment.tick)).record
    let origin = LeaseOrigin(order: agreement.order.identifier, manifestHash: order.manifestHash)
    #expect(chain.query.leaseEvents(of: opening) == [.opened(chain.lease(), record, origin)])

    chain.advance(ticks: 10)
    let closing = chain.block([chain.transaction([.closeLease(chain.lease())], by: "tenant")])
    let closed = try #require(chain.query.lease(chain.lease(), at: chain.moment.tick)).record
    #expect(
      chain.query.leaseEvents(of: closing) == [.closed(chain.lease(), closed, by: .tenant, reason: .owner)]
    )
    #expect(closed.earned == Decimal18(50))
  }

  @Test func `each precise code has its cause`() throws {
    let chain = try TestChain.market()
    func code(_ change: (inout AgreeLease, inout Order) -> Void) -> String {
      var order = chain.order()
      var agreement = chain.agreement(order)
      change(&agreement, &order)
      return chain.submit(.agreeLease(agreement), by: "tenant").codeText
    }
    let tenant = chain.address("tenant")
    #expect(code { agreement, _ in agreement.order = agreement.bids[0] } == "supercloud/32")
    #expect(
      code { agreement, order in agreement.bids = [chain.sign(order, by: "tenant")] } == "supercloud/33"
    )
    #expect(code { agreement, order in agreement.order = chain.sign(order, by: "other") } == "supercloud/36")
    #expect(
      code { agreement, order in
        agreement.bids = [chain.sign(chain.bid("provider", on: agreement.order, order), by: "other")]
      } == "supercloud/37"
    )
    #expect(
      code { agreement, order in
        order.expiresAt = chain.moment.time
        agreement = chain.agreement(order)
      } == "supercloud/38"
    )
    #expect(
      code { agreement, order in
        order.expiresAt = chain.moment.time.advanced(byMilliseconds: 3_600_001)
        agreement = chain.agreement(order)
      } == "supercloud/40"
    )
    #expect(
      code { agreement, order in
        var bid = chain.bid("provider", on: agreement.order, order)
        bid.expiresAt = chain.moment.time
        agreement.bids = [chain.sign(bid, by: "provider")]
      } == "supercloud/39"
    )
    #expect(
      code { agreement, order in
        var bid = chain.bid("provider", on: agreement.order, order)
        bid.order = .zero
        agreement.bids = [chain.sign(bid, by: "provider")]
      } == "supercloud/41"
    )
    #expect(
      code { agreement, order in agreement = chain.agreement(order, price: "10.000000000000000001") }
        == "market/4"
    )
    #expect(code { agreement, _ in agreement.choices = [] } == "supercloud/42")
    #expect(code { agreement, _ in agreement.choices = [.init(group: 2, bid: 0)] } == "supercloud/42")
    #expect(
      code { agreement, order in
        order.minimumReclamationWindow = 5_000
        agreement = chain.agreement(order, window: 4_999)
      } == "supercloud/43"
    )
    #expect(
      code { agreement, order in
        order.deployment.owner = chain.address("other")
        agreement.order = chain.sign(order, by: "other")
      } == "supercloud/36"
    )
    #expect(chain.query.deployments(of: tenant).isEmpty)
    #expect(code { _, _ in } == "")
  }

  @Test func `a forged signature is refused by the injected check`() throws {
    let chain = try TestChain.market()
    let agreement = chain.agreement(chain.order())
    func rejection(_ refused: SignedObject.Kind) -> Rejection? {
      let checks = Checks { _, _, domain, _, _ in domain != refused.domain }
      let execution = Execution(on: chain.state, at: chain.moment, checks: checks)
      do throws(Rejection) {
        try execution.agree(agreement)
        return nil
      } catch {
        return error
      }
    }
    #expect(rejection(.order) == .order(.orderSignature))
    #expect(rejection(.bid) == .order(.bidSignature(provider: chain.address("provider"))))
    #expect(rejection(.offer) == nil)
  }

  @Test func `an agreed order cannot be agreed again`() throws {
    let chain = try TestChain.market()
    let agreement = chain.agreement(chain.order())
    #expect(chain.submit(.agreeLease(agreement), by: "tenant").isSuccess)
    #expect(chain.submit(.agreeLease(agreement), by: "tenant").codeText == "supercloud/50")
    chain.submit(.closeLease(chain.lease()), by: "tenant")
    let again = chain.agreement(chain.order(existing: [1]))
    #expect(chain.submit(.agreeLease(again), by: "tenant").isSuccess)
    chain.submit(.resignLease(chain.lease(order: 2), reason: .unspecified), by: "provider")
    // The provider left; its old bid must not bring it back.
    #expect(chain.submit(.agreeLease(again), by: "tenant").codeText == "supercloud/50")
    chain.advance(milliseconds: 700_000)
    #expect(chain.submit(.agreeLease(again), by: "tenant").codeText == "supercloud/38")
    // The memory of agreed orders ends with their lifetime.
    #expect(chain.state.scan(Tables.agreedOrders, limit: 10).isEmpty)
    #expect(chain.state.scan(Tables.expiries, limit: 10).isEmpty)
  }

  @Test func `a USDC order may name its currency by an alias`() throws {
    let chain = try TestChain.market()
    let order = chain.order(
      groups: [Fixture.group(denomination: TestChain.ibc)],
      deposit: Coin(6_000_000, .uusdc)
    )
    #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").codeText == "")
    chain.advance(ticks: 1_000)
    chain.submit(.withdrawLease(chain.lease()), by: "provider")
    #expect(chain.balance(.communityPool, .uusdc) == 1_000)
    #expect(chain.balance("provider", .uusdc) == 1_000_000_000 - 500_000 + 4_000)
  }

  @Test func `a poor tenant or provider opens nothing`() throws {
    let chain = try TestChain.market()
    let order = chain.order(deposit: Coin(2_000_000_000, .uakt))
    let before = chain.balance("tenant")
    #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").codeText == "sdk/5")
    #expect(chain.balance("tenant") == before - 5_000)
    chain.submit(
      .send(
        Send(
          from: chain.address("provider"),
          to: chain.address("other"),
          amount: [Coin(chain.balance("provider") - 5_000, .uakt)]
        )
      ),
      by: "provider"
    )
    #expect(chain.submit(.agreeLease(chain.agreement(chain.order())), by: "tenant").codeText == "sdk/5")
    #expect(chain.query.deployments(of: chain.address("tenant")).isEmpty)
  }

  @Test func `a provider that promised notice announces and waits`() throws {
    let chain = try TestChain.market()
    var order = chain.order()
    order.minimumReclamationWindow = 60_000
    #expect(chain.submit(.agreeLease(chain.agreement(order, window: 90_000)), by: "tenant").isSuccess)
    let lease = chain.lease()
    #expect(chain.submit(.resignLease(lease, reason: .unstable), by: "provider").codeText == "supercloud/53")
    #expect(
      chain.submit(.startReclamation(lease, reason: .owner), by: "provider").codeText == "supercloud/52"
    )
    #expect(chain.submit(.startReclamation(lease, reason: .decommission), by: "provider").isSuccess)
    #expect(chain.query.lease(lease, at: 0)?.record.state == .reclaiming)
    #expect(
      chain.submit(.startReclamation(lease, reason: .decommission), by: "provider").codeText
        == "supercloud/55"
    )
    chain.advance(milliseconds: 89_999)
    #expect(
      chain.submit(.resignLease(lease, reason: .decommission), by: "provider").codeText == "supercloud/54"
    )
    chain.advance(milliseconds: 1)
    #expect(chain.submit(.resignLease(lease, reason: .decommission), by: "provider").isSuccess)
    let closing = chain.query.lease(lease, at: 0)?.record.closing
    #expect(closing?.closer == .provider && closing?.reason == .decommission)
    #expect(chain.query.leases(state: .reclaiming, at: 0).isEmpty)
  }

  @Test func `an existing order needs the same manifest and money for a tick`() throws {
    let chain = try TestChain.market()
    chain.submit(.agreeLease(chain.agreement(chain.order())), by: "tenant")
    chain.advance(ticks: 1_000_001)
    chain.block()
    #expect(chain.lastEvents.map(\.name).contains("escrow_overdrawn"))
    func agree() -> String {
      chain.advance(ticks: 1)
      return chain.submit(.agreeLease(chain.agreement(chain.order(existing: [1]))), by: "tenant").codeText
    }
    #expect(agree() == "sdk/5")
    let top = Action.depositDeployment(
      chain.deployment(),
      amount: Coin(1_000, .uakt),
      depositor: chain.address("other")
    )
    chain.submit(top, by: "other")
    #expect(chain.query.escrow(of: chain.deployment(), at: chain.moment.tick)?.state == .overdrawn)
    chain.submit(.updateDeployment(chain.deployment(), manifestHash: .zero), by: "tenant")
    #expect(agree() == "supercloud/51")
    chain.submit(.updateDeployment(chain.deployment(), manifestHash: Fixture.manifest), by: "tenant")
    #expect(agree() == "")
    #expect(chain.query.escrow(of: chain.deployment(), at: chain.moment.tick)?.state == .open)
    chain.advance(ticks: 100)
    chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    // What is left goes back to whom it came from.
    #expect(chain.balance("other") == 1_000_000_000 - 5_000 - 500)
  }

  @Test func `granted deposits return to granter and grant`() throws {
    let chain = try TestChain.market()
    let grant = Grant(
      granter: chain.address("grantor"),
      grantee: chain.address("tenant"),
      kind: .deposits,
      limit: Coin(8_000_000, .uakt),
      expiresAt: chain.moment.time.advanced(byMilliseconds: 100_000_000)
    )
    chain.submit(.grant(grant), by: "grantor")
    var order = chain.order()
    order.depositor = chain.address("grantor")
    #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").isSuccess)
    chain.advance(ticks: 1_000)
    chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    #expect(chain.balance("grantor") == 1_000_000_000 - 5_000 - 5_000)
    let key = GrantKey(granter: grant.granter, grantee: grant.grantee, kind: .deposits, denomination: .uakt)
    #expect(chain.state.read(Tables.grants, key)?.limit == Amount(7_995_000))
  }

  @Test func `fee grants pay fees until they are used up or over`() throws {
    let chain = try TestChain(balances: ["grantor": [Coin(1_000_000, .uakt)], "poor": [Coin(10, .uakt)]])
    let (granter, poor) = (chain.address("grantor"), chain.address("poor"))
    func grant(_ limit: UInt64, lifetime: UInt64) {
      let grant = Grant(
        granter: granter,
        grantee: poor,
        kind: .fees,
        limit: Coin(limit, .uakt),
        expiresAt: chain.moment.time.advanced(byMilliseconds: lifetime)
      )
      chain.submit(.grant(grant), by: "grantor")
    }
    let fee = Fee(amount: Coin(5_000, .uakt), granter: granter)
    let send = Action.send(Send(from: poor, to: granter, amount: [Coin(1, .uakt)]))
    #expect(chain.submit(send, by: "poor", fee: fee).codeText == "sdk/4")
    grant(9_000, lifetime: 60_000)
    #expect(chain.submit(send, by: "poor", fee: fee).isSuccess)
    #expect(chain.submit(send, by: "poor", fee: fee).codeText == "sdk/5")
    grant(5_000, lifetime: 60_000)
    #expect(chain.submit(send, by: "poor", fee: fee).isSuccess)
    #expect(chain.submit(send, by: "poor", fee: fee).codeText == "sdk/4")
    grant(5_000, lifetime: 6_000)
    chain.advance(milliseconds: 6_000)
    #expect(chain.submit(send, by: "poor", fee: fee).codeText == "sdk/4")
    #expect(
      chain.state.scan(Tables.grants, limit: 5).isEmpty
        && chain.state.scan(Tables.grantsByGrantee, limit: 5).isEmpty
    )
  }

  @Test func `a provider cannot drop what a running lease needs`() throws {
    let chain = try TestChain.market(attributes: [("region", "us"), ("tier", "gold")])
    let wanted = PlacementRequirements(attributes: [Attribute(key: "region", value: "us")])
    for sequence in 1...3 as ClosedRange<UInt64> {
      chain.submit(
        .agreeLease(
          chain.agreement(chain.order("tenant", sequence, groups: [Fixture.group(requirements: wanted)]))
        ),
        by: "tenant"
      )
    }
    #expect(chain.state.scan(Tables.demands, limit: 10).count == 1)
    let less = chain.providerRecord("provider", attributes: [("tier", "gold")])
    #expect(chain.submit(.updateProvider(less), by: "provider").codeText == "provider/7")
    #expect(
      chain.submit(.leaveProvider(owner: chain.address("provider")), by: "provider").codeText
        == "supercloud/20"
    )
    for sequence in 1...3 as ClosedRange<UInt64> {
      chain.submit(.closeDeployment(chain.deployment("tenant", sequence)), by: "tenant")
    }
    #expect(chain.submit(.updateProvider(less), by: "provider").isSuccess)
    #expect(chain.submit(.leaveProvider(owner: chain.address("provider")), by: "provider").isSuccess)
  }

  @Test func `a stranger's deposits never shut the owner out`() throws {
    let chain = try TestChain.market()
    chain.submit(.agreeLease(chain.agreement(chain.order())), by: "tenant")
    let id = chain.deployment()
    try chain.perform { execution throws(Rejection) in
      for index in 0..<100 {
        let stranger = Address.module("stranger \(index)")
        try execution.create(Coin(1, .uakt), for: stranger)
        do throws(Rejection) {
          try execution.atomically { () throws(Rejection) in
            try execution.deposit(Amount(1), from: stranger, isGranted: false, to: id)
          }
        } catch {
          #expect(error == .lease(.tooManyDeposits(limit: 63)) && index >= 62)
        }
      }
    }
    for _ in 0..<3 {
      let deposit = Action.depositDeployment(id, amount: Coin(7, .uakt), depositor: chain.address("tenant"))
      #expect(chain.submit(deposit, by: "tenant").isSuccess)
    }
    #expect(chain.state.read(Tables.escrow, id)?.deposits.count == 64)
    chain.submit(.closeDeployment(id), by: "tenant")
    #expect(chain.balance(.escrow) == 0)
  }
}
