public import Cryptography
public import Primitives

/// A tenant's request for leases, gossiped and later carried by the agreement.
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
  /// SHA-256 of the canonical manifest.
  public var manifestHash: Digest
  /// Moves into escrow when the order is agreed; must be zero for an existing deployment.
  public var deposit: Coin
  public var expiresAt: Timestamp
  /// The deployment exists; its named groups are offered again.
  public var isExisting: Bool
  /// Notice in milliseconds that the provider must give before it takes resources back; 0 for none.
  public var minimumReclamationWindow: UInt64
  /// The auditors named by the group must vouch for the GPU attributes too.
  public var requiresAuditedGPUs: Bool
  /// Whose deposit grant pays, when it is not the owner.
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
    /// For the whole group, per tick; at most the group's maximum.
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
  /// Notice in milliseconds that the provider promises before it takes resources back; 0 for none.
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

/// Takes an order or a bid of the same key back.
public struct Withdrawal: Hashable, Sendable {
  /// The identifier of what is withdrawn.
  public var object: Digest
  public var expiresAt: Timestamp

  public init(object: Digest, expiresAt: Timestamp) {
    self.object = object
    self.expiresAt = expiresAt
  }
}

/// What a provider has free and asks for, so that anybody sees the market without posting an order.
public struct Offer: Hashable, Sendable {
  public struct GPU: Hashable, Sendable {
    public var vendor: String
    public var model: String
    public var memory: String
    public var interface: String
    public var free: UInt32
    public var total: UInt32
    /// Per GPU and tick, one entry a currency.
    public var prices: [DecimalCoin]
    /// The provider states these devices; no driver reported them.
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

  /// Free and total of one resource.
  public struct Capacity: Hashable, Sendable {
    public var free: UInt64
    public var total: UInt64

    public init(free: UInt64, total: UInt64) {
      self.free = free
      self.total = total
    }
  }

  public var provider: Address
  /// A newer offer of a provider replaces older ones.
  public var sequence: UInt64
  public var expiresAt: Timestamp
  public var cpuMillis: Capacity
  public var memoryBytes: Capacity
  public var storageBytes: Capacity
  public var gpus: [GPU]
  /// host:port of the provider's lease streams.
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

/// Where a node is reached; signed with its node key. The newest sequence number wins.
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
  /// Nil when no key that the chain knows speaks for the node.
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
