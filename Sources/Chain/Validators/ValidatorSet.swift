public import Cryptography
public import Primitives

/// A validator as one height's set holds it.
public struct Validator: Hashable, Sendable {
  /// The operator's account; breaks ties of order and of turn.
  public var address: Address
  /// The consensus key that signs votes.
  public var key: PublicKey
  /// Above 0.
  public var power: Int64
  /// How long it has waited for its turn to propose, in units of power; the largest proposes next.
  public var priority: Int64

  public init(address: Address, key: PublicKey, power: Int64, priority: Int64 = 0) {
    self.address = address
    self.key = key
    self.power = power
    self.priority = priority
  }
}

/// A change of a validator's power; 0 removes it.
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

/// Why validators do not make a set.
public enum ValidatorSetError: Error, Hashable, Sendable {
  case empty
  case tooMany(limit: Int)
  case duplicateAddress(Address)
  case duplicateKey(PublicKey)
  /// A removal of one that is not in the set.
  case unknownValidator(Address)
  case powerOutOfRange(Address)
  case totalPowerOutOfRange
}

/// The validators of one height with their turns to propose (CometBFT specification,
/// section "proposer selection").
///
/// Turns go by weighted round robin, number for number as in CometBFT. All arithmetic saturates, nothing here can
/// trap whatever powers are given.
public struct ValidatorSet: Hashable, Sendable {
  /// As many as a certificate's size limit allows for.
  public static let maximumCount = ChainLimits.validators
  /// Keeps three times the total and the priorities' spread inside 64 bits.
  public static let maximumTotalPower = Int64.max / 8

  /// By power descending, then address ascending; a `ValidatorIndex` counts along it.
  public internal(set) var members: [Validator]
  public internal(set) var totalPower: Int64
  /// Whose turn round 0 is: the one that the last `advance` chose.
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

  /// Nobody: what there is before a chain's first height. Nothing is a quorum of it.
  public static let nobody = ValidatorSet()

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

  /// The least power x with 3·x > 2·total: any two such groups share a correct validator.
  public var quorumPower: Int64 { totalPower * 2 / 3 + 1 }

  /// The least power x with 3·x > total: a correct validator is inside.
  public var honestPower: Int64 { totalPower / 3 + 1 }

  /// The largest power that may be faulty without harm: 3·x < total.
  public var tolerablePower: Int64 { max(0, (totalPower - 1) / 3) }

  public func isQuorum(_ power: Int64) -> Bool { power >= quorumPower }

  public func isHonest(_ power: Int64) -> Bool { power >= honestPower }

  /// BLAKE2b of `encoded`: members, powers, keys, priorities and turn.
  ///
  /// Priorities are inside because a light client that took them unchecked could be led to a wrong proposer.
  public var hash: Digest { Digest.blake2b(encoded) }
}

extension ValidatorSet {
  /// The set's only encoding: count (4), proposer (4), then address (20), key (32), power (8), priority (8) each.
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

  /// Reads what `encoded` holds.
  ///
  /// - Throws: also when the members are not a set in its order.
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
