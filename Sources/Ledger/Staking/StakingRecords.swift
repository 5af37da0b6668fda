public import Chain
public import Cryptography
public import Primitives

/// The staking record of the whole network.
struct StakingRecord: Hashable, Sendable, StateValue {
  /// The rewards of one currency.
  struct Reward: Hashable, Sendable {
    var denomination: Denomination
    /// What one bonded unit has earned since genesis, in 10⁻¹⁸ of a unit.
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

  func encode(into writer: inout ByteWriter) {
    writer.write(bonded)
    writer.write(nextEntry)
    writer.write(UInt16(truncatingIfNeeded: rewards.count))
    for reward in rewards {
      writer.write(reward.denomination)
      writer.write(reward.index)
      writer.write(reward.rest)
    }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    bonded = try reader.readAmount()
    nextEntry = try reader.read()
    let count = Int(try reader.read(UInt16.self))
    for _ in 0..<count {
      let denomination = try reader.readDenomination()
      let index = try reader.read(UInt128.self)
      rewards.append(Reward(denomination: denomination, index: index, rest: try reader.read()))
    }
  }
}

/// A delegator's shares of a validator.
public struct DelegationRecord: Hashable, Sendable, StateValue {
  struct Reward: Hashable, Sendable {
    var denomination: Denomination
    /// The validator's `perShare` up to which this delegation is settled.
    var perShare: UInt128
    /// Earned and not withdrawn.
    var accrued = Decimal18.zero
  }

  public var shares = Decimal18.zero
  /// Sorted by denomination.
  var rewards: [Reward] = []

  init() {}

  func encode(into writer: inout ByteWriter) {
    writer.write(shares)
    writer.write(UInt16(truncatingIfNeeded: rewards.count))
    for reward in rewards {
      writer.write(reward.denomination)
      writer.write(reward.perShare)
      writer.write(reward.accrued)
    }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    shares = try reader.readDecimal()
    let count = Int(try reader.read(UInt16.self))
    for _ in 0..<count {
      let denomination = try reader.readDenomination()
      let perShare = try reader.read(UInt128.self)
      rewards.append(
        Reward(denomination: denomination, perShare: perShare, accrued: try reader.readDecimal())
      )
    }
  }
}

/// Undelegated stake that is not paid out yet.
public struct UnbondingRecord: Hashable, Sendable, StateValue {
  public var delegator: Address
  public var validator: Address
  /// The amount at the beginning, of which slashing takes its part.
  public var initial: Amount
  /// The amount that will be paid out.
  public var amount: Amount
  public var height: Height
  public var completion: Timestamp

  func encode(into writer: inout ByteWriter) {
    writer.write(delegator)
    writer.write(validator)
    writer.write(initial)
    writer.write(amount)
    writer.write(height)
    writer.write(completion.milliseconds)
  }

  init(delegator: Address, validator: Address, amount: Amount, height: Height, completion: Timestamp) {
    self.delegator = delegator
    self.validator = validator
    initial = amount
    self.amount = amount
    self.height = height
    self.completion = completion
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    delegator = try reader.readAddress()
    validator = try reader.readAddress()
    initial = try reader.readAmount()
    amount = try reader.readAmount()
    height = try reader.read()
    completion = Timestamp(milliseconds: try reader.read())
  }
}

/// Stake that moved from one validator to another and can still be slashed for faults of the first one.
public struct RedelegationRecord: Hashable, Sendable, StateValue {
  public var delegator: Address
  public var source: Address
  public var destination: Address
  public var initial: Amount
  public var height: Height
  public var completion: Timestamp

  func encode(into writer: inout ByteWriter) {
    writer.write(delegator)
    writer.write(source)
    writer.write(destination)
    writer.write(initial)
    writer.write(height)
    writer.write(completion.milliseconds)
  }

