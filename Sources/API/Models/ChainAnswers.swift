extension Answer {
  /// The audit of one denomination: accounts, escrow, deposits, stake and pools must add up to the supply.
  public struct AuditLine: Codable, Sendable {
    public var denomination: String
    public var accounts: String
    public var escrow: String
    public var leaseDeposits: String
    public var stake: String
    public var pools: String
    public var supply: String
    public var conserved: Bool
  }

  /// The network's income in one denomination.
  public struct Take: Codable, Sendable {
    public var denomination: String
    public var basisPoints: UInt32
    /// The total amount taken from payouts to providers.
    public var collected: String
    /// The part of `collected` that went to stakers.
    public var stakers: String
    public var communityPool: String
  }

  public struct Parameter: Codable, Sendable {
    public var key: String
    public var value: String
    /// The type of the value: `integer` or `integer_or_default`.
    public var type: String
    public var unit: String
    public var minimum: String
    public var maximum: String
    public var standard: String
    public var summary: String
    /// The number of the proposal that set the value; absent when the value is that of the genesis.
    public var proposal: UInt64?
  }

  public struct Currency: Codable, Sendable {
    public var denomination: String
    public var symbol: String
    public var exponent: UInt8
    public var aliases: [String]
    public var minimumDeposit: String
    public var leaseDeposit: String
    public var minimumFee: String
    public var takeBasisPoints: UInt32
    public var supply: String
    /// The address that may mint up to `mintCap` and burn; absent for a currency without issuer.
    public var issuer: String?
    public var mintCap: String
    public var minted: String
    public var retired: Bool
  }

  public struct Peer: Codable, Sendable {
    public var nodeKey: String
    public var address: String
    public var role: String
    public var inbound: Bool
    public var height: UInt64
    public var datagrams: Bool
    public var score: Int

    public init(
      nodeKey: String,
      address: String,
      role: String,
      inbound: Bool,
      height: UInt64,
      datagrams: Bool,
      score: Int
    ) {
      self.nodeKey = nodeKey
      self.address = address
      self.role = role
      self.inbound = inbound
      self.height = height
      self.datagrams = datagrams
      self.score = score
    }
  }

  /// A provider's decision whether to bid for an order, with the reason.
  public struct Decision: Codable, Sendable {
    public var order: String
    public var time: String
    /// `bid`, or `declined_` and the first reason against it; see `Decision.code` of the provider.
    public var outcome: String
    public var detail: String

    public init(order: String, time: String, outcome: String, detail: String) {
      self.order = order
      self.time = time
      self.outcome = outcome
      self.detail = detail
    }
  }

  /// A header with its certificate and validators for a light client, which must verify them.
  public struct LightBlock: Codable, Sendable {
    public var height: UInt64
    /// The header's hash.
    public var hash: String
    public var time: String
    /// The bytes of the light block in hex: `encoded` of Chain's `LightBlock`, not of this answer.
    public var block: String
  }
}
