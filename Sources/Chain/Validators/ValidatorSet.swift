public import Cryptography
public import Primitives

/// A member of one height's validator set.
public struct Validator: Hashable, Sendable {
  /// The operator's account. It breaks ties in the order of members and in the choice of the proposer.
  public var address: Address
  /// The consensus key that signs votes.
  public var key: PublicKey
  /// The voting power; above 0.
  public var power: Int64
  /// The priority in the rotation, in units of power. The validator with the largest proposes next.
  public var priority: Int64

  public init(address: Address, key: PublicKey, power: Int64, priority: Int64 = 0) {
    self.address = address
    self.key = key
    self.power = power
    self.priority = priority
  }
}

/// A validator's new power; 0 removes it.
public struct ValidatorUpdate: Hashable, Sendable {
  public var address: Address
  public var key: PublicKey
  public var power: Int64

  public init(address: Address, key: PublicKey, power: Int64) {
    self.address = address
    self.key = key
    self.power = power
  }
}

/// Why validators are not a valid set.
public enum ValidatorSetError: Error, Hashable, Sendable {
  case empty
  case tooMany(limit: Int)
  case duplicateAddress(Address)
  case duplicateKey(PublicKey)
  /// The update removes a validator that is not in the set.
  case unknownValidator(Address)
  case powerOutOfRange(Address)
  case totalPowerOutOfRange
}

/// The validators of one height, and the rotation of proposers (CometBFT specification, section "proposer
/// selection").
///
/// Proposers are selected by weighted round robin, with exactly CometBFT's numbers. Arithmetic saturates, so
/// no powers can cause a trap.
public struct ValidatorSet: Hashable, Sendable {
  /// The most members; the size limit of a certificate allows for as many.
  public static let maximumCount = ChainLimits.validators
  /// The largest total power; three times the total and the spread of priorities stay inside 64 bits.
  public static let maximumTotalPower = Int64.max / 8

  /// The members by power descending, then address ascending. A `ValidatorIndex` is a position here.
  public internal(set) var members: [Validator]
  public internal(set) var totalPower: Int64
  /// The proposer of round 0: the validator that the last `advance` chose.
  public internal(set) var proposer: ValidatorIndex

  /// The set of a chain's first height. The priorities of `validators` are not used.
  public init(_ validators: [Validator]) throws(ValidatorSetError) {
    self.init()
    let additions = validators.map { ValidatorUpdate(address: $0.address, key: $0.key, power: $0.power) }
    for addition in additions where addition.power <= 0 { throw .powerOutOfRange(addition.address) }
    try apply(additions)
    guard !members.isEmpty else { throw .empty }
    advance()
  }

  /// The set without members, before a chain's first height. No power is a quorum of it.
  public static let empty = ValidatorSet()

  init() {
    members = []
    totalPower = 0
    proposer = 0
  }

  public var count: Int { members.count }

  /// Nil when `index` is not in the set.
  public subscript(index: ValidatorIndex) -> Validator? {
    Int(index) < members.count ? members[Int(index)] : nil
  }

  public func index(ofKey key: PublicKey) -> ValidatorIndex? {
    members.firstIndex { $0.key == key }.map { ValidatorIndex($0) }
  }

  public func index(ofAddress address: Address) -> ValidatorIndex? {
    members.firstIndex { $0.address == address }.map { ValidatorIndex($0) }
  }

  /// The power of a quorum: the least x with 3·x > 2·total. Any two quorums have a correct validator in
  /// common, as long as less than a third of the power is faulty.
  public var quorumPower: Int64 { totalPower * 2 / 3 + 1 }

  /// The least x with 3·x > total: validators with this power include a correct one.
  public var honestThreshold: Int64 { totalPower / 3 + 1 }

  /// The largest faulty power that consensus tolerates: the largest x with 3·x < total.
  public var tolerablePower: Int64 { max(0, (totalPower - 1) / 3) }

  public func isQuorum(_ power: Int64) -> Bool { power >= quorumPower }

  public func meetsHonestThreshold(_ power: Int64) -> Bool { power >= honestThreshold }

  /// The BLAKE2b digest of `encoded`: members, powers, keys, priorities and proposer.
  ///
  /// It covers priorities, because a light client with false priorities would expect a wrong proposer.
  public var hash: Digest { Digest.blake2b(encoded) }
}

extension ValidatorSet {
  /// The encoding: count (4 bytes), proposer (4), then for each member address (20), key (32), power (8),
  /// priority (8).
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 8 + members.count * 68)
    encode(into: &writer)
    return writer.bytes
  }

  public func encode(into writer: inout ByteWriter) {
    writer.write(UInt32(members.count))
    writer.write(proposer)
    for member in members {
      writer.write(member.address)
      writer.write(member.key)
      writer.write(UInt64(bitPattern: member.power))
      writer.write(UInt64(bitPattern: member.priority))
    }
  }

  /// Decodes a set from the bytes of `encoded`.
  ///
  /// - Throws: When the bytes are not a valid set, also when its members are not in the order of `members`.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    try self.init(from: &reader)
    try reader.finish()
  }

  public init(from reader: inout ByteReader) throws(DecodingError) {
    self.init()
    let count = Int(try reader.read(UInt32.self))
    proposer = try reader.read()
    guard (1...Self.maximumCount).contains(count), reader.remaining >= count * 68 else {
      throw .outOfRange(field: "validators")
    }
    guard Int(proposer) < count else { throw .outOfRange(field: "proposer") }
    members.reserveCapacity(count)
    for _ in 0..<count {
      let address = try reader.readAddress()
      let key = try reader.readPublicKey()
      let power = Int64(bitPattern: try reader.read())
      let priority = Int64(bitPattern: try reader.read())
      guard power > 0, power <= Self.maximumTotalPower - totalPower else { throw .outOfRange(field: "power") }
      let member = Validator(address: address, key: key, power: power, priority: priority)
      if let last = members.last, !Self.precedes(last, member) { throw .invalid(field: "order") }
      members.append(member)
      totalPower += power
    }
    guard Set(members.map(\.key)).count == count, Set(members.map(\.address)).count == count else {
      throw .invalid(field: "validators")
    }
  }

  static func precedes(_ left: Validator, _ right: Validator) -> Bool {
    left.power == right.power ? left.address < right.address : left.power > right.power
  }
}
