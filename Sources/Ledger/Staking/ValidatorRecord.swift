public import Chain
public import Cryptography
public import Primitives

/// The record of a validator.
public struct ValidatorRecord: Hashable, Sendable, StateValue {
  /// The lifecycle: unbonded → bonded → unbonding → unbonded or bonded again. The numbers are those of the
  /// Cosmos SDK.
  public enum Status: UInt8, Hashable, Sendable, CaseIterable {
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
    /// The network's reward index up to which this validator is settled.
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
  /// Whether the validator signed twice. It can never be unjailed.
  public var isTombstoned = false
  /// The height at which unbonding began; `unbondingCompletion` is the time at which it ends.
  public var unbondingHeight: Height = 0
  public var unbondingCompletion = Timestamp.zero
  /// The height at which the validator last joined the set.
  public var bondedSince: Height = 0
  /// The number of blocks in the current window that the validator did not sign.
  public var missedBlocks: UInt32 = 0
  /// Sorted by denomination.
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
    writer.write(consensusKey)
    for text in description.texts { writer.write(text) }
    writer.write(commission)
    writer.write(maximumCommission)
    writer.write(maximumCommissionChange)
    writer.write(commissionChangedAt.milliseconds)
    writer.write(minimumSelfDelegation)
    writer.write(tokens)
    writer.write(shares)
    writer.write(status.rawValue)
    writer.write(isJailed)
    writer.write(jailedUntil.milliseconds)
    writer.write(isTombstoned)
    writer.write(unbondingHeight)
    writer.write(unbondingCompletion.milliseconds)
    writer.write(bondedSince)
    writer.write(missedBlocks)
    writer.write(UInt16(truncatingIfNeeded: rewards.count))
    for reward in rewards {
      writer.write(reward.denomination)
      writer.write(reward.networkIndex)
      writer.write(reward.perShare)
      writer.write(reward.rest)
      writer.write(reward.commission)
    }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    consensusKey = try reader.readPublicKey()
    description = try ValidatorDescription(from: &reader)
    commission = try reader.readDecimal()
    maximumCommission = try reader.readDecimal()
    maximumCommissionChange = try reader.readDecimal()
    commissionChangedAt = Timestamp(milliseconds: try reader.read())
    minimumSelfDelegation = try reader.readAmount()
    tokens = try reader.readAmount()
    shares = try reader.readDecimal()
    guard let status = Status(rawValue: try reader.read()) else { throw .outOfRange(field: "status") }
    self.status = status
    isJailed = try reader.readFlag()
    jailedUntil = Timestamp(milliseconds: try reader.read())
    isTombstoned = try reader.readFlag()
    unbondingHeight = try reader.read()
    unbondingCompletion = Timestamp(milliseconds: try reader.read())
    bondedSince = try reader.read()
    missedBlocks = try reader.read()
    let count = Int(try reader.read(UInt16.self))
    for _ in 0..<count {
      let denomination = try reader.readDenomination()
      var reward = Reward(denomination: denomination, networkIndex: try reader.read())
      reward.perShare = try reader.read()
      reward.rest = try reader.read()
      reward.commission = try reader.readDecimal()
      rewards.append(reward)
    }
  }
}

extension ValidatorDescription {
  fileprivate var texts: [String] { [moniker, identity, website, securityContact, details] }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    let moniker = try reader.readText(limit: ChainLimits.identityBytes)
    let identity = try reader.readText(limit: ChainLimits.identityBytes)
    let website = try reader.readText(limit: ChainLimits.identityBytes)
    let contact = try reader.readText(limit: ChainLimits.identityBytes)
    self.init(
      moniker: moniker,
      identity: identity,
      website: website,
      securityContact: contact,
      details: try reader.readText(limit: ChainLimits.identityBytes)
    )
  }
}
