public import Cryptography
public import Primitives

/// A currency that the network settles in: an entry of the denomination registry.
public struct Currency: Hashable, Sendable {
  public var denomination: Denomination
  /// What people write: AKT.
  public var symbol: String
  /// 10^exponent smallest units make one of `symbol`.
  public var exponent: UInt8
  /// Other names by which an SDL may call it.
  public var aliases: [Denomination]
  /// May mint up to `mintCap` and burn; nil for a currency that nobody issues here.
  public var issuer: Address?
  public var mintCap: Amount
  /// Smallest deposit of a new deployment.
  public var minimumDeposit: Amount
  /// What a provider locks for each lease, returned when the lease ends.
  public var leaseDeposit: Amount
  /// Per transaction.
  public var minimumFee: Amount
  /// Of each payment, in units of 0.01 %; nil takes the network's default.
  public var takeBasisPoints: UInt32?
  /// No new deployments; what runs goes on.
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
