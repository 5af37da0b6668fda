import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Every way in which a lease ends: who, why, when, and what becomes of money and group.
@Suite struct LeaseEndingTests {
  private func leased(window: UInt64 = 0, denomination: Denomination = .uakt) throws -> TestChain {
    let chain = try TestChain.market()
    let group = Fixture.group(denomination: denomination)
    let order = chain.order(groups: [group], deposit: Coin(5_000_000, denomination))
    #expect(chain.submit(.agreeLease(chain.agreement(order, window: window)), by: "tenant").codeText == "")
    chain.advance(ticks: 10)
    return chain
  }

  private func expectEnded(
    _ chain: TestChain,
    _ events: [Event],
    by closer: Closer,
    _ reason: LeaseCloseReason,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let record = chain.query.lease(chain.lease(), at: chain.moment.tick)?.record
    let expected: LeaseRecord.State = reason == .insufficientFunds ? .insufficientFunds : .closed
    #expect(record?.state == expected, sourceLocation: sourceLocation)
    #expect(record?.closing?.closer == closer, sourceLocation: sourceLocation)
    #expect(record?.closing?.reason == reason, sourceLocation: sourceLocation)
    let price = DecimalCoin(Decimal18(5), .uakt)
    let told = Event.leaseClosed(lease: chain.lease(), price: price, actor: closer, reason: reason)
    #expect(events.contains(told), sourceLocation: sourceLocation)
    let released = Event.leaseDepositReleased(lease: chain.lease(), coin: Coin(500_000, .uakt))
    #expect(events.contains(released) && chain.balance(.leaseDeposits) == 0, sourceLocation: sourceLocation)
  }

  @Test func `the tenant ends a lease, and the group is free for a new order`() throws {
    let chain = try leased()
    let receipt = chain.submit(.closeLease(chain.lease()), by: "tenant")
    expectEnded(chain, receipt.events, by: .tenant, .owner)
    #expect(chain.query.deployment(chain.deployment())?.groups.first?.record.state == .open)
    #expect(chain.submit(.agreeLease(chain.agreement(chain.order(existing: [1]))), by: "tenant").isSuccess)
    // Only the tenant may.
    #expect(chain.submit(.closeLease(chain.lease(order: 2)), by: "provider").codeText == "sdk/4")
    #expect(chain.submit(.closeLease(chain.lease(order: 2)), by: "other").codeText == "sdk/4")
  }

  @Test(arguments: [LeaseCloseReason.unstable, .decommission, .unspecified, .manifestTimeout])
  func `a provider that promised no notice leaves at once, with its reason`(reason: LeaseCloseReason) throws {
    let chain = try leased()
    let receipt = chain.submit(.resignLease(chain.lease(), reason: reason), by: "provider")
    expectEnded(chain, receipt.events, by: .provider, reason)
    #expect(chain.query.deployment(chain.deployment())?.groups.first?.record.state == .open)
    #expect(chain.query.escrow(of: chain.deployment(), at: chain.moment.tick)?.funds == Decimal18(4_999_950))
  }

  @Test(arguments: [LeaseCloseReason.owner, .insufficientFunds, .deploymentClosed])
  func `a provider may not give another's reason`(reason: LeaseCloseReason) throws {
    let chain = try leased()
    #expect(
      chain.submit(.resignLease(chain.lease(), reason: reason), by: "provider").codeText == "supercloud/52"
    )
    #expect(chain.submit(.resignLease(chain.lease(), reason: .unstable), by: "tenant").codeText == "sdk/4")
  }

  @Test func `closing the deployment ends all its leases and says so`() throws {
    let chain = try leased()
    let receipt = chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    expectEnded(chain, receipt.events, by: .tenant, .deploymentClosed)
    #expect(
      receipt.events.last == .deploymentClosed(deployment: chain.deployment(), actor: .tenant, reason: .owner)
    )
    #expect(chain.query.deployment(chain.deployment())?.groups.first?.record.state == .closed)
    #expect(chain.query.deployments(of: chain.address("tenant"), state: .closed).count == 1)
  }

  @Test func `money that runs out ends a lease at its tick, whenever the block comes`() throws {
    for late in [1, 77, 5_000] as [UInt64] {
      let chain = try leased()
      chain.advance(ticks: 1_000_000 - 10 + late)
      let events = chain.block().events
      expectEnded(chain, events, by: .ledger, .insufficientFunds)
      #expect(events.contains(.escrowOverdrawn(deployment: chain.deployment(), tick: 1_000_000)))
      let lease = chain.query.lease(chain.lease(), at: chain.moment.tick)
      #expect(lease?.record.closing?.moment.tick == 1_000_000 && lease?.earned == Decimal18(5_000_000))
      // One tick earlier it still ran.
      let early = try leased()
      early.advance(ticks: 1_000_000 - 10)
      early.block()
      #expect(early.query.lease(early.lease(), at: early.moment.tick)?.record.state == .active)
    }
  }

  @Test func `a lease under notice earns on, and its tenant need not wait`() throws {
    let chain = try leased(window: 90_000)
    let announced = chain.submit(.startReclamation(chain.lease(), reason: .decommission), by: "provider")
    let deadline = chain.moment.time.advanced(byMilliseconds: 90_000).milliseconds
    #expect(
      announced.events == [
        .reclamationStarted(lease: chain.lease(), deadline: deadline, reason: .decommission)
      ]
    )
    #expect(chain.query.runningLeaseCount(of: chain.address("provider")) == 1)
    #expect(chain.query.runningLeases(of: chain.address("provider"), at: 0).count == 1)
    chain.advance(ticks: 5)
    #expect(chain.query.lease(chain.lease(), at: chain.moment.tick)?.earned == Decimal18(75))
    #expect(chain.submit(.withdrawLease(chain.lease()), by: "provider").isSuccess)
    let receipt = chain.submit(.closeLease(chain.lease()), by: "tenant")
    expectEnded(chain, receipt.events, by: .tenant, .owner)
    #expect(
      chain.submit(.resignLease(chain.lease(), reason: .decommission), by: "provider").codeText == "market/10"
    )
  }

  @Test func `a lease under notice that runs dry ends for want of money`() throws {
    let chain = try leased(window: 3_600_000_000)
    #expect(chain.submit(.startReclamation(chain.lease(), reason: .unstable), by: "provider").isSuccess)
    chain.advance(ticks: 1_000_000)
    expectEnded(chain, chain.block().events, by: .ledger, .insufficientFunds)
  }

  @Test func `only the provider announces, and only of a lease that runs`() throws {
    let chain = try leased(window: 90_000)
    let start = Action.startReclamation(chain.lease(), reason: .unstable)
    #expect(chain.submit(start, by: "tenant").codeText == "sdk/4")
    chain.submit(.closeLease(chain.lease()), by: "tenant")
    #expect(chain.submit(start, by: "provider").codeText == "market/10")
    #expect(
      chain.submit(.startReclamation(chain.lease(order: 7), reason: .unstable), by: "provider").codeText
        == "market/8"
    )
  }

  @Test func `a promise of no notice can be announced and is due at once`() throws {
    let chain = try leased()
    #expect(chain.submit(.startReclamation(chain.lease(), reason: .unstable), by: "provider").isSuccess)
    #expect(chain.submit(.resignLease(chain.lease(), reason: .unstable), by: "provider").isSuccess)
  }
}
