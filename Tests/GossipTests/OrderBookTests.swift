import Chain
import Cryptography
import Primitives
import Testing

@testable import Gossip

/// A book with its events, and a ledger that admits everything unless told otherwise.
struct TestBook {
  var book: OrderBook
  var events: [OrderBook.Event] = []
  var inadmissible: Set<Digest> = []

  init(_ change: (inout OrderBook.Limits) -> Void = { _ in }) {
    var limits = OrderBook.Limits()
    change(&limits)
    book = OrderBook(limits: limits, time: .start)
  }

  @discardableResult
  mutating func put(_ object: SignedObject) throws -> String {
    let inadmissible = inadmissible
    let content = try MarketObject(object)
    let outcome: OrderBook.Outcome<String> = book.insert(object, content, events: &events) { content, order in
      if case .bid(let bid) = content, order != nil, inadmissible.contains(bid.order) { return "no match" }
      return inadmissible.contains(object.identifier) ? "no balance" : nil
    }
    return "\(outcome)"
  }

  /// The events since the last call.
  mutating func takeEvents() -> [OrderBook.Event] {
    defer { events = [] }
    return events
  }
}

/// The event that tells of `object` in the book, with its content.
func added(_ object: SignedObject) throws -> OrderBook.Event {
  switch try MarketObject(object) {
  case .order(let order): .orderAdded(.init(object, order))
  case .bid(let bid): .bidAdded(.init(object, bid))
  case .withdrawal(let withdrawal): .withdrawalAdded(.init(object, withdrawal))
  case .offer(let offer): .offerUpdated(.init(object, offer))
  }
}

/// The event that tells of a bid whose order has not come.
func held(_ object: SignedObject) throws -> OrderBook.Event {
  .bidHeld(.init(object, try Bid(decoding: object.body)))
}

/// The event that tells of an object that left, with its content.
func removed(_ object: SignedObject, _ removal: OrderBook.RemovalReason) throws -> OrderBook.Event {
  .removed(.init(object, try MarketObject(object)), removal)
}

@Suite struct OrderBookTests {
  let tenant = key(1)
  let provider = key(2)

  @Test func `an order is added once and expires by consensus time`() throws {
    var test = TestBook()
    let order = tenant.order(expiresAt: .start + 1_000)
    #expect(try test.put(order) == "accepted")
    #expect(try test.put(order) == "duplicate")
    #expect(try test.takeEvents() == [added(order)])
    test.book.advance(to: .start + 999, events: &test.events)
    #expect(test.book.contains(order.identifier))
    test.book.advance(to: .start + 1_000, events: &test.events)
    #expect(try test.takeEvents() == [removed(order, .expired)])
    #expect(test.book.count == 0 && test.book.bytes == 0)
    #expect(try test.put(order) == "refused(Gossip.OrderBook.Refusal.expired)")
  }

  @Test func `an order may not expire more than the lifetime ahead`() throws {
    var test = TestBook { $0.lifetime = 5_000 }
    #expect(try test.put(tenant.order(expiresAt: .start + 5_001)).contains("expiresTooFar"))
    #expect(try test.put(tenant.order(expiresAt: .start + 5_000)) == "accepted")
  }

  @Test func `an object must be signed by the account that it speaks for`() throws {
    var test = TestBook()
    let stranger = key(9)
    #expect(try test.put(stranger.signed(GossipTests.order(by: tenant))).contains("wrongSigner"))
    #expect(try test.put(stranger.signed(bid(by: provider, on: .zero, price: "1"))).contains("wrongSigner"))
    #expect(try test.put(stranger.signed(offer(by: provider))).contains("wrongSigner"))
    let outcome: OrderBook.Outcome<Never> = .refused(.wrongSigner)
    #expect(outcome.judgement == .malformed)
  }

