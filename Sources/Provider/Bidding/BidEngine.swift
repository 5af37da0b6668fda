import Chain
import Cryptography
import Ledger
import Primitives

/// Answers orders with bids: filters orders, reserves capacity, sets prices, and releases reservations whose
/// bid is lost, withdrawn or expired or whose lease is closed.
///
/// It is a state machine without input or output; its time is that of blocks. The filters are in the order of
/// Akash's reference provider, and the reason of each decline is kept for a day. It deviates from that
/// provider as follows: GPUs are reserved one by one; an order that was declined only for lack of capacity is
/// considered again when capacity is released; the reservations of an ended order are kept until the next
/// block, since our own lease may have ended the order and be reported later.
public struct BidEngine: Sendable {
  /// The settings that decide about bids.
  public struct Configuration: Hashable, Sendable {
    public var provider: Address
    public var policy: BidPolicy
    public var prices: PriceSheet
    /// For each kind of endpoint that the driver cannot serve, the reason. It serves all other kinds.
    public var unsupportedEndpoints: [ServiceEndpoint.Kind: String] = [:]
    /// Why the provider may not bid on this chain at all; nil when it may.
    public var obstacle: String?
  }

  /// The provider's registration on the chain, and what auditors have signed about it.
  public struct Standing: Hashable, Sendable {
    /// The provider's attributes; nil while it is not registered.
    public var attributes: [Attribute]?
    /// The attributes that auditors have signed about the provider. The keys are the auditors' addresses as
    /// text.
    public var audits: [String: [Attribute]]

    public init(attributes: [Attribute]?, audits: [String: [Attribute]] = [:]) {
      self.attributes = attributes
      self.audits = audits
    }
  }

  /// Why an order has left the book.
  public enum OrderEnd: Hashable, Sendable {
    case agreed
    case withdrawn
    case expired
    /// The book was full.
    case evicted
  }

  public enum Input: Hashable, Sendable {
    case orderAdded(Digest, Order)
    case orderRemoved(Digest, OrderEnd)
    /// The bid was signed and sent.
    case bidPublished(order: Digest, bid: Digest)
    case bidRejected(order: Digest, reason: String)
    /// Cheaper bids displaced ours in the book.
    case outbid(order: Digest)
    /// The pricing program has ended with this result.
    case priced(order: Digest, group: UInt32, Result<Decimal18, PriceScript.Failure>)
    /// A lease of this provider was opened. `order` is the order that it came from, when that is known.
    case leaseOpened(LeaseID, order: Digest?, offers: [ResourceOffer])
    /// A lease's workload has ended and its capacity is free.
    case leaseGone(LeaseID)
    /// The provider's registration or its audited attributes on the chain, read anew.
    case standing(Standing)
    /// A block with this time was committed. The leases that it opened or closed were reported before.
    case committed(Timestamp)
    /// Withdraw every bid and make no more.
    case drain
  }

  public enum Effect: Hashable, Sendable {
    /// Sign and send the bid, then give `bidPublished` or `bidRejected` as input.
    case publish(Bid)
    case withdraw(Withdrawal)
    /// Ask the pricing program, then give `priced` as input.
    case price(PriceRequest)
    /// The free capacity has changed.
    case capacityChanged
    /// A lease was opened for which there is no capacity. It runs without a reservation; the operator must be
    /// told.
    case overcommitted(LeaseID, CapacityShortage)
  }

  /// The engine's answer to an order: a bid, or one in preparation.
  struct AnsweredOrder: Hashable, Sendable {
    /// The stages of an answer. It is deleted at the block after the order's end.
    enum State: Hashable, Sendable {
      /// The pricing program is asked. Next: `bid`, or deleted when no group gets a price.
      case pricing
      /// The bid is made. Next: `ended`, or deleted when the bid is rejected, outbid or expired.
      case bid
      /// The order has left the book. Next: deleted at the next block.
      case ended(OrderEnd)
    }

    var order: Order
    var state: State
    /// The price of each group in the bid; nil until it is known.
    var groups: [UInt32: DecimalCoin?]
    var expiresAt: Timestamp
    /// The published bid's identifier; nil before it is published.
    var bid: Digest?
  }

  public internal(set) var configuration: Configuration
  public internal(set) var inventory: Inventory
  public internal(set) var log = DecisionLog()
  var standing = Standing(attributes: nil)
  var answers: [Digest: AnsweredOrder] = [:]
  /// Orders that were declined for lack of capacity, the oldest first.
  var waiting: [(identifier: Digest, order: Order)] = []
  var isDraining = false
  public internal(set) var now = Timestamp.zero

  /// The largest number of orders in `waiting`.
  static let waitingLimit = 256

  public init(configuration: Configuration, inventory: Inventory) {
    self.configuration = configuration
    self.inventory = inventory
  }

  /// The number of orders with an open bid of this provider.
  public var openBids: Int { answers.values.count { $0.state == .bid } }

  /// Handles one input. The caller must perform the effects in order.
  public mutating func step(_ input: Input) -> [Effect] {
    var effects: [Effect] = []
    let before = inventory
    var releasedCapacity = false
    switch input {
    case .orderAdded(let identifier, let order): consider(identifier, order, &effects)
    case .orderRemoved(let identifier, let end): releasedCapacity = handleOrderRemoved(identifier, end)
    case .bidPublished(let order, let bid): answers[order]?.bid = bid
    case .bidRejected(let order, let reason): releasedCapacity = drop(order, .rejected(reason))
    case .outbid(let order): releasedCapacity = drop(order, .outbid)
    case .priced(let order, let group, let result): releasedCapacity = priced(order, group, result, &effects)
    case .leaseOpened(let lease, let order, let offers):
      handleLeaseOpened(lease, order, offers, &effects)
    case .leaseGone(let lease): releasedCapacity = inventory.release(.lease(lease))
    case .standing(let standing): update(standing, &effects)
    case .committed(let time): releasedCapacity = handleBlock(at: time, &effects)
    case .drain: drain(&effects)
    }
    if releasedCapacity { reconsider(&effects) }
    if inventory != before { effects.append(.capacityChanged) }
    return effects
  }

  /// Considers the waiting orders again.
  private mutating func reconsider(_ effects: inout [Effect]) {
    let retried = waiting
    waiting = []
    for (identifier, order) in retried where order.expiresAt > now { consider(identifier, order, &effects) }
  }

  private mutating func update(_ new: Standing, _ effects: inout [Effect]) {
    guard new != standing else { return }
    standing = new
    reconsider(&effects)
  }

  mutating func record(
    _ order: Digest,
    _ deployment: DeploymentID,
    _ group: UInt32,
    _ outcome: Decision.Outcome
  ) {
    log.record(Decision(order: order, deployment: deployment, group: group, outcome: outcome, at: now))
  }
}
