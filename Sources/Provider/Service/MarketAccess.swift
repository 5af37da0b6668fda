import Chain
import Cryptography
import Primitives

/// An object that the provider signs and publishes to the network.
public enum MarketPublication: Hashable, Sendable {
  case bid(Bid)
  case withdrawal(Withdrawal)
  case offer(Offer)

  public var kind: SignedObject.Kind {
    switch self {
    case .bid: .bid
    case .withdrawal: .withdrawal
    case .offer: .offer
    }
  }

  public var body: [UInt8] {
    switch self {
    case .bid(let bid): bid.encoded
    case .withdrawal(let withdrawal): withdrawal.encoded
    case .offer(let offer): offer.encoded
    }
  }
}

/// A lease of this provider as registered on the chain.
public struct ActiveLease: Hashable, Sendable {
  public var id: LeaseID
  /// The order from which the lease came, when that is known.
  public var order: Digest?
  /// The offered resources, with the GPU models.
  public var offers: [ResourceOffer]
  /// The price per tick.
  public var price: DecimalCoin
  /// The deployment's current manifest hash.
  public var manifestHash: Digest
  public var openedAtTick: Tick

  public init(
    id: LeaseID,
    order: Digest? = nil,
    offers: [ResourceOffer],
    price: DecimalCoin,
    manifestHash: Digest,
    openedAtTick: Tick
  ) {
    self.id = id
    self.order = order
    self.offers = offers
    self.price = price
    self.manifestHash = manifestHash
    self.openedAtTick = openedAtTick
  }
}

/// The part of a committed state that concerns this provider.
public struct MarketSnapshot: Hashable, Sendable {
  /// The newest block's time.
  public var time: Timestamp
  public var tick: Tick
  public var tickMilliseconds: UInt64
  /// All running leases of this provider.
  public var leases: [ActiveLease]
  public var standing: BidEngine.Standing

  public init(
    time: Timestamp,
    tick: Tick,
    tickMilliseconds: UInt64,
    leases: [ActiveLease],
    standing: BidEngine.Standing
  ) {
    self.time = time
    self.tick = tick
    self.tickMilliseconds = tickMilliseconds
    self.leases = leases
    self.standing = standing
  }
}

/// What the provider needs from its node.
public protocol MarketAccess: Sendable {
  /// Signs the object with the provider's account key and gossips it.
  ///
  /// - Returns: The signed object's identifier.
  func publish(_ object: MarketPublication) async throws -> Digest

  /// Sends a transaction of the provider and waits until it is committed.
  func submit(_ actions: [Action]) async throws

  /// The newest committed state. Throws while the node is catching up, because with an old state running
  /// workloads would be taken for leftovers and ended.
  func snapshot() async throws -> MarketSnapshot

  /// An active deployment; nil when there is none.
  func deployment(_ id: DeploymentID) async throws -> DeploymentView?
}

/// Events that concern the provider, in the chain's order: a block's lease events come before its
/// `committed`.
public enum ProviderEvent: Hashable, Sendable {
  case orderAdded(Digest, Order)
  case orderRemoved(Digest, BidEngine.OrderEnd)
  /// The book dropped our bid because others are cheaper.
  case outbid(order: Digest)
  case leaseOpened(ActiveLease)
  case leaseClosed(LeaseID)
  case deploymentUpdated(DeploymentID, manifestHash: Digest)
  /// The provider's record or auditors' signatures about it have changed.
  case standingChanged
  case committed(time: Timestamp, tick: Tick)
}
