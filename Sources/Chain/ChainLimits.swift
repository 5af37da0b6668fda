/// The largest counts and lengths that decoders accept. They bound the work that bytes from a peer can cause.
///
/// They are part of the protocol: nodes with other limits would disagree about which bytes are valid. Lengths
/// are in bytes of UTF-8.
public enum ChainLimits {
  // Market objects
  /// Groups of an order or bid.
  public static let groups = 20
  /// Units of a group, and offers of a bid for one group.
  public static let units = 20
  /// Volumes of one replica.
  public static let volumes = 16
  /// Endpoints of one replica.
  public static let endpoints = 64
  /// Attributes of each list.
  public static let attributes = 64
  /// Bytes of an attribute's key, and as many of its value.
  public static let attributeBytes = 256
  /// The name of a group, volume, GPU model or upgrade.
  public static let nameBytes = 128
  /// Auditors in each of a placement's two lists.
  public static let auditors = 64
  /// GPU models of an offer.
  public static let gpuModels = 64
  /// Currencies in which an offer prices one GPU model.
  public static let prices = 16
  public static let nodeAddresses = 3
  /// A host, an endpoint, a web site or a mail address.
  public static let hostBytes = 256

  // Transactions
  public static let messages = 16
  public static let memoBytes = 256
  /// Coins in a list, one for each currency.
  public static let coins = 16
  /// Bids that an agreement may carry: one for each group.
  public static let bids = groups
  public static let proposalContents = 16
  public static let parameterChanges = 64
  public static let currencyAliases = 16
  public static let symbolBytes = 32
  /// Decimal places of a currency.
  public static let exponent: UInt32 = 18
  /// Basis points of 100 %.
  public static let basisPoints: UInt32 = 10_000
  public static let titleBytes = 256
  /// A proposal's summary or text.
  public static let summaryBytes = 10_240
  /// The fields of a validator's description, as on the Cosmos Hub.
  public static let monikerBytes = 70
  public static let identityBytes = 3_000
  public static let websiteBytes = 140
  public static let securityContactBytes = 140
  public static let detailsBytes = 280

  // Consensus
  /// Members of a validator set.
  public static let validators = 1_024
  /// The bitmap of signers, with one bit for each validator.
  public static let signersBytes = validators / 8
  /// Transactions of a block. The size of a block allows for fewer.
  public static let blockTransactions = 32_768
  public static let blockEvidence = 64
  /// The largest height and the largest round. Each is half of its unsigned type's range, so the sum of two of
  /// them cannot overflow.
  public static let height = Height(Int64.max)
  public static let round = Round(Int32.max)
}
