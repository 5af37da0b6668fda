public import Cryptography
public import Primitives

/// Why an order or a bid is rejected, by the order book or in an agreement.
///
/// The codes in the codespaces `market` and `deployment` are those of the reference chain; others are in
/// `supercloud`.
public enum OrderRejection: Error, Hashable, Sendable, CustomStringConvertible {
  case malformedOrder(DecodingError)
  case malformedBid(DecodingError)
  case notAnOrder
  case notABid
  case orderSignature
  case bidSignature(provider: Address)
  case orderOfOther(owner: Address)
  case bidOfOther(provider: Address)
  case orderExpired(Timestamp)
  case bidExpired(Timestamp)
  case expiryTooFar(latest: Timestamp)
  case invalidGroup(GroupFault)
  case invalidGroups(String)
  case depositDenomination(Denomination)
  case depositTooSmall(minimum: Amount)
  case depositOfExisting
  case bidForOtherOrder(Digest)
  case choices(String)
  case bidNotFound(UInt32)
  case bidLacksGroup(UInt32)
  case sameAccount
  case unknownProvider(Address)
  case zeroPrice
  case priceDenomination(Denomination)
  case overMaximum(price: Decimal18, maximum: Decimal18)
  case mismatch(MismatchReason)
  case offer(OfferFault)
  case reclamationWindowTooShort(required: UInt64)
  case orderBidLimit(UInt64)
  case liveOrderLimit(UInt64)

  public var code: Rejection.Code {
    switch self {
    case .malformedOrder: .init(.supercloud, 30)
    case .malformedBid: .init(.supercloud, 31)
    case .notAnOrder: .init(.supercloud, 32)
    case .notABid: .init(.supercloud, 33)
    case .orderSignature: .init(.supercloud, 34)
    case .bidSignature: .init(.supercloud, 35)
    case .orderOfOther: .init(.supercloud, 36)
    case .bidOfOther: .init(.supercloud, 37)
    case .orderExpired: .init(.supercloud, 38)
    case .bidExpired: .init(.supercloud, 39)
    case .expiryTooFar: .init(.supercloud, 40)
    case .invalidGroup: .init(.deployment, 19)
    case .invalidGroups: .init(.deployment, 7)
    case .depositDenomination: .init(.deployment, 20)
    case .depositTooSmall: .init(.deployment, 20)
    case .depositOfExisting: .init(.deployment, 20)
    case .bidForOtherOrder: .init(.supercloud, 41)
    case .choices: .init(.supercloud, 42)
    case .bidNotFound, .bidLacksGroup: .init(.market, 18)
    case .sameAccount: .init(.market, 2)
    case .unknownProvider: .init(.market, 30)
    case .zeroPrice: .init(.market, 19)
    case .priceDenomination: .init(.market, 22)
    case .overMaximum: .init(.market, 4)
    case .mismatch(let reason): .init(.market, reason.isCapability ? 32 : 5)
    case .offer: .init(.market, 32)
    case .reclamationWindowTooShort: .init(.supercloud, 43)
    case .orderBidLimit: .init(.market, 31)
    case .liveOrderLimit: .init(.supercloud, 44)
    }
  }

  public var description: String {
    switch self {
    case .malformedOrder(let error): "the order does not decode: \(error)"
    case .malformedBid(let error): "a bid does not decode: \(error)"
    case .notAnOrder: "the object is not an order"
    case .notABid: "the object is not a bid"
    case .orderSignature: "the order's signature is not its owner's"
    case .bidSignature(let provider): "the bid's signature is not \(provider)'s"
    case .orderOfOther(let owner): "the order belongs to \(owner)"
    case .bidOfOther(let provider): "the bid names provider \(provider) but was signed by another key"
    case .orderExpired(let time): "the order expired at \(time)"
    case .bidExpired(let time): "the bid expired at \(time)"
    case .expiryTooFar(let latest): "it may expire at \(latest) at the latest"
    case .invalidGroup(let fault): fault.description
    case .invalidGroups(let why): why
    case .depositDenomination(let denomination):
      "the deposit must be in the groups' currency, \(denomination)"
    case .depositTooSmall(let minimum): "the deposit must be at least \(minimum)"
    case .depositOfExisting: "an order for an existing deployment carries no deposit"
    case .bidForOtherOrder(let order): "the bid answers order \(order)"
    case .choices(let why): why
    case .bidNotFound(let index): "the agreement carries no bid number \(index)"
    case .bidLacksGroup(let group): "the chosen bid has no price for group \(group)"
    case .sameAccount: "a provider cannot lease to itself"
    case .unknownProvider(let address): "\(address) is not a registered provider"
    case .zeroPrice: "the price is zero"
    case .priceDenomination(let denomination): "the price must be in \(denomination)"
    case .overMaximum(let price, let maximum): "the price \(price) is above the order's maximum \(maximum)"
    case .mismatch(let reason): reason.description
    case .offer(let fault): fault.description
    case .reclamationWindowTooShort(let required): "the order asks for \(required) ms of notice"
    case .orderBidLimit(let limit): "the order has \(limit) bids that are not dearer"
    case .liveOrderLimit(let limit): "the account has \(limit) live orders already"
    }
  }
}
