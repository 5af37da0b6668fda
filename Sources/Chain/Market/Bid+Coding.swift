import Cryptography
public import Primitives
import Wire

extension Bid {
  /// Decodes a bid's body.
  ///
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_Bid(complete: bytes, limit: WireLimits.objectBytes)
    self.init(
      order: try Field.digest(wire.order.array, "order"),
      provider: try Field.address(wire.provider, "provider"),
      groups: try Group.list(wire.groups),
      expiresAt: Timestamp(milliseconds: wire.expiresAt),
      reclamationWindow: wire.reclamationWindow
    )
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Market_V1_Bid()
    wire.order = .init(wire: order.bytes)
    wire.provider = provider.text()
    wire.groups = groups.map(\.wire)
    wire.expiresAt = expiresAt.milliseconds
    wire.reclamationWindow = reclamationWindow
    return wire.encoded
  }
}

extension Bid.Group {
  fileprivate static func list(_ wire: [Supercloud_Market_V1_GroupBid]) throws(DecodingError) -> [Self] {
    var groups: [Self] = []
    for group in try Field.list(wire, "groups", limit: ChainLimits.groups, least: 1) {
      var offer: [ResourceOffer] = []
      for element in try Field.list(group.offer, "groups.offer", limit: ChainLimits.units) {
        offer.append(try ResourceOffer(element))
      }
      groups.append(
        Self(
          sequence: try Field.ordinal(group.gseq, "groups.gseq"),
          price: try Field.decimalCoin(group.price, "groups.price"),
          offer: offer
        )
      )
    }
    return groups
  }

  fileprivate var wire: Supercloud_Market_V1_GroupBid {
    var wire = Supercloud_Market_V1_GroupBid()
    wire.gseq = sequence
    wire.price = price.wire
    wire.offer = offer.map(\.wire)
    return wire
  }
}

extension Withdrawal {
  /// Decodes a withdrawal's body.
  ///
  /// - Throws: `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_Withdrawal(complete: bytes, limit: WireLimits.objectBytes)
    self.init(
      object: try Field.digest(wire.object.array, "object"),
      expiresAt: Timestamp(milliseconds: wire.expiresAt)
    )
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Market_V1_Withdrawal()
    wire.object = .init(wire: object.bytes)
    wire.expiresAt = expiresAt.milliseconds
    return wire.encoded
  }
}
