import Chain
import Cryptography
import Ledger
import Primitives
import Testing

@testable import Provider

@Suite struct BidEngineTests {
  private let order = Fixture.order()
  private let id = Fixture.digest(1)

  @Test func `an order that passes gets a bid with concrete devices at the sheet's price`() throws {
    var engine = Fixture.engine()
    let effects = engine.step(.orderAdded(id, order))
    let bid = try #require(effects.bids.first)
    #expect(bid.order == id)
    #expect(bid.provider == Fixture.provider)
    #expect(bid.expiresAt.milliseconds == 1_000 + 300_000)
    // The cheapest suitable model is offered for a wildcard.
    #expect(
      bid.groups[0].offer[0].resources.gpuAttributes.map(\.key) == [
        "vendor/nvidia/model/a100/ram/40Gi/interface/pcie"
      ]
    )
    #expect(bid.groups[0].price.description == "855.166667uusdc")
    #expect(engine.log.decisions(on: id).map(\.code) == ["bid"])
    #expect(effects.last == .capacityChanged)
    #expect(
      OfferCheck.fault(
        bid.groups[0].offer,
        for: order.groups[0].spec,
        attributes: Fixture.settings.recordAttributes,
        signed: { _ in nil }
      ) == nil
    )
  }

  @Test func `a bid never outlives its order, and the same order gets no second bid`() {
    var engine = Fixture.engine()
    let short = Fixture.order(expiresAt: 50_000)
    #expect(engine.step(.orderAdded(id, short)).bids.first?.expiresAt.milliseconds == 50_000)
    #expect(engine.step(.orderAdded(id, short)).isEmpty)
    #expect(engine.inventory.reservations.count == 1)
  }

  @Test func `an unregistered provider makes no bid until it is registered`() {
    var engine = Fixture.engine()
    _ = engine.step(.standing(.init(attributes: nil)))
    #expect(engine.step(.orderAdded(id, order)).isEmpty)
    #expect(engine.log.decisions(on: id).map(\.code) == ["declined_not_registered"])
  }

  @Test func `a record that does not state the GPU makes no bid`() {
    var engine = Fixture.engine()
    let some = Fixture.settings.recordAttributes.filter { !$0.key.hasSuffix("/pcie") }
    _ = engine.step(.standing(.init(attributes: some)))
    let exact = Fixture.order(specs: [Fixture.spec([Fixture.unit(keys: ["vendor/nvidia/model/a100"])])])
    #expect(engine.step(.orderAdded(id, exact)).isEmpty)
    #expect(engine.log.decisions(on: id).map(\.code) == ["declined_offer"])
    #expect(engine.inventory.reservations.isEmpty)
  }

  @Test func `groups of an order are answered one by one`() {
    var engine = Fixture.engine()
    let two = Fixture.order(specs: [Fixture.spec(), Fixture.spec([Fixture.unit(gpus: 9)])])
    let bids = engine.step(.orderAdded(id, two)).bids
    #expect(bids.first?.groups.map(\.sequence) == [1])
    #expect(engine.log.decisions(on: id).map(\.code) == ["bid", "declined_capacity"])
  }

  @Test func `the price may equal the maximum exactly`() {
    var engine = Fixture.engine()
    var spec = Fixture.spec()
    spec.units[0].price.amount = Decimal18("855.166667")!
    #expect(engine.step(.orderAdded(id, Fixture.order(specs: [spec]))).bids.count == 1)
  }

  @Test func `a lost order gives its room back at the next block, and not before`() {
    var engine = Fixture.engine()
    _ = engine.step(.orderAdded(id, order))
    #expect(engine.step(.orderRemoved(id, .agreed)).isEmpty)
    #expect(engine.inventory.reservations.count == 1)
    #expect(engine.step(.committed(Timestamp(milliseconds: 2_000))) == [.capacityChanged])
    #expect(engine.inventory.reservations.isEmpty)
    #expect(engine.log.decisions(on: id).map(\.code) == ["lost"])
  }

  @Test func `a lease that is reported after its order ended keeps what was bid`() {
    var engine = Fixture.engine()
    let bid = engine.step(.orderAdded(id, order)).bids[0]
    _ = engine.step(.orderRemoved(id, .agreed))
    _ = engine.step(.leaseOpened(Fixture.lease(), order: nil, offers: bid.groups[0].offer))
    _ = engine.step(.committed(Timestamp(milliseconds: 2_000)))
    #expect(engine.inventory.reservations.keys.map { $0 } == [.lease(Fixture.lease())])
    #expect(engine.log.decisions(on: id).map(\.code) == ["won"])
    #expect(engine.step(.leaseGone(Fixture.lease())) == [.capacityChanged])
    #expect(engine.inventory.reservations.isEmpty)
  }

  @Test func `refused and outbid bids give their room back at once`() {
    for (input, code) in [
      (BidEngine.Input.bidRejected(order: id, reason: "no"), "rejected"), (.outbid(order: id), "outbid"),
    ] {
      var engine = Fixture.engine()
      _ = engine.step(.orderAdded(id, order))
      #expect(engine.step(input) == [.capacityChanged])
      #expect(engine.log.decisions(on: id).map(\.code) == [code])
      #expect(engine.inventory.reservations.isEmpty)
    }
  }

  @Test func `an expired bid is made anew while its order lives`() {
    var engine = Fixture.engine()
    _ = engine.step(.orderAdded(id, order))
    let bids = engine.step(.committed(Timestamp(milliseconds: 301_000))).bids
    #expect(bids.first?.expiresAt.milliseconds == 601_000)
    #expect(engine.inventory.reservations.count == 1)
    #expect(engine.step(.committed(Timestamp(milliseconds: 3_600_000))).bids.isEmpty)
    #expect(engine.inventory.reservations.isEmpty)
    #expect(engine.log.decisions(on: id).map(\.code) == ["expired"])
  }

  @Test func `room that is given back goes to who waited for it`() {
    var engine = Fixture.engine()
    let all = Fixture.order(1, specs: [Fixture.spec([Fixture.unit(gpus: 8, price: 1_000_000)])])
    _ = engine.step(.orderAdded(Fixture.digest(1), all))
    let next = Fixture.order(2, specs: [Fixture.spec([Fixture.unit(gpus: 8, price: 1_000_000)])])
    #expect(engine.step(.orderAdded(Fixture.digest(2), next)).bids.isEmpty)
    let bids = engine.step(.outbid(order: Fixture.digest(1))).bids
    #expect(bids.map(\.order) == [Fixture.digest(2)])
  }

  @Test func `open bids count towards the limits, so that all of them may be taken`() {
    var settings = Fixture.settings
    settings.policy.maximumLeasesPerTenant = 2
    var engine = Fixture.engine(settings)
    for number in 1...3 as ClosedRange<UInt64> {
      _ = engine.step(.orderAdded(Fixture.digest(number), Fixture.order(number)))
    }
    #expect(engine.openBids == 2)
    #expect(engine.log.decisions(on: Fixture.digest(3)).map(\.code) == ["declined_tenant_limit"])
    let other = Fixture.order(4, owner: Fixture.address(3))
    #expect(engine.step(.orderAdded(Fixture.digest(4), other)).bids.count == 1)
  }

  @Test func `what a bid held for an order that its tenant took back is free with the next block`() {
    var engine = Fixture.engine()
    _ = engine.step(.orderAdded(id, order))
    _ = engine.step(.bidPublished(order: id, bid: Fixture.digest(99)))
    #expect(engine.inventory.reservations.count == 1)
    _ = engine.step(.orderRemoved(id, .withdrawn))
    #expect(engine.step(.committed(Timestamp(milliseconds: 2_000))).contains(.capacityChanged))
    #expect(engine.inventory.reservations.isEmpty)
    #expect(engine.log.decisions(on: id).map(\.code) == ["order_withdrawn"])
  }

  @Test func `draining withdraws every published bid and makes none`() {
    var engine = Fixture.engine()
    _ = engine.step(.orderAdded(id, order))
    _ = engine.step(.bidPublished(order: id, bid: Fixture.digest(99)))
    let effects = engine.step(.drain)
    #expect(
      effects.first
        == .withdraw(Withdrawal(object: Fixture.digest(99), expiresAt: Timestamp(milliseconds: 301_000)))
    )
    #expect(engine.inventory.reservations.isEmpty)
    #expect(engine.step(.orderAdded(Fixture.digest(2), Fixture.order(2))).isEmpty)
    #expect(engine.log.decisions(on: Fixture.digest(2)).map(\.code) == ["declined_draining"])
  }

  @Test func `a lease without a known bid is adopted, and told when there is no room`() {
    var engine = Fixture.engine()
    let offers = Fixture.engine().step2(order).groups[0].offer
    #expect(engine.step(.leaseOpened(Fixture.lease(5), order: nil, offers: offers)) == [.capacityChanged])
    var huge = offers
    huge[0].resources.cpuMillis = 64_000
    let effects = engine.step(.leaseOpened(Fixture.lease(6), order: nil, offers: huge))
    #expect(effects == [.overcommitted(Fixture.lease(6), .cpu(wanted: 64_000, free: 63_000))])
  }

  @Test func `a script's price makes the bid, its refusal the decline`() throws {
    var settings = Fixture.settings
    settings.policy.priceScript = "/price"
    var engine = Fixture.engine(settings)
    let effects = engine.step(.orderAdded(id, order))
    guard case .price(let request) = try #require(effects.first) else {
      Issue.record("no request")
      return
    }
    #expect(request.maximum == Decimal18(10_000))
    #expect(effects.bids.isEmpty)
    let bids = engine.step(.priced(order: id, group: 1, .success(Decimal18(77)))).bids
    #expect(bids[0].groups[0].price == DecimalCoin(Decimal18(77), .uusdc))
    #expect(engine.step(.priced(order: id, group: 1, .success(Decimal18(78)))).isEmpty)

    _ = engine.step(.orderAdded(Fixture.digest(2), Fixture.order(2)))
    let refused = engine.step(
      .priced(order: Fixture.digest(2), group: 1, .failure(.init(reason: "too small")))
    )
    #expect(refused.bids.isEmpty)
    #expect(
      engine.log.decisions(on: Fixture.digest(2)).first?.text == "the pricing program declined: too small"
    )
    #expect(engine.inventory.reservations.count == 1)
  }

  @Test func `a restart forgets neither bids nor reservations`() throws {
    var engine = Fixture.engine()
    _ = engine.step(.orderAdded(id, order))
    _ = engine.step(.bidPublished(order: id, bid: Fixture.digest(9)))
    let won = Fixture.order(2)
    let bid = engine.step(.orderAdded(Fixture.digest(2), won)).bids[0]
    _ = engine.step(.leaseOpened(Fixture.lease(2), order: Fixture.digest(2), offers: bid.groups[0].offer))
    var again = Fixture.engine()
    let lost = try again.restore(engine.encoded)
    #expect(lost.isEmpty)
    #expect(again.inventory == engine.inventory)
    #expect(again.answers == engine.answers)
    #expect(again.step(.orderAdded(id, order)).isEmpty)
    #expect(again.encoded == engine.encoded)
  }

  @Test func `damaged records are an error, not a trap`() {
    var engine = Fixture.engine()
    _ = engine.step(.orderAdded(id, order))
    let bytes = engine.encoded
    for count in 0..<bytes.count {
      var fresh = Fixture.engine()
      #expect(throws: DecodingError.self) { try fresh.restore(Array(bytes[..<count])) }
    }
  }

  @Test func `random orders, losses and wins never hold anything twice or leak`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    var engine = Fixture.engine()
    var leases: [LeaseID] = []
    var time: UInt64 = 2_000
    for number in 0..<UInt64(2_000) {
      switch random.next(below: 5) {
      case 0, 1:
        let unit = Fixture.unit(gpus: random.next(below: 5), price: 1_000_000)
        let order = Fixture.order(
          number + 1,
          owner: Fixture.address(UInt8(random.next(below: 5) + 10)),
          specs: [Fixture.spec([unit])],
          expiresAt: time + random.next(below: 60_000)
        )
        _ = engine.step(.orderAdded(Fixture.digest(number), order))
      case 2:
        guard let pick = engine.answers.keys.sorted().first, let order = engine.answers[pick]?.order else {
          continue
        }
        let lease = LeaseID(deployment: order.deployment, group: 1, order: 1, provider: Fixture.provider)
        let offers = engine.inventory.reservations[.bid(order: pick, group: 1)]?.offers ?? []
        _ = engine.step(.leaseOpened(lease, order: random.next(below: 2) == 0 ? pick : nil, offers: offers))
        leases.append(lease)
      case 3:
        if let pick = engine.answers.keys.sorted().last { _ = engine.step(.orderRemoved(pick, .withdrawn)) }
        if let lease = leases.popLast() { _ = engine.step(.leaseGone(lease)) }
      default:
        time += random.next(below: 10_000)
        _ = engine.step(.committed(Timestamp(milliseconds: time)))
      }
      let held = engine.inventory.reservations.values.flatMap { $0.units.flatMap(\.devices) }
      #expect(Set(held).count == held.count, "seed \(seed)")
      for holder in engine.inventory.reservations.keys {
        guard case .bid(let order, let group) = holder else { continue }
        #expect(engine.answers[order]?.groups.keys.contains(group) == true, "seed \(seed)")
      }
    }
    for lease in leases { _ = engine.step(.leaseGone(lease)) }
    _ = engine.step(.drain)
    #expect(engine.inventory.reservations.isEmpty, "seed \(seed)")
  }
}

extension BidEngine {
  /// The bid that an order gets.
  func step2(_ order: Order) -> Bid {
    var copy = self
    return copy.step(.orderAdded(Fixture.digest(0), order)).bids[0]
  }
}