  @Test func `bids are sorted by price and the dearest gives way when the order is full`() throws {
    var test = TestBook { $0.bidsPerOrder = 3 }
    let order = tenant.order()
    try test.put(order)
    var bids: [SignedObject] = []
    for number in 0..<3 {
      let bid = key(10 + UInt64(number)).bid(on: order.identifier, "\(50 - 10 * number)")
      #expect(try test.put(bid) == "accepted")
      bids.append(bid)
    }
    #expect(
      test.book.bids(for: order.identifier).map(\.object.identifier) == bids.map(\.identifier).reversed()
    )
    #expect(try test.put(key(20).bid(on: order.identifier, "60")).contains("tooDear"))
    _ = test.takeEvents()
    let cheaper = key(21).bid(on: order.identifier, "35")
    #expect(try test.put(cheaper) == "accepted")
    #expect(
      try test.takeEvents() == [
        removed(bids[0], .outbid), added(cheaper),
      ]
    )
    #expect(
      test.book.bids(for: order.identifier).map(\.object.identifier) == [
        bids[2].identifier, cheaper.identifier, bids[1].identifier,
      ]
    )
  }

  @Test func `a vote for fewer bids per order drops the dearest ones`() throws {
    var test = TestBook { $0.bidsPerOrder = 4 }
    let order = tenant.order()
    try test.put(order)
    let bids = try (0..<4).map { number in
      let bid = key(10 + UInt64(number)).bid(on: order.identifier, "\(10 + number)")
      try test.put(bid)
      return bid
    }
    _ = test.takeEvents()
    var parameters = Parameters()
    parameters[.orderMaximumBids] = 2
    test.book.adopt(parameters, events: &test.events)
    #expect(try test.takeEvents() == [removed(bids[2], .outbid), removed(bids[3], .outbid)])
    #expect(
      test.book.bids(for: order.identifier).map(\.object.identifier) == bids.prefix(2).map(\.identifier)
    )
    #expect(test.book.bidCount == 2)
    parameters[.orderMaximumBids] = 3
    test.book.adopt(parameters, events: &test.events)
    #expect(test.takeEvents().isEmpty)
    #expect(try test.put(key(30).bid(on: order.identifier, "90")) == "accepted")
  }

  @Test func `a bid for all groups is ranked by its mean price`() throws {
    var test = TestBook()
    let order = tenant.order(groups: 2)
    try test.put(order)
    let both = key(10).bid(on: order.identifier, "10", groups: 2)
    let one = key(11).bid(on: order.identifier, "15")
    try test.put(one)
    try test.put(both)
    #expect(
      test.book.bids(for: order.identifier).map(\.object.identifier) == [both.identifier, one.identifier]
    )
  }

  @Test func `a provider has one live bid per order and the one that lives longer replaces the other`() throws
  {
    var test = TestBook()
    let order = tenant.order()
    try test.put(order)
    let first = provider.bid(on: order.identifier, "10", expiresAt: .start + 100_000)
    let second = provider.bid(on: order.identifier, "12", expiresAt: .start + 200_000)
    try test.put(first)
    #expect(try test.put(second).contains("replaced"))
    #expect(try test.put(first).contains("notNewer"))
    #expect(test.book.bids(for: order.identifier).map(\.object.identifier) == [second.identifier])
  }

  @Test func `equally long-lived bids are replaced by identifier, whatever came first`() throws {
    let order = tenant.order()
    let bids = ["10", "11"].map { provider.bid(on: order.identifier, $0) }
    let winner = bids.map(\.identifier).max()
    for sequence in [bids, bids.reversed()] {
      var test = TestBook()
      try test.put(order)
      for bid in sequence { try test.put(bid) }
      #expect(test.book.bids(for: order.identifier).map(\.object.identifier) == [winner])
    }
  }

  @Test func `a bid that overtakes its order waits for it`() throws {
    var test = TestBook()
    let order = tenant.order()
    let bid = provider.bid(on: order.identifier, "10")
    #expect(try test.put(bid) == "accepted")
    #expect(try test.takeEvents() == [held(bid)])
    #expect(test.book.bids(for: order.identifier).isEmpty)
    try test.put(order)
    #expect(
      try test.takeEvents() == [added(order), added(bid)]
    )
    #expect(test.book.bids(for: order.identifier).map(\.object.identifier) == [bid.identifier])
  }

  @Test func `a held bid that the ledger does not admit goes when its order comes`() throws {
    var test = TestBook()
    let order = tenant.order()
    let bid = provider.bid(on: order.identifier, "10")
    try test.put(bid)
    _ = test.takeEvents()
    test.inadmissible = [order.identifier]
    // The order itself is admitted here: only the bid's match is at stake.
    let content = try MarketObject(order)
    let outcome: OrderBook.Outcome<String> = test.book.insert(order, content, events: &test.events) {
      content,
      _ in
      if case .bid = content { "no match" } else { nil }
    }
    #expect(outcome.isLive)
    #expect(
      try test.takeEvents() == [added(order), removed(bid, .inadmissible)]
    )
  }

  @Test func `held bids are bounded in all and per provider`() throws {
    var test = TestBook {
      $0.heldBids = 3
      $0.heldBidsPerAccount = 2
    }
    let orders = (1...3).map { Digest.sha256([UInt8($0)]) }
    #expect(try test.put(provider.bid(on: orders[0], "1")) == "accepted")
    #expect(try test.put(provider.bid(on: orders[1], "1")) == "accepted")
    #expect(try test.put(provider.bid(on: orders[2], "1")).contains("accountFull"))
    #expect(try test.put(key(3).bid(on: orders[2], "1")) == "accepted")
    #expect(try test.put(key(4).bid(on: orders[2], "1")).contains("accountFull"))
  }

  @Test func `only the author takes an object back, and it stays away`() throws {
    var test = TestBook()
    let order = tenant.order()
    try test.put(order)
    let bid = provider.bid(on: order.identifier, "5")
    try test.put(bid)
    let theirs = key(9).signed(Withdrawal(object: order.identifier, expiresAt: .start + 600_000))
    #expect(try test.put(theirs).contains("notOwner"))
    let short = tenant.signed(Withdrawal(object: order.identifier, expiresAt: .start + 599_999))
    #expect(try test.put(short).contains("withdrawalTooShort"))
    _ = test.takeEvents()
    let own = tenant.signed(Withdrawal(object: order.identifier, expiresAt: .start + 600_000))
    #expect(try test.put(own) == "accepted")
    #expect(try test.takeEvents() == [removed(bid, .closed), removed(order, .withdrawn), added(own)])
    #expect(test.book.bidCount == 0 && test.book.orderCount == 0)
    #expect(try test.put(order).contains("withdrawn"))
  }

  @Test func `a withdrawal that comes first keeps its object away, but not another's`() throws {
    var test = TestBook()
    let order = tenant.order()
    try test.put(key(9).signed(Withdrawal(object: order.identifier, expiresAt: .start + 600_000)))
    #expect(try test.put(order) == "accepted")
    let bid = provider.bid(on: order.identifier, "5")
    try test.put(provider.signed(Withdrawal(object: bid.identifier, expiresAt: .start + 300_000)))
    #expect(try test.put(bid).contains("withdrawn"))
  }

  @Test
  func `a withdrawal that comes first needs the ledger's leave, one of an object that is here does not`()
    throws
  {
    var test = TestBook()
    let order = tenant.order()
    let own = tenant.signed(Withdrawal(object: order.identifier, expiresAt: .start + 600_000))
    test.inadmissible = [own.identifier]
    #expect(try test.put(own).contains("no balance"))
    #expect(try test.put(order) == "accepted")
    #expect(try test.put(own) == "accepted")
    #expect(test.book.orderCount == 0)
  }

  @Test func `an agreed order leaves with its bids and cannot come back`() throws {
    var test = TestBook()
    let order = tenant.order()
    try test.put(order)
    let bid = provider.bid(on: order.identifier, "5")
    try test.put(bid)
    _ = test.takeEvents()
    test.book.close(order: order.identifier, events: &test.events)
    #expect(
      try test.takeEvents() == [
        removed(bid, .closed), removed(order, .closed),
      ]
    )
    #expect(try test.put(order).contains("orderClosed"))
    #expect(try test.put(key(5).bid(on: order.identifier, "1")).contains("orderClosed"))
  }

  @Test func `the newest offer of a provider is the one that counts`() throws {
    var test = TestBook()
    let first = provider.signed(offer(by: provider, sequence: 1))
    let second = provider.signed(offer(by: provider, sequence: 2, free: 1))
    #expect(try test.put(second) == "accepted")
    #expect(try test.put(first).contains("notNewer"))
    #expect(test.book.offer(of: provider.address)?.gpus.first?.free == 1)
    let third = provider.signed(offer(by: provider, sequence: 3, free: 2))
    _ = test.takeEvents()
    #expect(try test.put(third).contains("replaced"))
    #expect(try test.takeEvents() == [removed(second, .replaced), added(third)])
    #expect(test.book.offerCount == 1)
  }

  @Test func `an account has a bounded number of live orders`() throws {
    var test = TestBook { $0.ordersPerAccount = 2 }
    #expect(try test.put(tenant.order(1)) == "accepted")
    #expect(try test.put(tenant.order(2)) == "accepted")
    #expect(try test.put(tenant.order(3)).contains("accountFull"))
    #expect(try test.put(key(7).order(1)) == "accepted")
  }

  @Test func `a full book takes room from whoever holds most`() throws {
    var test = TestBook {
      $0.bytes = 40_000
      $0.ordersPerAccount = 1_000
    }
    let greedy = key(30)
    var sequence: UInt64 = 0
    repeat {
      sequence += 1
    } while try test.put(greedy.order(sequence, expiresAt: .start + 1_000 + sequence)) == "accepted"
    #expect(try test.put(greedy.order(sequence + 1)).contains("bookFull"))
    _ = test.takeEvents()
    let modest = tenant.order()
    #expect(try test.put(modest) == "accepted")
    // What expires first goes first.
    #expect(
      try test.events.first == removed(greedy.order(1, expiresAt: .start + 1_001), .evicted)
    )
    #expect(test.book.contains(modest.identifier))
    #expect(test.book.bytes <= 40_000)
  }

  @Test func `what the ledger does not admit changes nothing`() throws {
    var test = TestBook()
    let order = tenant.order()
    test.inadmissible = [order.identifier]
    #expect(try test.put(order) == #"inadmissible("no balance")"#)
    #expect(test.book.count == 0 && test.events.isEmpty && test.book.bytes == 0)
  }

  @Test func `orders are found by the beginning of their identifier`() throws {
    var test = TestBook()
    let orders = (1...8).map { tenant.order($0) }
    for order in orders { try test.put(order) }
    let prefix = String(orders[3].identifier.description.prefix(12)).uppercased()
    #expect(test.book.orders(withPrefix: prefix).map(\.object.identifier) == [orders[3].identifier])
    #expect(test.book.orders.map(\.object.identifier) == orders.map(\.identifier))
    #expect(test.book.orders(of: tenant.address).count == 8)
  }

  @Test func `the book survives a restart`() throws {
    var test = TestBook()
    let order = tenant.order()
    for object in [order, provider.bid(on: order.identifier, "5"), provider.signed(offer(by: provider))] {
      try test.put(object)
    }
    var restored = TestBook()
    for object in test.book.objects { try restored.put(object) }
    #expect(restored.book.liveIdentifiers == test.book.liveIdentifiers)
    #expect(restored.book.objects == test.book.objects)
  }

  @Test func `the GPU market sums capacity and gives the low and the middle price`() throws {
    var test = TestBook()
    let offers: [(model: String, free: UInt32, price: String, declared: Bool)] = [
      ("h100", 2, "10", false), ("h100", 4, "30", true), ("h100", 9, "20", false), ("a100", 1, "7", false),
    ]
    for (number, entry) in offers.enumerated() {
      let provider = key(40 + UInt64(number))
      try test.put(
        provider.signed(
          offer(
            by: provider,
            model: entry.model,
            free: entry.free,
            price: entry.price,
            declared: entry.declared
          )
        )
      )
    }
    let rows = test.book.gpuMarket
    #expect(rows.map(\.model) == ["a100", "h100"])
    // More free than there are is taken for all.
    #expect(
      rows[1].free == 2 + 4 + 8 && rows[1].total == 24 && rows[1].providers == 3 && rows[1].declared == 8
    )
    #expect(
      rows[1].prices == [
        .init(denomination: .uakt, low: Decimal18("10")!, median: Decimal18("20")!)
      ]
    )
  }
}