  init(
    delegator: Address,
    source: Address,
    destination: Address,
    initial: Amount,
    height: Height,
    completion: Timestamp
  ) {
    self.delegator = delegator
    self.source = source
    self.destination = destination
    self.initial = initial
    self.height = height
    self.completion = completion
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    delegator = try reader.readAddress()
    source = try reader.readAddress()
    destination = try reader.readAddress()
    initial = try reader.readAmount()
    height = try reader.read()
    completion = Timestamp(milliseconds: try reader.read())
  }
}

/// The key and the power with which consensus last learned of a validator.
struct AnnouncedPower: Hashable, Sendable, StateValue {
  var key: PublicKey
  var power: Int64

  init(key: PublicKey, power: Int64) {
    self.key = key
    self.power = power
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(key)
    writer.write(UInt64(bitPattern: power))
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    key = try reader.readPublicKey()
    power = Int64(bitPattern: try reader.read())
  }
}

/// The key of `Tables.maturities`: what ends at a time.
struct MaturityKey: StateKey, Hashable, Sendable {
  enum Kind: UInt8, Hashable, Sendable {
    case unbonding = 1
    case redelegation = 2
    case validator = 3
  }

  var time: Timestamp
  var kind: Kind
  /// The number of the unbonding or redelegation; 0 for a validator.
  var entry: UInt64
  /// The validator's address, or for the other kinds the delegator's.
  var address: Address

  init(time: Timestamp, kind: Kind, entry: UInt64, address: Address) {
    self.time = time
    self.kind = kind
    self.entry = entry
    self.address = address
  }

  func write(to writer: inout ByteWriter) {
    writer.write(time.milliseconds)
    writer.write(kind.rawValue)
    writer.write(entry)
    writer.write(address)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    time = Timestamp(milliseconds: try reader.read())
    guard let kind = Kind(rawValue: try reader.read()) else { throw .outOfRange(field: "kind") }
    self.kind = kind
    entry = try reader.read()
    address = try reader.readAddress()
  }
}

extension PublicKey: StateKey {
  func write(to writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readPublicKey() }
}

extension Address: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(self) }
}

extension Tables {
  static var staking: Table<SingleKey, StakingRecord> { Table(0x60) }
  /// The key is the operator's address.
  static var validators: Table<Address, ValidatorRecord> { Table(0x61) }
  static var validatorsByKey: Table<PublicKey, Address> { Table(0x62) }
  /// The validators that may be in the set, most stake first. The key is UInt64.max − stake, then the
  /// operator.
  static var candidates: Table<Pair<UInt64, Address>, Presence> { Table(0x63) }
  /// The validators of the set as last announced to consensus.
  static var announced: Table<Address, AnnouncedPower> { Table(0x64) }
  /// The key is the delegator, then the validator.
  static var delegations: Table<Pair<Address, Address>, DelegationRecord> { Table(0x65) }
  /// The key is the validator, then the delegator.
  static var delegationsByValidator: Table<Pair<Address, Address>, Presence> { Table(0x66) }
  static var unbondings: Table<UInt64, UnbondingRecord> { Table(0x67) }
  /// The key is delegator, validator, number.
  static var unbondingsByDelegator: Table<Pair<Pair<Address, Address>, UInt64>, Presence> { Table(0x68) }
  /// The key is validator, height, number.
  static var unbondingsByValidator: Table<Pair<Pair<Address, UInt64>, UInt64>, Presence> { Table(0x69) }
  static var redelegations: Table<UInt64, RedelegationRecord> { Table(0x6A) }
  /// The key is delegator, destination, number.
  static var redelegationsByDelegator: Table<Pair<Pair<Address, Address>, UInt64>, Presence> { Table(0x6B) }
  /// The key is source, height, number.
  static var redelegationsBySource: Table<Pair<Pair<Address, UInt64>, UInt64>, Presence> { Table(0x6C) }
  static var maturities: Table<MaturityKey, Presence> { Table(0x6D) }
  /// The key is a validator and a height that it did not sign.
  static var missed: Table<Pair<Address, UInt64>, Presence> { Table(0x6E) }
}
