import Cryptography
import Primitives
import Testing

@testable import API
@testable import Chain

/// What a node says of a bid counts for nothing; what the provider has signed counts.
@Suite struct BidGatheringTests {
  private let order = Digest.sha256("order".utf8)

  private func key(_ byte: UInt8) throws -> SigningKey {
    try #require(SigningKey(seed: [UInt8](repeating: byte, count: 32)))
  }

  private func chain() throws -> ChainID { try #require(ChainID(FakeChain.name)) }

  /// A bid of the provider with the key `provider`, signed by `signer`.
  private func bid(of provider: UInt8, signer: UInt8, price: String, on order: Digest) throws -> Answer.Bid {
    let price = DecimalCoin(try #require(Decimal18(price)), .uakt)
    let bid = Bid(
      order: order,
      provider: try key(provider).address,
      groups: [Bid.Group(sequence: 1, price: price, offer: [])],
      expiresAt: Timestamp(milliseconds: 1_800_000_000_000)
    )
    let signed = SignedObject(kind: .bid, body: bid.encoded, signer: try key(signer), chain: try chain())
    return Answer.Bid(bid, object: signed)
  }

  @Test func `a price that the node makes up is replaced by the signed one`() throws {
    var claimed = try bid(of: 1, signer: 1, price: "25", on: order)
    claimed.groups[0].price = "0.1"
    claimed.groups[0].denomination = "uusdc"
    claimed.provider = "akash1other"
    let provider = try key(1).address.text()
    let signed = try claimed.asSigned(for: order, on: try chain()).get()
    #expect(signed.groups.map(\.price) == ["25"])
    #expect(signed.groups.map(\.denomination) == ["uakt"])
    #expect(signed.provider == provider)
  }

  @Test func `a bid for another order, of another signer or without signed bytes is none`() throws {
    var unreadable = try bid(of: 1, signer: 1, price: "1", on: order)
    unreadable.encoded = "zz"
    let other = try bid(of: 1, signer: 1, price: "1", on: Digest.sha256("other".utf8))
    let foreign = try bid(of: 1, signer: 2, price: "1", on: order)
    for (claimed, words) in [
      (unreadable, "cannot be read"), (other, "for another order"), (foreign, "not signed by its provider"),
    ] {
      let failure = #expect(throws: Failure.self) { try claimed.asSigned(for: order, on: try chain()).get() }
      #expect(failure?.what.contains(words) == true)
    }
  }

  @Test func `only signed bids are gathered, and each other one is told once`() async throws {
    let good = try bid(of: 1, signer: 1, price: "25", on: order)
    let foreign = try bid(of: 1, signer: 2, price: "1", on: order)
    let node = FakeNode(marketPresent: [.bidAdded(foreign), .bidAdded(good), .bidAdded(foreign), .caughtUp])
    let (order, chain) = (order, try chain())
    try await serving(node) { client in
      let gathering = BidGathering(
        client: client,
        order: order,
        chain: chain,
        timeout: .seconds(20),
        wait: .zero,
        isComplete: { !$0.isEmpty }
      )
      var (arrived, dropped): ([String], [String]) = ([], [])
      let found = try await gathering.run(
        arrived: { arrived.append($0.identifier) },
        dropped: { dropped.append($0) },
        interrupted: { _ in }
      )
      #expect(found.isComplete)
      #expect(found.bids.map(\.identifier) == [good.identifier])
      #expect(arrived == [good.identifier] && dropped.count == 1)
    }
  }
}
