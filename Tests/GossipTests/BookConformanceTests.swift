import Chain
import Cryptography
import Foundation
import Gossip
import Primitives
import Testing
import Vectors

/// The reference chain's market cases that are the order book's here: bids are gossip and never on the chain.
@Suite struct BookConformanceTests {
  /// What the reference expects (`ok`, or codespace/code) and how it is here, where it differs.
  private static let cases: [(id: String, expected: String, differs: String?)] = [
    ("bid-no-order", "market/15", "a bid that overtakes its order waits for it, unseen"),
    ("bid-twice", "market/21", "a bid that lives longer replaces the one before; any other is refused"),
    ("bid-again-after-closing", "market/21", "a provider may bid anew after a withdrawal"),
    ("bid-count-20", "ok", "the limit is 20 live bids, the cheapest: a dearer one is refused"),
    ("closebid-open", "ok", nil),
    ("closebid-missing", "market/6", "a withdrawal may overtake its bid, which then does not come"),
    ("lease-bid-closed", "market/12", nil),
  ]

  @Test(arguments: cases.map(\.id))
  func `bids come and go as in the reference, or otherwise on purpose`(id: String) throws {
    let place = try #require(Self.cases.first { $0.id == id })
    #expect(try Self.expectation(of: id) == place.expected)
    var test = TestBook()
    let (tenant, provider) = (key(1), key(2))
    let order = tenant.order()
    let bid = provider.bid(on: order.identifier, "10", expiresAt: .start + 100_000)
    func live() -> [Digest] { test.book.bids(for: order.identifier).map(\.object.identifier) }
    func withdrawal(_ object: SignedObject) -> SignedObject {
      provider.signed(Withdrawal(object: object.identifier, expiresAt: .start + 600_000))
    }
    if id != "bid-no-order" { #expect(try test.put(order) == "accepted") }
    switch id {
    case "bid-no-order":
      #expect(try test.put(bid) == "accepted")
      #expect(live().isEmpty && test.book.bidCount == 0)
    case "bid-twice":
      #expect(try test.put(bid) == "accepted")
      #expect(
        try test.put(provider.bid(on: order.identifier, "9", expiresAt: .start + 99_999)).contains("notNewer")
      )
      #expect(
        try test.put(provider.bid(on: order.identifier, "9", expiresAt: .start + 100_001)).contains(
          "replaced"
        )
      )
      #expect(live().count == 1)
    case "bid-again-after-closing":
      #expect(try test.put(bid) == "accepted")
      #expect(try test.put(withdrawal(bid)) == "accepted")
      let again = provider.bid(on: order.identifier, "9", expiresAt: .start + 100_001)
      #expect(try test.put(again) == "accepted")
      #expect(live() == [again.identifier])
    case "bid-count-20":
      for number in 0..<20 {
        #expect(try test.put(key(100 + UInt64(number)).bid(on: order.identifier, "10")) == "accepted")
      }
      #expect(try test.put(key(200).bid(on: order.identifier, "11")).contains("tooDear"))
      #expect(try test.put(key(201).bid(on: order.identifier, "9")) == "accepted")
      #expect(live().count == 20)
    case "closebid-open":
      #expect(try test.put(bid) == "accepted")
      #expect(try test.put(withdrawal(bid)) == "accepted")
      #expect(live().isEmpty && test.book.contains(order.identifier))
    case "closebid-missing":
      #expect(try test.put(withdrawal(bid)) == "accepted")
      #expect(try test.put(bid).contains("withdrawn"))
      #expect(live().isEmpty)
    default:
      // Who chooses among the live bids does not see it any more.
      #expect(try test.put(bid) == "accepted")
      #expect(try test.put(withdrawal(bid)) == "accepted")
      #expect(try test.put(bid).contains("withdrawn") && live().isEmpty)
    }
  }

  private static func expectation(of id: String) throws -> String {
    let root = try Vectors.object("market/market_transitions.json")
    let cases = try #require(root["cases"] as? [[String: Any]])
    let expect = try #require(cases.first { $0["id"] as? String == id }?["expect"] as? [String: Any])
    if expect["ok"] as? Bool == true { return "ok" }
    return "\(expect["codespace"] as? String ?? "")/\((expect["code"] as? NSNumber)?.intValue ?? 0)"
  }
}
