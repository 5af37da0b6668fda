public import Cryptography
public import Primitives

/// A tenant's request for leases. It is gossiped. The transaction with which the tenant accepts bids
/// (`AgreeLease`) contains a copy of it.
public struct Order: Hashable, Sendable {
  public struct Group: Hashable, Sendable {
    public var sequence: UInt32
    public var spec: GroupSpec

    public init(sequence: UInt32, spec: GroupSpec) {
      self.sequence = sequence
      self.spec = spec
    }
  }

  public var deployment: DeploymentID
  public var groups: [Group]
  /// The SHA-256 digest of the canonical manifest.
  public var manifestHash: Digest
  /// The deposit that goes to escrow when the order is agreed; zero for an existing deployment.
  public var deposit: Coin
  public var expiresAt: Timestamp
  /// Whether the deployment exists already. If so, the order is for groups of the deployment that have no
  /// lease now.
  public var isExisting: Bool
  /// The notice in milliseconds that a provider must promise before it takes resources back; 0 for none.
  public var minimumReclamationWindow: UInt64
  /// Whether the auditors that a group names must have signed the GPU attributes too.
  public var requiresAuditedGPUs: Bool
  /// The account whose grant pays the deposit; nil when the owner pays.
  public var depositor: Address?

  public init(
    deployment: DeploymentID,
    groups: [Group],
    manifestHash: Digest,
    deposit: Coin,
    expiresAt: Timestamp,
    isExisting: Bool = false,
    minimumReclamationWindow: UInt64 = 0,
    requiresAuditedGPUs: Bool = false,
    depositor: Address? = nil
  ) {
    self.deployment = deployment
    self.groups = groups
    self.manifestHash = manifestHash
    self.deposit = deposit
    self.expiresAt = expiresAt
    self.isExisting = isExisting
    self.minimumReclamationWindow = minimumReclamationWindow
    self.requiresAuditedGPUs = requiresAuditedGPUs
    self.depositor = depositor
  }
}

/// A provider's answer to an order: a price and a concrete offer for one or more of its groups.
public struct Bid: Hashable, Sendable {
  public struct Group: Hashable, Sendable {
    public var sequence: UInt32
    /// The price of the whole group per tick, the chain's unit of time for prices (parameter
    /// `tickMilliseconds`). It is at most the maximum price that the order's group names.
    public var price: DecimalCoin
    public var offer: [ResourceOffer]

    public init(sequence: UInt32, price: DecimalCoin, offer: [ResourceOffer]) {
      self.sequence = sequence
      self.price = price
      self.offer = offer
    }
  }

  /// The order's identifier.
  public var order: Digest
  public var provider: Address
  public var groups: [Group]
  public var expiresAt: Timestamp
  /// The notice in milliseconds that the provider promises before it takes resources back; 0 for none.
  public var reclamationWindow: UInt64

  public init(
    order: Digest,
    provider: Address,
    groups: [Group],
    expiresAt: Timestamp,
    reclamationWindow: UInt64 = 0
  ) {
    self.order = order
    self.provider = provider
    self.groups = groups
    self.expiresAt = expiresAt
    self.reclamationWindow = reclamationWindow
  }
}

/// Withdraws an order or a bid that was signed with the same key.
public struct Withdrawal: Hashable, Sendable {
  /// The identifier of the withdrawn object.
  public var object: Digest
  public var expiresAt: Timestamp

  public init(object: Digest, expiresAt: Timestamp) {
    self.object = object
    self.expiresAt = expiresAt
  }
}

/// The free resources and prices of a provider, which it gossips so that tenants see the market without an
/// order.
public struct Offer: Hashable, Sendable {
  public struct GPU: Hashable, Sendable {
    public var vendor: String
    public var model: String
    public var memory: String
    public var interface: String
    public var free: UInt32
    public var total: UInt32
    /// The price per GPU and tick, at most one for each currency.
    public var prices: [DecimalCoin]
    /// Whether the provider only claims to have these devices: no driver has detected them.
    public var isDeclared: Bool

    public init(
      vendor: String,
      model: String,
      memory: String,
      interface: String,
      free: UInt32,
      total: UInt32,
      prices: [DecimalCoin],
      isDeclared: Bool
    ) {
      self.vendor = vendor
      self.model = model
      self.memory = memory
      self.interface = interface
      self.free = free
      self.total = total
      self.prices = prices
      self.isDeclared = isDeclared
    }
  }

  /// The free and the total amount of one resource.
  public struct Capacity: Hashable, Sendable {
    public var free: UInt64
    public var total: UInt64

    public init(free: UInt64, total: UInt64) {
      self.free = free
      self.total = total
    }
  }

  public var provider: Address
  /// An offer with a higher number replaces the provider's older offers.
  public var sequence: UInt64
  public var expiresAt: Timestamp
  public var cpuMillis: Capacity
  public var memoryBytes: Capacity
  public var storageBytes: Capacity
  public var gpus: [GPU]
  /// The `host:port` at which the provider accepts lease streams.
  public var endpoint: String

  public init(
    provider: Address,
    sequence: UInt64,
    expiresAt: Timestamp,
    cpuMillis: Capacity,
    memoryBytes: Capacity,
    storageBytes: Capacity,
    gpus: [GPU],
    endpoint: String
  ) {
    self.provider = provider
    self.sequence = sequence
    self.expiresAt = expiresAt
    self.cpuMillis = cpuMillis
    self.memoryBytes = memoryBytes
    self.storageBytes = storageBytes
    self.gpus = gpus
    self.endpoint = endpoint
  }
}

/// The addresses of a node, signed with its node key. The record with the highest `sequence` is valid.
public struct NodeRecord: Hashable, Sendable {
  public enum Role: UInt32, Hashable, Sendable {
    case full = 0
    case validator = 1
    case provider = 2
    case tenant = 3
    case seed = 4
  }

  public var sequence: UInt64
  /// At most three `host:tcpPort/udpPort` texts; empty for a node that can only dial out.
  public var addresses: [String]
  public var role: Role
  public var protocolVersion: UInt32
  public var expiresAt: Timestamp
  /// The signed statement of a validator or provider that this node is its own; nil when there is none.
  public var voucher: NodeVoucher?

  public init(
    sequence: UInt64,
    addresses: [String],
    role: Role,
    protocolVersion: UInt32,
    expiresAt: Timestamp,
    voucher: NodeVoucher? = nil
  ) {
    self.sequence = sequence
    self.addresses = addresses
    self.role = role
    self.protocolVersion = protocolVersion
    self.expiresAt = expiresAt
    self.voucher = voucher
  }
}
