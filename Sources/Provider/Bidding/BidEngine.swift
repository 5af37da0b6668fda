import Chain
import Cryptography
import Ledger
import Primitives

/// Answers orders with bids: filters, prices, reserves; gives back what is lost, closed or expired.
///
/// A pure machine over consensus time. The filters follow the reference provider's order, and each decline
/// keeps its reason for a day. Deviations from the reference: devices are reserved one by one; what was
/// declined only for want of room is looked at again when room is given back; an ended order's reservations
/// are kept until the next block, since the lease that ended it may be ours and be reported after it.
public struct BidEngine: Sendable {
  /// What the provider may promise.
  public struct Configuration: Hashable, Sendable {
    public var provider: Address
    public var policy: BidPolicy
    public var prices: PriceSheet
    /// Why the driver cannot serve an endpoint of this kind; nil where it can.
    public var unsupportedEndpoints: [Endpoint.Kind: String]

    public init(
      provider: Address,
      policy: BidPolicy,
      prices: PriceSheet,
      unsupportedEndpoints: [Endpoint.Kind: String] = [:]
    ) {
      self.provider = provider
      self.policy = policy
      self.prices = prices
      self.unsupportedEndpoints = unsupportedEndpoints
    }
  }

  /// What the chain knows of the provider.
  public struct Standing: Hashable, Sendable {
    /// Nil while it is not registered.
    public var attributes: [Attribute]?
    /// What auditors have signed, by the auditor's address as text.
    public var audits: [String: [Attribute]]

    public init(attributes: [Attribute]?, audits: [String: [Attribute]] = [:]) {
      self.attributes = attributes
      self.audits = audits
    }
  }

  /// Why an order is in the book no longer.
  public enum OrderEnd: Hashable, Sendable {
    case agreed
    case withdrawn
    case expired
    /// The book had no room for it.
    case evicted
  }

  public enum Input: Hashable, Sendable {
    case orderAdded(Digest, Order)
    case orderRemoved(Digest, OrderEnd)
    /// Our bid was signed and sent.
    case bidPublished(order: Digest, bid: Digest)
    case bidRefused(order: Digest, reason: String)
    /// Our bid fell out of the book.
    case outbid(order: Digest)
    /// The pricing program's answer.
    case priced(order: Digest, group: UInt32, Result<Decimal18, PriceScript.Failure>)
    /// A lease of ours began. The order is what it came from, when that is known.
    case leaseOpened(LeaseID, order: Digest?, offers: [ResourceOffer])
    /// A lease's workload is gone, and its capacity free.
    case leaseGone(LeaseID)
    case standing(Standing)
    /// A block was committed at this time; its leases were reported before.
    case committed(Timestamp)
    /// Withdraw every bid and make no more.
    case drain
  }

  public enum Effect: Hashable, Sendable {
    /// Sign it, send it, and answer `bidPublished` or `bidRefused`.
    case publish(Bid)
    case withdraw(Withdrawal)
    /// Ask the pricing program and answer `priced`.
    case price(PriceRequest)
    /// What is free has changed.
    case capacityChanged
    /// A lease began for which there is no room: it runs all the same, and the operator is told.
    case overcommitted(LeaseID, CapacityShortage)
  }

  /// An order that we answered or are about to.
  struct Answer: Hashable, Sendable {
    /// Asking the program, then bid; ended once the order is gone.
    enum State: Hashable, Sendable {
      /// Can transition to: bid, or it is dropped.
      case pricing
      /// Can transition to: ended.
      case bid
      /// Can transition to: dropped at the next block.
      case ended(OrderEnd)
    }

    var order: Order
    var state: State
    /// Groups with their price; nil until it is known.
    var groups: [UInt32: DecimalCoin?]
    var expiresAt: Timestamp
    /// Of the published bid.
    var bid: Digest?
  }

  public internal(set) var configuration: Configuration
  public internal(set) var inventory: Inventory
  public internal(set) var log = DecisionLog()
  var standing = Standing(attributes: nil)
  var answers: [Digest: Answer] = [:]
  /// Orders declined for want of room, the oldest first.
  var waiting: [(identifier: Digest, order: Order)] = []
  var isDraining = false
  public internal(set) var now = Timestamp.zero

  /// Orders kept for when room is given back.
  static let waitingLimit = 256

  public init(configuration: Configuration, inventory: Inventory) {
    self.configuration = configuration
    self.inventory = inventory
  }

  /// Orders with a live bid of ours.
  public var openBids: Int { answers.values.count { $0.state == .bid } }

  /// Handles one input; effects are to be carried out in order.
  public mutating func step(_ input: Input) -> [Effect] {
    var effects: [Effect] = []
    let before = inventory
    var gaveBack = false
    switch input {
    case .orderAdded(let identifier, let order): consider(identifier, order, &effects)
    case .orderRemoved(let identifier, let end): gaveBack = remove(identifier, end)
    case .bidPublished(let order, let bid): answers[order]?.bid = bid
    case .bidRefused(let order, let reason): gaveBack = drop(order, .refused(reason))
    case .outbid(let order): gaveBack = drop(order, .outbid)
    case .priced(let order, let group, let result): gaveBack = priced(order, group, result, &effects)
    case .leaseOpened(let lease, let order, let offers): gaveBack = open(lease, order, offers, &effects)
    case .leaseGone(let lease): gaveBack = inventory.release(.lease(lease))
    case .standing(let standing): update(standing, &effects)
    case .committed(let time): gaveBack = commit(time, &effects)
    case .drain: gaveBack = drain(&effects)
    }
    if gaveBack { reconsider(&effects) }
    if inventory != before { effects.append(.capacityChanged) }
    return effects
  }

  /// Looks again at orders for which there was no room.
  private mutating func reconsider(_ effects: inout [Effect]) {
    let retried = waiting
    waiting = []
    for (identifier, order) in retried where order.expiresAt > now {
      consider(identifier, order, &effects)
    }
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
