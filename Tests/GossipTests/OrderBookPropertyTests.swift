import Chain
import Cryptography
import Gossip
import Primitives
import Testing

/// Random objects against a small book: whatever comes, its promises hold.
@Suite struct OrderBookPropertyTests {
  @Test(arguments: [UInt64](1...6))
  func `bounds hold, events tell the whole story, and what is left is what is owed`(
    seed: UInt64
  ) throws {
    var generator = SeededGenerator(seed: seed)
    var test = TestBook {
      $0.bytes = 120_000
      $0.ordersPerAccount = 4
      $0.bidsPerOrder = 3
      $0.heldBids = 5
      $0.heldBidsPerAccount = 3
      $0.withdrawalsPerAccount = 6
    }
    let accounts = (0..<6).map { key(100 + $0) }
    var identifiers: [Digest] = [.sha256([1])]
    var live: Set<Digest> = []
    var time = Timestamp.start
    for step in 0..<400 {
      let account = accounts[Int(generator.next(below: 6))]
      let target = identifiers[Int(generator.next(below: UInt64(identifiers.count)))]
      let expiry = time + (1 + generator.next(below: 40_000))
      let object =
        switch generator.next(below: 8) {
        case 0, 1: account.order(UInt64(step) + 1, expiresAt: expiry)
        case 2, 3, 4: account.bid(on: target, "\(1 + generator.next(below: 50))", expiresAt: expiry)
        case 5: account.signed(Withdrawal(object: target, expiresAt: expiry))
        case 6: account.signed(offer(by: account, sequence: UInt64(step), expiresAt: expiry))
        default: account.order(1 + generator.next(below: 5), expiresAt: .start + 40_000)
        }
      let outcome = try test.put(object)
      identifiers.append(object.identifier)
      if generator.next(below: 10) == 0 { test.book.close(order: target, events: &test.events) }
      if generator.next(below: 4) == 0 {
        time = time + generator.next(below: 4_000)
        test.book.advance(to: time, events: &test.events)
      }
      let comment: Comment = "seed \(seed) step \(step) \(outcome)"
      for event in test.takeEvents() {
        switch event {
        case .orderAdded(let added): #expect(live.insert(added.identifier).inserted, comment)
        case .bidHeld(let added): #expect(live.insert(added.identifier).inserted, comment)
        case .withdrawalAdded(let added): #expect(live.insert(added.identifier).inserted, comment)
        case .offerUpdated(let added): #expect(live.insert(added.identifier).inserted, comment)
        case .bidAdded(let added):
          live.insert(added.identifier)
          #expect(
            test.book.order(added.content.order) != nil || !test.book.contains(added.identifier),
            "seed \(seed)"
          )
        case .removed(let removed, _): #expect(live.remove(removed.identifier) != nil, comment)
        }
      }
      #expect(live.sorted() == test.book.liveIdentifiers, "seed \(seed) step \(step) \(outcome)")
      #expect(test.book.bytes <= 120_000, "seed \(seed) step \(step)")
      check(test.book, time: time, seed: seed)
    }
    test.book.advance(to: time + 50_000, events: &test.events)
    #expect(test.book.count == 0 && test.book.bytes == 0 && test.book.bidCount == 0, "seed \(seed)")
  }

  private func check(_ book: OrderBook, time: Timestamp, seed: UInt64) {
    for entry in book.orders {
      let bids = book.bids(for: entry.object.identifier)
      #expect(bids.count <= 3, "seed \(seed)")
      #expect(Set(bids.map(\.account)).count == bids.count, "seed \(seed): one bid per provider")
      let prices = bids.compactMap { entry -> UInt128? in
        if case .bid(let bid) = entry.content { bid.rankingPrice } else { nil }
      }
      #expect(prices == prices.sorted(), "seed \(seed): cheapest first")
      #expect(entry.content.expiresAt > time, "seed \(seed)")
    }
  }
}
