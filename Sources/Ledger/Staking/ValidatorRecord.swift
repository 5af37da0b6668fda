public import Chain
public import Cryptography
public import Primitives

/// The record of a validator.
public struct ValidatorRecord: Hashable, Sendable, StateValue {
  /// The lifecycle: unbonded → bonded → unbonding → unbonded or bonded again. The numbers are those of the
  /// Cosmos SDK.
  public enum Status: UInt8, Hashable, Sendable, CaseIterable, StateValue {
    case unbonded = 1
    case unbonding = 2
    case bonded = 3

    /// The name in answers to queries.
    public var name: String {
      switch self {
      case .unbonded: "unbonded"
      case .unbonding: "unbonding"
      case .bonded: "bonded"
      }
    }
  }

  /// The validator's rewards in one currency.
  struct Reward: Hashable, Sendable {
    var denomination: Denomination
    /// The value of the network's reward index at the last settlement of this validator.
    var networkIndex: UInt128
    /// What one whole share has earned since the validator was created, in 10⁻¹⁸ of a unit.
    var perShare: UInt128 = 0
    /// The remainder that did not divide evenly among the shares, in 10⁻¹⁸ of a unit.
    var rest: UInt128 = 0
    /// The operator's commission that was not withdrawn.
    var commission = Decimal18.zero
  }

  public var consensusKey: PublicKey
  public var description: ValidatorDescription
  /// The operator's share of the rewards; 1 is 100 %.
  public var commission: Decimal18
  public var maximumCommission: Decimal18
  public var maximumCommissionChange: Decimal18
  public var commissionChangedAt: Timestamp
  public var minimumSelfDelegation: Amount
  /// The stake delegated to this validator, less what was slashed, in uakt.
  public var tokens = Amount.zero
  /// The shares of all delegators. One share is worth `tokens` / `shares`.
  public var shares = Decimal18.zero
  public var status = Status.unbonded
  public var isJailed = false
  public var jailedUntil = Timestamp.zero
  /// Whether the validator was punished for double signing. Such a validator can never be unjailed.
  public var isTombstoned = false
  /// The height at which unbonding began; `unbondingCompletion` is the time at which it ends.
  public var unbondingHeight: Height = 0
  public var unbondingCompletion = Timestamp.zero
  /// The height at which the validator last joined the set.
  public var bondedSince: Height = 0
  /// The number of blocks in the current window that the validator did not sign.
  public var missedBlocks: UInt32 = 0
  /// The rewards of each currency, sorted by denomination.
  var rewards: [Reward] = []

  /// How many uakt of stake give one unit of voting power.
  public static let unitsPerPower: UInt64 = 1_000_000

  public var moniker: String { description.moniker }

  /// The voting power that the stake gives.
  public var power: Int64 { Int64(tokens.units / Self.unitsPerPower) }

  init(_ creation: CreateValidator, at time: Timestamp) {
    consensusKey = creation.consensusKey
    description = creation.description
    commission = creation.commission
    maximumCommission = creation.maximumCommission
    maximumCommissionChange = creation.maximumCommissionChange
    commissionChangedAt = time
    minimumSelfDelegation = creation.minimumSelfDelegation
  }
}

extension ValidatorRecord {
  func encode(into writer: inout ByteWriter) {
    writer.write(consensusKey, description, commission, maximumCommission, maximumCommissionChange)
    writer.write(commissionChangedAt, minimumSelfDelegation, tokens, shares, status, isJailed, jailedUntil)
    writer.write(isTombstoned, unbondingHeight, unbondingCompletion, bondedSince, missedBlocks, rewards)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (consensusKey, description, commission, maximumCommission, maximumCommissionChange) = try reader.readAll()
    (commissionChangedAt, minimumSelfDelegation, tokens, shares, status, isJailed, jailedUntil) =
      try reader.readAll()
    (isTombstoned, unbondingHeight, unbondingCompletion, bondedSince, missedBlocks, rewards) =
      try reader.readAll()
  }
}

extension ValidatorRecord.Reward: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(denomination, networkIndex, perShare, rest, commission)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (denomination, networkIndex, perShare, rest, commission) = try reader.readAll()
  }
}

extension ValidatorDescription: StateValue {
  func encode(into writer: inout ByteWriter) {
    for text in [moniker, identity, website, securityContact, details] { writer.write(text) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      moniker: try reader.readText(limit: ChainLimits.identityBytes),
      identity: try reader.readText(limit: ChainLimits.identityBytes),
      website: try reader.readText(limit: ChainLimits.identityBytes),
      securityContact: try reader.readText(limit: ChainLimits.identityBytes),
      details: try reader.readText(limit: ChainLimits.identityBytes)
    )
  }
}
