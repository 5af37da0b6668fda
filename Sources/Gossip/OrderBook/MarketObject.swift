public import Chain
public import Primitives

/// The content of a gossiped object that the order book keeps.
public enum MarketObject: Hashable, Sendable {
  case order(Order)
  case bid(Bid)
  case withdrawal(Withdrawal)
  case offer(Offer)

  /// Decodes the body of `object`.
  ///
  /// - Throws: The error of decoding the body; `invalid(field: "kind")` for a node record.
  public init(_ object: SignedObject) throws(DecodingError) {
    switch object.kind {
    case .order: self = .order(try Order(decoding: object.body))
    case .bid: self = .bid(try Bid(decoding: object.body))
    case .withdrawal: self = .withdrawal(try Withdrawal(decoding: object.body))
    case .offer: self = .offer(try Offer(decoding: object.body))
    case .nodeRecord: throw .invalid(field: "kind")
    }
  }

  public var expiresAt: Timestamp {
    switch self {
    case .order(let order): order.expiresAt
    case .bid(let bid): bid.expiresAt
    case .withdrawal(let withdrawal): withdrawal.expiresAt
    case .offer(let offer): offer.expiresAt
    }
  }
}

extension Bid {
  /// The price by which the bids of an order are ranked: the mean price of the groups that the bid covers, in
  /// 10⁻¹⁸ units.
  ///
  /// With the mean, a bid for all groups does not lose to one for the cheapest group alone. Saturates.
  public var rankingPrice: UInt128 {
    guard !groups.isEmpty else { return .max }
    var total: UInt128 = 0
    for group in groups {
      let (sum, overflow) = total.addingReportingOverflow(group.price.amount.raw)
      guard !overflow else { return .max }
      total = sum
    }
    return total / UInt128(groups.count)
  }
}
