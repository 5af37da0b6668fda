extension Answer {
  /// A change of the order book or of a lease, as the stream of market events sends it.
  ///
  /// Its JSON is an object with the event's name in `event`, such as `bid_added`, and its subject in `order`,
  /// `bid` or `lease`. Removals have a `reason`; an opened lease has `agreed_order`, the order's identifier.
  public enum MarketEvent: Sendable {
    /// Everything that existed when the stream began has been sent; changes follow.
    case caughtUp
    case orderAdded(Order)
    case orderRemoved(Order, reason: String)
    case bidAdded(Bid)
    case bidRemoved(Bid, reason: String)
    case leaseOpened(Lease, agreedOrder: String)
    case leaseClosed(Lease)
  }
}

extension Answer.MarketEvent: Codable {
  private enum Name: String, Codable {
    case caughtUp = "caught_up"
    case orderAdded = "order_added"
    case orderRemoved = "order_removed"
    case bidAdded = "bid_added"
    case bidRemoved = "bid_removed"
    case leaseOpened = "lease_opened"
    case leaseClosed = "lease_closed"
  }

  private enum CodingKeys: String, CodingKey {
    case event, order, bid, lease, reason, agreedOrder
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func value<Value: Decodable>(_ key: CodingKeys) throws -> Value {
      try container.decode(Value.self, forKey: key)
    }
    self =
      switch try container.decode(Name.self, forKey: .event) {
      case .caughtUp: .caughtUp
      case .orderAdded: .orderAdded(try value(.order))
      case .orderRemoved: .orderRemoved(try value(.order), reason: try value(.reason))
      case .bidAdded: .bidAdded(try value(.bid))
      case .bidRemoved: .bidRemoved(try value(.bid), reason: try value(.reason))
      case .leaseOpened: .leaseOpened(try value(.lease), agreedOrder: try value(.agreedOrder))
      case .leaseClosed: .leaseClosed(try value(.lease))
      }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    func encode(
      _ name: Name,
      order: Answer.Order? = nil,
      bid: Answer.Bid? = nil,
      lease: Answer.Lease? = nil,
      reason: String? = nil,
      agreedOrder: String? = nil
    ) throws {
      try container.encode(name, forKey: .event)
      try container.encodeIfPresent(order, forKey: .order)
      try container.encodeIfPresent(bid, forKey: .bid)
      try container.encodeIfPresent(lease, forKey: .lease)
      try container.encodeIfPresent(reason, forKey: .reason)
      try container.encodeIfPresent(agreedOrder, forKey: .agreedOrder)
    }
    switch self {
    case .caughtUp: try encode(.caughtUp)
    case .orderAdded(let order): try encode(.orderAdded, order: order)
    case .orderRemoved(let order, let reason): try encode(.orderRemoved, order: order, reason: reason)
    case .bidAdded(let bid): try encode(.bidAdded, bid: bid)
    case .bidRemoved(let bid, let reason): try encode(.bidRemoved, bid: bid, reason: reason)
    case .leaseOpened(let lease, let order): try encode(.leaseOpened, lease: lease, agreedOrder: order)
    case .leaseClosed(let lease): try encode(.leaseClosed, lease: lease)
    }
  }
}
