public import Cryptography
public import Primitives

/// A currency in which the network settles payments: an entry of the currency registry.
public struct Currency: Hashable, Sendable {
  public var denomination: Denomination
  /// The name for people, such as AKT.
  public var symbol: String
  /// The decimal places of the main unit: one `symbol` is 10^exponent smallest units. At most 18.
  public var exponent: UInt8
  /// Other names that an SDL may use for the currency.
  public var aliases: [Denomination]
  /// The account that may mint up to `mintCap`, and burn; nil when nobody may.
  public var issuer: Address?
  public var mintCap: Amount
  /// The smallest deposit of a new deployment, in smallest units.
  public var minimumDeposit: Amount
  /// The amount that a provider locks for each lease. It is returned when the lease ends.
  public var leaseDeposit: Amount
  /// The smallest fee of a transaction that is paid in this currency, in smallest units.
  public var minimumFee: Amount
  /// The network's share of each payment (the take), in basis points (0.01 %); nil for the network's default.
  public var takeBasisPoints: UInt32?
  /// Whether new deployments in this currency are rejected. Existing ones go on.
  public var isRetired: Bool

  public init(
    denomination: Denomination,
    symbol: String,
    exponent: UInt8,
    aliases: [Denomination] = [],
    issuer: Address? = nil,
    mintCap: Amount = .zero,
    minimumDeposit: Amount,
    leaseDeposit: Amount,
    minimumFee: Amount,
    takeBasisPoints: UInt32?,
    isRetired: Bool = false
  ) {
    self.denomination = denomination
    self.symbol = symbol
    self.exponent = exponent
    self.aliases = aliases
    self.issuer = issuer
    self.mintCap = mintCap
    self.minimumDeposit = minimumDeposit
    self.leaseDeposit = leaseDeposit
    self.minimumFee = minimumFee
    self.takeBasisPoints = takeBasisPoints
    self.isRetired = isRetired
  }
}
