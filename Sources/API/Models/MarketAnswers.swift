extension Answer {
  public struct Order: Codable, Sendable {
    public var identifier: String
    public var owner: String
    public var dseq: UInt64
    public var groups: [Group]
    public var deposit: Coin
    public var manifestHash: String
    public var expiresAt: String
    public var bids: Int

    public struct Group: Codable, Sendable {
      public var sequence: UInt32
      public var name: String
      /// The highest price for the whole group, per tick.
      public var maximumPrice: String
      public var denomination: String
      public var cpuMillis: UInt64
      public var memoryBytes: UInt64
      public var gpus: UInt64
      public var gpuAttributes: [String]

      public init(
        sequence: UInt32,
        name: String,
        maximumPrice: String,
        denomination: String,
        cpuMillis: UInt64,
        memoryBytes: UInt64,
        gpus: UInt64,
        gpuAttributes: [String]
      ) {
        self.sequence = sequence
        self.name = name
        self.maximumPrice = maximumPrice
        self.denomination = denomination
        self.cpuMillis = cpuMillis
        self.memoryBytes = memoryBytes
        self.gpus = gpus
        self.gpuAttributes = gpuAttributes
      }
    }

    public init(
      identifier: String,
      owner: String,
      dseq: UInt64,
      groups: [Group],
      deposit: Coin,
      manifestHash: String,
      expiresAt: String,
      bids: Int
    ) {
      self.identifier = identifier
      self.owner = owner
      self.dseq = dseq
      self.groups = groups
      self.deposit = deposit
      self.manifestHash = manifestHash
      self.expiresAt = expiresAt
      self.bids = bids
    }
  }

  public struct Bid: Codable, Sendable {
    public var identifier: String
    public var order: String
    public var provider: String
    public var groups: [Group]
    public var expiresAt: String
    /// The signed object in hex, as an agreement contains it.
    public var encoded: String

    public struct Group: Codable, Sendable {
      public var sequence: UInt32
      /// Per tick.
      public var price: String
      public var denomination: String
      /// The offered GPU models with their numbers, such as `8 × h100 80Gi sxm`.
      public var gpus: [String]

      public init(sequence: UInt32, price: String, denomination: String, gpus: [String]) {
        self.sequence = sequence
        self.price = price
        self.denomination = denomination
        self.gpus = gpus
      }
    }

    public init(
      identifier: String,
      order: String,
      provider: String,
      groups: [Group],
      expiresAt: String,
      encoded: String
    ) {
      self.identifier = identifier
      self.order = order
      self.provider = provider
      self.groups = groups
      self.expiresAt = expiresAt
      self.encoded = encoded
    }
  }

  public struct Lease: Codable, Sendable {
    public var identifier: String
    public var owner: String
    public var dseq: UInt64
    public var group: UInt32
    public var order: UInt32
    public var provider: String
    /// `active`, `closed` or `insufficient_funds`.
    public var state: String
    /// Per tick.
    public var price: String
    public var denomination: String
    public var openedAtTick: UInt64
    public var closedAtTick: UInt64?
    public var closedBy: String?
    public var reason: String?
    /// The amount accrued until now, an exact decimal.
    public var earned: String
    /// The amount paid out, before the network's share is subtracted.
    public var paid: String
    /// The network's share of `paid`.
    public var fee: String

    public init(
      identifier: String,
      owner: String,
      dseq: UInt64,
      group: UInt32,
      order: UInt32,
      provider: String,
      state: String,
      price: String,
      denomination: String,
      openedAtTick: UInt64,
      closedAtTick: UInt64?,
      closedBy: String?,
      reason: String?,
      earned: String,
      paid: String,
      fee: String
    ) {
      self.identifier = identifier
      self.owner = owner
      self.dseq = dseq
      self.group = group
      self.order = order
      self.provider = provider
      self.state = state
      self.price = price
      self.denomination = denomination
      self.openedAtTick = openedAtTick
      self.closedAtTick = closedAtTick
      self.closedBy = closedBy
      self.reason = reason
      self.earned = earned
      self.paid = paid
      self.fee = fee
    }
  }

  public struct Deployment: Codable, Sendable {
    public var owner: String
    public var dseq: UInt64
    /// `active` or `closed`.
    public var state: String
    public var manifestHash: String
    public var denomination: String
    public var groups: [Group]
    public var escrow: Escrow
    public var leases: [Lease]

    public struct Group: Codable, Sendable {
      public var sequence: UInt32
      public var name: String
      public var state: String

      public init(sequence: UInt32, name: String, state: String) {
        self.sequence = sequence
        self.name = name
        self.state = state
      }
    }

    public init(
      owner: String,
      dseq: UInt64,
      state: String,
      manifestHash: String,
      denomination: String,
      groups: [Group],
      escrow: Escrow,
      leases: [Lease]
    ) {
      self.owner = owner
      self.dseq = dseq
      self.state = state
      self.manifestHash = manifestHash
      self.denomination = denomination
      self.groups = groups
      self.escrow = escrow
      self.leases = leases
    }
  }

  public struct Escrow: Codable, Sendable {
    /// `open`, `closed` or `overdrawn`.
    public var state: String
    /// What is left at the current tick, an exact decimal.
    public var funds: String
    public var deposited: String
    /// The sum of all leases' prices, per tick.
    public var rate: String
    /// The number of full ticks that the funds suffice for; absent while nothing is charged.
    public var runwayTicks: UInt64?

    public init(state: String, funds: String, deposited: String, rate: String, runwayTicks: UInt64?) {
      self.state = state
      self.funds = funds
      self.deposited = deposited
      self.rate = rate
      self.runwayTicks = runwayTicks
    }
  }

  public struct Provider: Codable, Sendable {
    public var owner: String
    public var hostUri: String
    public var attributes: [Event.Attribute]
    public var email: String
    public var website: String
    /// host:port of its lease streams, from its newest offer; absent without a live offer.
    public var endpoint: String?
    public var activeLeases: Int

    public init(
      owner: String,
      hostUri: String,
      attributes: [Event.Attribute],
      email: String,
      website: String,
      endpoint: String?,
      activeLeases: Int
    ) {
      self.owner = owner
      self.hostUri = hostUri
      self.attributes = attributes
      self.email = email
      self.website = website
      self.endpoint = endpoint
      self.activeLeases = activeLeases
    }
  }

  /// One GPU model, summed over all providers.
  public struct GPU: Codable, Sendable {
    public var vendor: String
    public var model: String
    public var memory: String
    public var interface: String
    public var free: UInt32
    public var total: UInt32
    public var providers: Int
    /// How many of `total` are stated by their provider and not detected by a driver.
    public var declared: UInt32
    /// Prices per GPU and tick, by denomination.
    public var prices: [PriceRange]

    public struct PriceRange: Codable, Sendable {
      public var denomination: String
      public var lowest: String
      public var median: String

      public init(denomination: String, lowest: String, median: String) {
        self.denomination = denomination
        self.lowest = lowest
        self.median = median
      }
    }

    public init(
      vendor: String,
      model: String,
      memory: String,
      interface: String,
      free: UInt32,
      total: UInt32,
      providers: Int,
      declared: UInt32,
      prices: [PriceRange]
    ) {
      self.vendor = vendor
      self.model = model
      self.memory = memory
      self.interface = interface
      self.free = free
      self.total = total
      self.providers = providers
      self.declared = declared
      self.prices = prices
    }
  }
}
