import Chain
import Cryptography
import Primitives

/// Something that the provider signs and everybody hears.
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

/// A lease of ours as the chain has it.
public struct ActiveLease: Hashable, Sendable {
  public var id: LeaseID
  /// The order that it came from, when that is known.
  public var order: Digest?
  /// What was bid, GPUs by name.
  public var offers: [ResourceOffer]
  /// Per tick.
  public var price: DecimalCoin
  /// Of the deployment, now.
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

/// The provider's part of one committed state.
public struct MarketSnapshot: Hashable, Sendable {
  /// Of the newest block.
  public var time: Timestamp
  public var tick: Tick
  public var tickMilliseconds: UInt64
  /// All leases of ours that run.
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

/// What the provider needs of the node that it lives in.
public protocol MarketAccess: Sendable {
  /// Signs the object with the provider's account key and gossips it.
  ///
  /// - Returns: The signed object's identifier.
  func publish(_ object: MarketPublication) async throws -> Digest

  /// Sends a transaction of the provider's and waits until it is accepted.
  func submit(_ actions: [Action]) async throws

  /// The newest committed state. Throws while the node is catching up: a stale one would make running
  /// workloads look like leftovers.
  func snapshot() async throws -> MarketSnapshot

  /// A deployment that is active; nil when there is none.
  func deployment(_ id: DeploymentID) async throws -> DeploymentView?
}

/// What happened that concerns the provider, in the chain's order: a block's leases before the block's
/// `committed`.
public enum ProviderEvent: Hashable, Sendable {
  case orderAdded(Digest, Order)
  case orderRemoved(Digest, BidEngine.OrderEnd)
  /// The book dropped our bid for dearer than others.
  case outbid(order: Digest)
  case leaseOpened(ActiveLease)
  case leaseClosed(LeaseID)
  case deploymentUpdated(DeploymentID, manifestHash: Digest)
  /// Our record or what auditors signed about us changed.
  case standingChanged
  case committed(time: Timestamp, tick: Tick)
}
