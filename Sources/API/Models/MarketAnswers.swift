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
      /// The price per tick.
      public var price: String
      public var denomination: String
      /// The offered GPU models with their counts, such as `8 × h100 80Gi sxm`.
      public var gpus: [String]
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
      /// What was ordered, in hex, as the chain encodes it: resources, requirements and highest prices.
      public var encoded: String
    }
  }

  public struct Escrow: Codable, Sendable {
    /// `open`, `closed` or `overdrawn`.
    public var state: String
    /// The money left at the current tick, an exact decimal.
    public var funds: String
    public var deposited: String
    /// The sum of all leases' prices, per tick.
    public var rate: String
    /// The number of full ticks that the funds pay for; absent while no lease is charged.
    public var runwayTicks: UInt64?
  }

  public struct Provider: Codable, Sendable {
    public var owner: String
    public var hostUri: String
    public var attributes: [Event.Attribute]
    public var email: String
    public var website: String
    /// The `host:port` of its lease streams, from its newest offer; absent without a live offer.
    public var endpoint: String?
    public var activeLeases: Int
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
    /// How many of `total` their providers only declare, without detection by a driver.
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
