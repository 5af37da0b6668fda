import Chain
import Cryptography
import Primitives

/// The key of an entry. The byte order of encoded keys must be the order in which the keys are to be sorted.
protocol StateKey: StateValue {
  func write(to writer: inout ByteWriter)
  init(key reader: inout ByteReader) throws(DecodingError)
}

/// Most keys have the same form as in values.
extension StateKey {
  func write(to writer: inout ByteWriter) { encode(into: &writer) }

  init(key reader: inout ByteReader) throws(DecodingError) { try self.init(from: &reader) }
}

extension Address: StateKey {
  func encode(into writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readAddress() }
}

extension Digest: StateKey {
  func encode(into writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readDigest() }
}

extension PublicKey: StateKey {
  func encode(into writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readPublicKey() }
}

extension DeploymentID: StateKey {
  func encode(into writer: inout ByteWriter) { writer.write(owner, sequence) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(owner: try reader.readAddress(), sequence: try reader.read())
  }
}

extension LeaseID: StateKey {
  func encode(into writer: inout ByteWriter) { writer.write(deployment, group, order, provider) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      deployment: try DeploymentID(from: &reader),
      group: try reader.read(),
      order: try reader.read(),
      provider: try reader.readAddress()
    )
  }
}

/// In values the name has its length before it. A key is the name alone, so that keys sort as names do.
extension Denomination: StateKey {
  func encode(into writer: inout ByteWriter) {
    writer.write(UInt8(truncatingIfNeeded: name.utf8.count))
    write(to: &writer)
  }

  func write(to writer: inout ByteWriter) { writer.writeRaw(name.utf8) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    try self.init(name: try reader.readRaw(count: Int(try reader.read(UInt8.self))))
  }

  init(key reader: inout ByteReader) throws(DecodingError) {
    try self.init(name: try reader.readRaw(count: reader.remaining))
  }

  private init(name bytes: [UInt8]) throws(DecodingError) {
    guard let name = String(validating: bytes, as: UTF8.self), let denomination = Denomination(name)
    else { throw .invalid(field: "denomination") }
    self = denomination
  }
}

/// Encodes numbers, such as those of proposals, unbondings and days.
extension UInt64: StateKey {}

/// Two keys: entries sort by the first, then by the second. The first must have a fixed width.
struct Pair<First: StateKey & Sendable, Second: StateKey & Sendable>: StateKey, Sendable {
  var first: First
  var second: Second

  init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  func encode(into writer: inout ByteWriter) {
    first.write(to: &writer)
    second.write(to: &writer)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    first = try First(key: &reader)
    second = try Second(key: &reader)
  }
}

/// The key of a group: its deployment and its number, from 1.
struct GroupKey: StateKey, Hashable, Sendable {
  var deployment: DeploymentID
  var group: UInt32

  init(_ deployment: DeploymentID, _ group: UInt32) {
    self.deployment = deployment
    self.group = group
  }

  func encode(into writer: inout ByteWriter) { writer.write(deployment, group) }

  init(from reader: inout ByteReader) throws(DecodingError) { (deployment, group) = try reader.readAll() }
}

/// The key of an index by state: the state's raw value, then the key of the entry.
struct StateIndexKey<Key: StateKey & Sendable>: StateKey, Sendable {
  var state: UInt8
  var key: Key

  init(_ state: UInt8, _ key: Key) {
    self.state = state
    self.key = key
  }

  func encode(into writer: inout ByteWriter) { writer.write(state, key) }

  init(from reader: inout ByteReader) throws(DecodingError) { (state, key) = try reader.readAll() }
}

/// The key of a grant.
struct GrantKey: Hashable, Sendable {
  var granter: Address
  var grantee: Address
  var kind: Grant.Kind
  var denomination: Denomination
}

extension GrantKey: StateKey {
  func encode(into writer: inout ByteWriter) {
    writer.write(granter, grantee, kind)
    denomination.write(to: &writer)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (granter, grantee, kind) = try reader.readAll()
    denomination = try Denomination(key: &reader)
  }
}

/// The key of `Tables.expiries`: when an entry expires, its kind, and its own key.
struct ExpiryKey: Hashable, Sendable {
  enum Kind: UInt8, Hashable, Sendable, StateValue {
    case grant = 1
    case agreedOrder = 2
  }

  var time: Timestamp
  var kind: Kind
  var key: [UInt8]
}

extension ExpiryKey: StateKey {
  func encode(into writer: inout ByteWriter) {
    writer.write(time, kind)
    writer.writeRaw(key)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (time, kind) = try reader.readAll()
    key = try reader.readRaw(count: reader.remaining)
  }
}
