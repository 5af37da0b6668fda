public import Chain
public import Cryptography
public import Primitives

/// A validator as staking knows it.
public struct ValidatorRecord: Hashable, Sendable, StateValue {
  /// Unbonded can become bonded; bonded becomes unbonding, which becomes unbonded in time or bonded again. Numbers
  /// are the Cosmos SDK's.
  public enum Status: UInt8, Hashable, Sendable, CaseIterable {
    case unbonded = 1
    case unbonding = 2
    case bonded = 3

    /// As queries spell it.
    public var name: String {
      switch self {
      case .unbonded: "unbonded"
      case .unbonding: "unbonding"
      case .bonded: "bonded"
      }
    }
  }

  /// The validator's part in the rewards of one currency.
  struct Reward: Hashable, Sendable {
    var denomination: Denomination
    /// The network's reward index that is settled.
    var networkIndex: UInt128
    /// What a whole share has earned since the beginning, in 10⁻¹⁸ of a unit.
    var perShare: UInt128 = 0
    /// What did not divide among the shares yet, in 10⁻¹⁸ of a unit.
    var rest: UInt128 = 0
    /// The operator's, not withdrawn.
    var commission = Decimal18.zero
  }

  public var consensusKey: PublicKey
  public var description: ValidatorDescription
  public var commission: Decimal18
  public var maximumCommission: Decimal18
  public var maximumCommissionChange: Decimal18
  public var commissionChangedAt: Timestamp
  public var minimumSelfDelegation: Amount
  /// Staked with it, less what was slashed.
  public var tokens = Amount.zero
  /// Of all delegators; a share is worth `tokens` / `shares`.
  public var shares = Decimal18.zero
  public var status = Status.unbonded
  public var isJailed = false
  public var jailedUntil = Timestamp.zero
  /// Signed twice: can never return.
  public var isTombstoned = false
  /// When and where unbonding began and when it ends.
  public var unbondingHeight: Height = 0
  public var unbondingCompletion = Timestamp.zero
  public var bondedSince: Height = 0
  /// Blocks of the window that it did not sign.
  public var missedBlocks: UInt32 = 0
  /// Sorted by denomination.
  var rewards: [Reward] = []

  /// Units of stake that make one of voting power.
  public static let unitsPerPower: UInt64 = 1_000_000

  public var moniker: String { description.moniker }

  /// What it would count for in consensus.
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
    guard let status = Status(rawValue: try reader.read()) else {
      throw .outOfRange(field: "status")
    }
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
