/// Counts and lengths beyond which a decoder refuses: what bounds the work that a stranger's bytes can cause.
///
/// They are part of the protocol: raising one lets bytes through that other versions refuse. Lengths are in
/// bytes of UTF-8.
public enum ChainLimits {
  // Market objects
  /// Groups of an order or bid.
  public static let groups = 20
  /// Units of a group, and offers of a bid for one group.
  public static let units = 20
  /// Of one replica.
  public static let volumes = 16
  public static let endpoints = 64
  /// Of each list.
  public static let attributes = 64
  /// Of a key and of a value.
  public static let attributeBytes = 256
  /// Of a group's, volume's, GPU model's or upgrade's name.
  public static let nameBytes = 128
  /// Of each of a placement's two lists.
  public static let auditors = 64
  /// GPU models of an offer.
  public static let gpuModels = 64
  /// Currencies in which an offer prices one GPU model.
  public static let prices = 16
  public static let nodeAddresses = 3
  /// Of a host, an endpoint, a web site or a mail address.
  public static let hostBytes = 256

  // Transactions
  public static let messages = 16
  public static let memoBytes = 256
  /// Currencies of one payment.
  public static let coins = 16
  /// Bids that an agreement may carry: one for each group.
  public static let bids = groups
  public static let proposalContents = 16
  public static let parameterChanges = 64
  public static let currencyAliases = 16
  public static let symbolBytes = 32
  /// Decimal places of a currency.
  public static let exponent: UInt32 = 18
  /// 100 %.
  public static let basisPoints: UInt32 = 10_000
  public static let titleBytes = 256
  /// Of a proposal's summary or text.
  public static let summaryBytes = 10_240
  /// Of a validator's description, field by field, as on the Cosmos Hub.
  public static let monikerBytes = 70
  public static let identityBytes = 3_000
  public static let websiteBytes = 140
  public static let securityContactBytes = 140
  public static let detailsBytes = 280

  // Consensus
  /// Members of a validator set.
  public static let validators = 1_024
  /// One bit a validator.
  public static let signersBytes = validators / 8
  /// Above the number of signed transactions that fit into a block.
  public static let blockTransactions = 32_768
  public static let blockEvidence = 64
  /// Heights and rounds stay so far below their type's end that sums of a few never overflow.
  public static let height = Height(Int64.max)
  public static let round = Round(Int32.max)
}
