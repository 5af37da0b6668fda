import Chain
import Cryptography
import Primitives

extension Address: StateKey {
  func write(to writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readAddress() }
}

extension Digest: StateKey {
  func write(to writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readDigest() }
}

extension DeploymentID: StateKey {
  func write(to writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readDeployment() }
}

extension LeaseID: StateKey {
  func write(to writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readLease() }
}

/// The key is the name without a length, so that keys sort as names do.
extension Denomination: StateKey {
  func write(to writer: inout ByteWriter) { writer.writeRaw(name.utf8) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    guard let name = String(validating: try reader.readRaw(count: reader.remaining), as: UTF8.self),
      let denomination = Denomination(name)
    else { throw .invalid(field: "denomination") }
    self = denomination
  }
}

/// Numbers of proposals, unbondings and days.
extension UInt64: StateKey {
  func write(to writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.read() }
}

/// Two keys: entries sort by the first, then by the second. The first must have a fixed width.
struct Pair<First: StateKey & Sendable, Second: StateKey & Sendable>: StateKey, Sendable {
  var first: First
  var second: Second

  init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  func write(to writer: inout ByteWriter) {
    first.write(to: &writer)
    second.write(to: &writer)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    first = try First(from: &reader)
    second = try Second(from: &reader)
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

  func write(to writer: inout ByteWriter) {
    writer.write(deployment)
    writer.write(group)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    deployment = try reader.readDeployment()
    group = try reader.read()
  }
}

/// The key of an index by state: the state's raw value, then the key of the entry.
struct StateIndexKey<Key: StateKey & Sendable>: StateKey, Sendable {
  var state: UInt8
  var key: Key

  init(_ state: UInt8, _ key: Key) {
    self.state = state
    self.key = key
  }

  func write(to writer: inout ByteWriter) {
    writer.write(state)
    key.write(to: &writer)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    state = try reader.read()
    key = try Key(from: &reader)
  }
}

/// The key of a grant.
struct GrantKey: StateKey, Hashable, Sendable {
  var granter: Address
  var grantee: Address
  var kind: Grant.Kind
  var denomination: Denomination

  func write(to writer: inout ByteWriter) {
    writer.write(granter)
    writer.write(grantee)
    writer.write(kind.rawValue)
    denomination.write(to: &writer)
  }

  init(granter: Address, grantee: Address, kind: Grant.Kind, denomination: Denomination) {
    self.granter = granter
    self.grantee = grantee
    self.kind = kind
    self.denomination = denomination
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    granter = try reader.readAddress()
    grantee = try reader.readAddress()
    guard let kind = Grant.Kind(rawValue: try reader.read()) else { throw .outOfRange(field: "kind") }
    self.kind = kind
    denomination = try Denomination(from: &reader)
  }
}

/// The key of `Tables.expiries`: when an entry expires, its kind, and its own key.
struct ExpiryKey: StateKey, Hashable, Sendable {
  enum Kind: UInt8, Hashable, Sendable {
    case grant = 1
    case agreedOrder = 2
  }

  var time: Timestamp
  var kind: Kind
  var key: [UInt8]

  init(time: Timestamp, kind: Kind, key: [UInt8]) {
    self.time = time
    self.kind = kind
    self.key = key
  }

  func write(to writer: inout ByteWriter) {
    writer.write(time.milliseconds)
    writer.write(kind.rawValue)
    writer.writeRaw(key)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    time = Timestamp(milliseconds: try reader.read())
    guard let kind = Kind(rawValue: try reader.read()) else { throw .outOfRange(field: "kind") }
    self.kind = kind
    key = try reader.readRaw(count: reader.remaining)
  }
}
