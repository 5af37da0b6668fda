import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// The reference chain's market cases. Orders and bids are gossip here: what is about them is asked of the admission
/// rules, what is about leases is done in transactions.
@Suite struct MarketTransitionTests {
  /// What the book decides, which `BookConformanceTests` of the gossip room plays.
  private static let ofTheBook: Set<String> = [
    "bid-no-order", "bid-twice", "bid-again-after-closing", "bid-count-20", "closebid-open",
    "closebid-missing", "lease-bid-closed",
  ]

  @Test func `market cases end as in the reference`() throws {
    let file = try ConformanceFile("market_transitions")
    var tally = ConformanceTally(file.name)
    for item in try file.list("cases") {
      let id = item.text("id")
      let expect = item.object("expect")
      let code = expect.flag("ok") ? "" : "\(expect.text("codespace"))/\(expect.number("code"))"
      if Self.ofTheBook.contains(id) {
        tally.leave(id, because: "the order book's: BookConformanceTests in GossipTests")
      } else if try replaced(id, &tally) {
        continue
      } else if id.hasPrefix("bid-") {
        try bid(id, code, &tally)
      } else {
        try lease(id, code, &tally)
      }
    }
    tally.finish()
  }

  /// What is otherwise here because orders and bids are signed objects: what takes its place.
  private func replaced(_ id: String, _ tally: inout ConformanceTally) throws -> Bool {
    let chain = try TestChain.market()
    chain.submit(.registerProvider(chain.providerRecord("other")), by: "other")
    let order = chain.order()
    let signed = chain.sign(order, by: "tenant")
    let bid = chain.bid("provider", on: signed, order)
    func agree() -> Bool { chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").isSuccess }
    func admission(_ bid: Bid) -> String? {
      OrderAdmission(on: chain.state, at: chain.moment)
        .check(bid: bid, for: order, identifier: signed.identifier)?.code.description
    }
    switch id {
    case "bid-price-invalid", "bid-empty-provider":
      let part = Array(
        (id == "bid-empty-provider" ? chain.address("provider").text() : "5000000000000000000").utf8
      )
      tally.differ(
        id,
        because: "such a bid does not decode",
        asHere: try isUndecodable(bid, without: part)
      )
    case "bid-deposit-low", "bid-deposit-denom", "bid-deposit-more":
      let before = chain.balance("provider")
      let isFree = admission(bid) == nil && chain.balance("provider") == before
      tally.differ(
        id,
        because: "a bid locks nothing; the agreement locks the currency's lease deposit",
        asHere: isFree && agree() && chain.balance("provider") == before - 500_000
          && chain.balance(.leaseDeposits) == 500_000
      )
    case "bid-order-active", "bid-order-closed", "lease-bid-lost":
      var holds = agree()
      if id == "bid-order-closed" {
        holds = holds && chain.submit(.closeDeployment(order.deployment), by: "tenant").isSuccess
      }
      let late = chain.bid("other", on: signed, order)
      let agreement = chain.agreement(order, provider: "other")
      holds = holds && admission(late) == "supercloud/50"
      holds = holds && chain.submit(.agreeLease(agreement), by: "tenant").codeText == "supercloud/50"
      tally.differ(id, because: "the order is agreed: no bid on it can be any more", asHere: holds)
    case "lease-no-order":
      var agreement = chain.agreement(order)
      agreement.order = agreement.bids[0]
      let code = chain.submit(.agreeLease(agreement), by: "tenant").codeText
      tally.differ(id, because: "an agreement carries its order", asHere: code == "supercloud/32")
    case "closelease-no-order", "closelease-order-open":
      let code = chain.submit(.closeLease(chain.lease()), by: "tenant").codeText
      tally.differ(id, because: "without a lease there is nothing to close", asHere: code == "market/20")
    case "closebid-no-order":
      let code = chain.submit(.resignLease(chain.lease(), reason: .unstable), by: "provider").codeText
      tally.differ(id, because: "without a lease there is nothing to leave", asHere: code == "market/8")
    case "closelease-group-not-open":
      let isUnknown = try chain.knowsNoMessage("/akash.deployment.v1beta4.MsgPauseGroup")
      tally.differ(id, because: "groups are not paused", asHere: isUnknown)
    case "order-one-active":
      let isAgreed = agree()
      let second = chain.agreement(chain.order(existing: [1]))
      let code = chain.submit(.agreeLease(second), by: "tenant").codeText
      tally.differ(
        id,
        because: "orders are free; a leased group takes no second lease",
        asHere: isAgreed && code == Rejection.lease(.groupLeased(1)).code.description
      )
    default: return false
    }
    return true
  }

  /// Whether a bid's bytes stop being one when a text in them is blanked.
  private func isUndecodable(_ bid: Bid, without text: [UInt8]) throws -> Bool {
    var bytes = bid.encoded
    #expect(try Bid(decoding: bytes) == bid)
    let field = [UInt8(text.count)] + text
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: field) })
    bytes.replaceSubrange((place + 1)...(place + text.count), with: text.map { _ in UInt8(ascii: " ") })
    return (try? Bid(decoding: bytes)) == nil
  }

  private func bid(_ id: String, _ code: String, _ tally: inout ConformanceTally) throws {
    let chain = try TestChain.market()
    let denomination = id == "bid-usdc-order" || id == "bid-price-denom-differs" ? TestChain.ibc : .uakt
    let wanted = id == "bid-attributes" ? [Attribute(key: "region", value: "us")] : []
    let group = Fixture.group(
      price: id == "bid-over-price" ? "1" : "10",
      denomination: denomination,
      gpus: id == "bid-capabilities" ? 1 : 0,
      gpu: id == "bid-capabilities" ? [Fixture.h100] : [],
      requirements: PlacementRequirements(attributes: wanted)
    )
    let order = chain.order(groups: [group], deposit: Coin(5_000_000, denomination))
    let signed = chain.sign(order, by: "tenant")
    let provider = id == "bid-unknown-provider" ? "stranger" : id == "bid-self" ? "tenant" : "provider"
    let price =
      ["bid-over-price": "9223372036854775807", "bid-equal-price": "10", "bid-zero-price": "0"][id] ?? "9"
    let bid = chain.bid(
      provider,
      on: signed,
      order,
      price: price,
      denomination: id == "bid-price-denom-differs" ? .uakt : nil
    )
    if id == "bid-poor-provider" {
      chain.submit(
        .send(
          Send(
            from: chain.address("provider"),
            to: chain.address("other"),
            amount: [Coin(chain.balance("provider") - 5_000 - 499_999, .uakt)]
          )
        ),
        by: "provider"
      )
    }
    let admission = OrderAdmission(on: chain.state, at: chain.moment)
    let rejection = admission.check(bid: bid, for: order, identifier: signed.identifier)
    let found = rejection?.code.description ?? ""
    switch id {
    case "bid-count-21":
      // The book's rejection has the reference's number; it counts live bids.
      tally.record(
        id,
        agrees: OrderRejection.orderBidLimit(20).code.description == code
          && chain.query.parameters[.orderMaximumBids] == 20
      )
    case "bid-price-denom-differs":
      tally.differ(id, because: "a clear code in place of an abort", asHere: found == "market/22")
    default: tally.record(id, agrees: found == code, "\(found) for \(code)")
    }
  }

  /// A deployment with one lease.
  private func leased() throws -> TestChain {
    let chain = try TestChain.market()
    #expect(chain.submit(.agreeLease(chain.agreement(chain.order())), by: "tenant").codeText == "")
    return chain
  }

  private func lease(_ id: String, _ code: String, _ tally: inout ConformanceTally) throws {
    switch id {
    case "lease-ok": try agreed(id, &tally)
    case "lease-no-bid", "lease-order-active", "lease-no-group", "lease-group-paused",
      "lease-escrow-overdrawn-now", "lease-escrow-closed", "lease-denom":
      try refusedAgreement(id, code, &tally)
    case _ where id.hasPrefix("closebid"): try resigned(id, code, &tally)
    case _ where id.hasPrefix("closelease"): try closed(id, code, &tally)
    case _ where id.hasPrefix("withdraw"): try withdrawn(id, code, &tally)
    case "order-sequence":
      let chain = try leased()
      for order in 1...2 {
        chain.submit(.closeLease(chain.lease(order: UInt32(order))), by: "tenant")
        chain.advance(ticks: 1)
        let again = chain.order(existing: [1])
        chain.submit(.agreeLease(chain.agreement(again)), by: "tenant")
      }
      tally.record(id, agrees: chain.query.lease(chain.lease(order: 3), at: 0)?.record.state == .active)
    case "group-closed-hook", "lease-closed-height":
      let chain = try leased()
      chain.advance(ticks: 1)
      chain.submit(
        id.hasPrefix("group") ? .closeDeployment(chain.deployment()) : .closeLease(chain.lease()),
        by: "tenant"
      )
      let record = chain.query.lease(chain.lease(), at: 0)?.record
      tally.record(
        id,
        agrees: record?.state == .closed && record?.closing?.moment.height == chain.moment.height
      )
    default: tally.record(id, agrees: false, "is not looked at")
    }
  }

  private func agreed(_ id: String, _ tally: inout ConformanceTally) throws {
    let chain = try leased()
    let group = chain.query.deployment(chain.deployment())?.groups.first?.record
    tally.record(
      id,
      agrees: chain.query.lease(chain.lease(), at: 0)?.record.state == .active && group?.state == .leased
        && chain.query.escrow(of: chain.deployment(), at: 0)?.state == .open
        && chain.balance(.leaseDeposits) == 500_000
    )
  }

  private func refusedAgreement(_ id: String, _ code: String, _ tally: inout ConformanceTally) throws {
    let chain = try leased()
    let order = chain.order(existing: [1])
    var agreement = chain.agreement(order)
    switch id {
    case "lease-no-bid":
      let other = chain.order("tenant", 2)
      agreement = chain.agreement(other)
      var bid = chain.bid("provider", on: agreement.order, other)
      bid.groups[0].sequence = 1
      agreement.bids = []
      agreement.choices = [.init(group: 1, bid: 0)]
    case "lease-order-active": agreement = chain.agreement(chain.order())
    case "lease-no-group": agreement = chain.agreement(chain.order(existing: [2]))
    case "lease-group-paused": break
    case "lease-escrow-overdrawn-now": chain.advance(ticks: 1_000_001)
    case "lease-escrow-closed": chain.submit(.closeDeployment(chain.deployment()), by: "tenant")
    default:
      chain.submit(.closeLease(chain.lease()), by: "tenant")
      let usdc = Fixture.group(denomination: .uusdc)
      agreement = chain.agreement(chain.order(groups: [usdc], deposit: Coin(0, .uusdc), existing: [1]))
    }
    if id == "lease-escrow-overdrawn-now" {
      chain.block()
      agreement = chain.agreement(chain.order(existing: [1]))
    }
    let receipt = chain.submit(.agreeLease(agreement), by: "tenant")
    let instead: [String: (code: String, reason: String)] = [
      "lease-order-active": ("supercloud/50", "the same order again: agreed already"),
      "lease-escrow-overdrawn-now": ("sdk/5", "the account is dry: it says what a first tick needs"),
      "lease-escrow-closed": ("deployment/5", "a closed account is a closed deployment"),
    ]
    if let (wanted, reason) = instead[id] {
      tally.differ(id, because: reason, asHere: receipt.codeText == wanted)
    } else {
      tally.record(id, agrees: receipt.codeText == code, "\(receipt.codeText) \(receipt.log)")
    }
  }

  private func resigned(_ id: String, _ code: String, _ tally: inout ConformanceTally) throws {
    let chain = try leased()
    switch id {
    case "closebid-active":
      let receipt = chain.submit(.resignLease(chain.lease(), reason: .unstable), by: "provider")
      let group = chain.query.deployment(chain.deployment())?.groups.first?.record
      let record = chain.query.lease(chain.lease(), at: 0)?.record
      tally.differ(
        id,
        because: "the provider's leaving reopens the group instead of pausing it",
        asHere: receipt.isSuccess && record?.state == .closed && group?.state == .open
          && record?.closing?.closer == .provider && chain.balance(.leaseDeposits) == 0
      )
    case "closebid-closed-after-lease":
      chain.submit(.closeLease(chain.lease()), by: "tenant")
      let receipt = chain.submit(.resignLease(chain.lease(), reason: .unstable), by: "provider")
      tally.record(id, agrees: receipt.codeText == code, receipt.codeText)
    default:
      let receipt = chain.submit(.resignLease(chain.lease(order: 2), reason: .unstable), by: "provider")
      tally.record(id, agrees: receipt.codeText == code, receipt.codeText)
    }
  }

  private func closed(_ id: String, _ code: String, _ tally: inout ConformanceTally) throws {
    let chain = try leased()
    switch id {
    case "closelease-ok":
      let receipt = chain.submit(.closeLease(chain.lease()), by: "tenant")
      let group = chain.query.deployment(chain.deployment())?.groups.first?.record
      tally.differ(
        id,
        because: "the group opens again, and the tenant signs the new order itself",
        asHere: receipt.isSuccess && group?.state == .open && group?.orders == 1
      )
    case "closelease-order-closed":
      chain.submit(.closeLease(chain.lease()), by: "tenant")
      let receipt = chain.submit(.closeLease(chain.lease()), by: "tenant")
      tally.differ(
        id,
        because: "the lease has ended; there is no order on the chain that could be closed",
        asHere: receipt.codeText == "market/10"
      )
    default:
      chain.advance(ticks: 1_000_001)
      let receipt = chain.submit(.closeLease(chain.lease()), by: "tenant")
      try dry(id, receipt, "market/10", chain, &tally)
    }
  }

  private func withdrawn(_ id: String, _ code: String, _ tally: inout ConformanceTally) throws {
    let chain = try leased()
    chain.advance(ticks: 10)
    switch id {
    case "withdraw-ok":
      let receipt = chain.submit(.withdrawLease(chain.lease()), by: "provider")
      let status = chain.query.lease(chain.lease(), at: chain.moment.tick)
      tally.record(
        id,
        agrees: receipt.isSuccess && status?.paid == Amount(50) && status?.record.state == .active
      )
    case "withdraw-no-lease":
      let receipt = chain.submit(.withdrawLease(chain.lease(order: 9)), by: "provider")
      tally.record(id, agrees: receipt.codeText == code, receipt.codeText)
    case "withdraw-closed":
      chain.submit(.closeLease(chain.lease()), by: "tenant")
      let receipt = chain.submit(.withdrawLease(chain.lease()), by: "provider")
      tally.record(id, agrees: receipt.codeText == code, receipt.codeText)
    default:
      chain.advance(ticks: 1_000_000)
      let receipt = chain.submit(.withdrawLease(chain.lease()), by: "provider")
      try dry(id, receipt, "escrow/7", chain, &tally)
    }
  }

  private func dry(
    _ id: String,
    _ receipt: Receipt,
    _ code: String,
    _ chain: TestChain,
    _ tally: inout ConformanceTally
  ) throws {
    let status = chain.query.lease(chain.lease(), at: chain.moment.tick)
    let group = chain.query.deployment(chain.deployment())?.groups.first?.record
    tally.differ(
      id,
      because:
        "an account that runs dry ends its leases by itself, at its tick; the deployment can be topped up",
      asHere: receipt.codeText == code && status?.record.state == .insufficientFunds && group?.state == .open
        && chain.query.deployment(chain.deployment())?.record.state == .active
        && status?.record.closing?.moment.tick == 1_000_000 && status?.paid == Amount(5_000_000)
        && chain.balance(.leaseDeposits) == 0
    )
  }
}
