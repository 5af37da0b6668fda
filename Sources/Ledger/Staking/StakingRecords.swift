public import Chain
public import Cryptography
public import Primitives

/// The staking record of the whole network.
struct StakingRecord: Hashable, Sendable, StateValue {
  /// The rewards of one currency.
  struct Reward: Hashable, Sendable {
    var denomination: Denomination
    /// The sum of the rewards that one bonded unit has earned since genesis, in 10⁻¹⁸ of a unit.
    var index: UInt128 = 0
    /// The remainder that did not divide evenly among the bonded units, in 10⁻¹⁸ of a unit; the next block
    /// distributes it.
    var rest: UInt128 = 0
  }

  /// The stake of all bonded validators, in uakt.
  var bonded = Amount.zero
  /// The number that the next unbonding or redelegation gets.
  var nextEntry: UInt64 = 1
  /// Sorted by denomination.
  var rewards: [Reward] = []

  init() {}

  func encode(into writer: inout ByteWriter) { writer.write(bonded, nextEntry, rewards) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (bonded, nextEntry, rewards) = try reader.readAll()
  }
}

extension StakingRecord.Reward: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(denomination, index, rest) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (denomination, index, rest) = try reader.readAll()
  }
}

/// A delegator's shares of a validator.
public struct DelegationRecord: Hashable, Sendable, StateValue {
  struct Reward: Hashable, Sendable {
    var denomination: Denomination
    /// The value of the validator's `perShare` at the last settlement of this delegation.
    var perShare: UInt128
    /// The rewards that were settled and not withdrawn.
    var accrued = Decimal18.zero
  }

  public var shares = Decimal18.zero
  /// Sorted by denomination.
  var rewards: [Reward] = []

  init() {}

  func encode(into writer: inout ByteWriter) { writer.write(shares, rewards) }

  init(from reader: inout ByteReader) throws(DecodingError) { (shares, rewards) = try reader.readAll() }
}

extension DelegationRecord.Reward: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(denomination, perShare, accrued) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (denomination, perShare, accrued) = try reader.readAll()
  }
}

/// Undelegated stake that is not paid out yet.
public struct UnbondingRecord: Hashable, Sendable {
  public var delegator: Address
  public var validator: Address
  /// The amount when unbonding began. Slashing takes a fraction of this amount.
  public var initial: Amount
  /// The amount that will be paid out.
  public var amount: Amount
  public var height: Height
  public var completion: Timestamp
}

extension UnbondingRecord: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(delegator, validator, initial, amount, height, completion)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (delegator, validator, initial, amount, height, completion) = try reader.readAll()
  }
}

/// Stake that moved from one validator to another and can still be slashed for faults of the first one.
public struct RedelegationRecord: Hashable, Sendable {
  public var delegator: Address
  public var source: Address
  public var destination: Address
  public var initial: Amount
  public var height: Height
  public var completion: Timestamp
}

extension RedelegationRecord: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(delegator, source, destination, initial, height, completion)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (delegator, source, destination, initial, height, completion) = try reader.readAll()
  }
}

/// A validator's key and voting power as last announced to consensus.
struct AnnouncedPower: Hashable, Sendable {
  var key: PublicKey
  var power: Int64
}

extension AnnouncedPower: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(key, power) }

  init(from reader: inout ByteReader) throws(DecodingError) { (key, power) = try reader.readAll() }
}

/// The key of `Tables.maturities`: an unbonding, redelegation or unbonding validator, and the time at which
/// it ends.
struct MaturityKey: Hashable, Sendable {
  enum Kind: UInt8, Hashable, Sendable, StateValue {
    case unbonding = 1
    case redelegation = 2
    case validator = 3
  }

  var time: Timestamp
  var kind: Kind
  /// The number of the unbonding or redelegation; 0 for a validator.
  var entry: UInt64
  /// The validator's address for a validator; the delegator's address for an unbonding or redelegation.
  var address: Address
}

extension MaturityKey: StateKey {
  func encode(into writer: inout ByteWriter) { writer.write(time, kind, entry, address) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (time, kind, entry, address) = try reader.readAll()
  }
}

extension Tables {
  static var staking: Table<SingleKey, StakingRecord> { Table(0x60) }
  /// The key is the operator's address.
  static var validators: Table<Address, ValidatorRecord> { Table(0x61) }
  static var validatorsByKey: Table<PublicKey, Address> { Table(0x62) }
  /// The validators that may be in the set, in the order of falling stake. The key is UInt64.max − stake,
  /// then the operator's address.
  static var candidates: Table<Pair<UInt64, Address>, Presence> { Table(0x63) }
  /// The validators of the set as last announced to consensus.
  static var announced: Table<Address, AnnouncedPower> { Table(0x64) }
  /// The key is the delegator, then the validator.
  static var delegations: Table<Pair<Address, Address>, DelegationRecord> { Table(0x65) }
  /// The key is the validator, then the delegator.
  static var delegationsByValidator: Table<Pair<Address, Address>, Presence> { Table(0x66) }
  static var unbondings: Table<UInt64, UnbondingRecord> { Table(0x67) }
  /// The key is the delegator, the validator, the number of the unbonding.
  static var unbondingsByDelegator: Table<Pair<Pair<Address, Address>, UInt64>, Presence> { Table(0x68) }
  /// The key is the validator, the height at which unbonding began, the number of the unbonding.
  static var unbondingsByValidator: Table<Pair<Pair<Address, UInt64>, UInt64>, Presence> { Table(0x69) }
  static var redelegations: Table<UInt64, RedelegationRecord> { Table(0x6A) }
  /// The key is the delegator, the destination validator, the number of the redelegation.
  static var redelegationsByDelegator: Table<Pair<Pair<Address, Address>, UInt64>, Presence> { Table(0x6B) }
  /// The key is the source validator, the height of the redelegation, its number.
  static var redelegationsBySource: Table<Pair<Pair<Address, UInt64>, UInt64>, Presence> { Table(0x6C) }
  static var maturities: Table<MaturityKey, Presence> { Table(0x6D) }
  /// The key is a validator and a height that it did not sign.
  static var missed: Table<Pair<Address, UInt64>, Presence> { Table(0x6E) }
}
