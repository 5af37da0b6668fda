public import Cryptography
public import Primitives

/// Why an order or a bid is rejected, by the order book or in an agreement.
///
/// The codes in the codespaces `market` and `deployment` are Akash's; the others are in `supercloud`.
public enum OrderRejection: CodedRejection {
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

  public var answer: (code: Rejection.Code, text: String) {
    switch self {
    case .malformedOrder(let error): (.init(.supercloud, 30), "the order does not decode: \(error)")
    case .malformedBid(let error): (.init(.supercloud, 31), "a bid does not decode: \(error)")
    case .notAnOrder: (.init(.supercloud, 32), "the object is not an order")
    case .notABid: (.init(.supercloud, 33), "the object is not a bid")
    case .orderSignature: (.init(.supercloud, 34), "the order's signature is not its owner's")
    case .bidSignature(let provider): (.init(.supercloud, 35), "the bid's signature is not \(provider)'s")
    case .orderOfOther(let owner): (.init(.supercloud, 36), "the order belongs to \(owner)")
    case .bidOfOther(let provider):
      (.init(.supercloud, 37), "the bid names provider \(provider) but was signed by another key")
    case .orderExpired(let time): (.init(.supercloud, 38), "the order expired at \(time)")
    case .bidExpired(let time): (.init(.supercloud, 39), "the bid expired at \(time)")
    case .expiryTooFar(let latest): (.init(.supercloud, 40), "it may expire at \(latest) at the latest")
    case .invalidGroup(let fault): (.init(.deployment, 19), fault.description)
    case .invalidGroups(let why): (.init(.deployment, 7), why)
    case .depositDenomination(let denomination):
      (.init(.deployment, 20), "the deposit must be in the groups' currency, \(denomination)")
    case .depositTooSmall(let minimum): (.init(.deployment, 20), "the deposit must be at least \(minimum)")
    case .depositOfExisting:
      (.init(.deployment, 20), "an order for an existing deployment carries no deposit")
    case .bidForOtherOrder(let order): (.init(.supercloud, 41), "the bid answers order \(order)")
    case .choices(let why): (.init(.supercloud, 42), why)
    case .bidNotFound(let index): (.init(.market, 18), "the agreement carries no bid number \(index)")
    case .bidLacksGroup(let group): (.init(.market, 18), "the chosen bid has no price for group \(group)")
    case .sameAccount: (.init(.market, 2), "a provider cannot lease to itself")
    case .unknownProvider(let address): (.init(.market, 30), "\(address) is not a registered provider")
    case .zeroPrice: (.init(.market, 19), "the price is zero")
    case .priceDenomination(let denomination): (.init(.market, 22), "the price must be in \(denomination)")
    case .overMaximum(let price, let maximum):
      (.init(.market, 4), "the price \(price) is above the order's maximum \(maximum)")
    case .mismatch(let reason): (.init(.market, reason.isCapability ? 32 : 5), reason.description)
    case .offer(let fault): (.init(.market, 32), fault.description)
    case .reclamationWindowTooShort(let required):
      (.init(.supercloud, 43), "the order asks for \(required) ms of notice")
    case .orderBidLimit(let limit): (.init(.market, 31), "the order has \(limit) bids that are not dearer")
    case .liveOrderLimit(let limit): (.init(.supercloud, 44), "the account has \(limit) live orders already")
    }
  }
}
