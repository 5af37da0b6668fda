public import Chain
public import Cryptography
import Primitives

/// By whom, why and when a deployment or a lease was ended.
public struct Closing: Hashable, Sendable {
  public var closer: Closer
  public var reason: LeaseCloseReason
  /// The block that ended it. For a lease, `tick` is the last tick that was paid in full.
  public var moment: Moment

  func encode(into writer: inout ByteWriter) {
    writer.write(closer.rawValue)
    writer.write(reason.rawValue)
    writer.write(moment)
  }

  init(closer: Closer, reason: LeaseCloseReason, moment: Moment) {
    self.closer = closer
    self.reason = reason
    self.moment = moment
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    closer = try reader.readCloser()
    reason = try reader.readReason()
    moment = try reader.readMoment()
  }
}

/// A tenant's deployment.
public struct DeploymentRecord: Hashable, Sendable, StateValue {
  /// The lifecycle: active → closed, which is final.
  public enum State: UInt8, Hashable, Sendable, CaseIterable {
    case active = 1
    case closed = 2

    /// The name in answers to queries.
    public var name: String {
      switch self {
      case .active: "active"
      case .closed: "closed"
      }
    }
  }

  public var manifestHash: Digest
  /// The number of groups; they are numbered from 1.
  public var groupCount: UInt32
  /// The identifier of the order that opened the deployment.
  public var order: Digest
  public var createdAt: Moment
  /// Set when the deployment is closed.
  public var closing: Closing?

  public var state: State { closing == nil ? .active : .closed }

  init(manifestHash: Digest, groupCount: UInt32, order: Digest, createdAt: Moment) {
    self.manifestHash = manifestHash
    self.groupCount = groupCount
    self.order = order
    self.createdAt = createdAt
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(manifestHash)
    writer.write(groupCount)
    writer.write(order)
    writer.write(createdAt)
    writer.write(closing != nil)
    closing?.encode(into: &writer)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    manifestHash = try reader.readDigest()
    groupCount = try reader.read()
    order = try reader.readDigest()
    createdAt = try reader.readMoment()
    closing = try reader.readFlag() ? try Closing(from: &reader) : nil
  }
}

/// A group of a deployment: the unit of leasing.
public struct GroupRecord: Hashable, Sendable, StateValue {
  /// The lifecycle: open → leased → open; either → closed with the deployment.
  public enum State: UInt8, Hashable, Sendable, CaseIterable {
    case open = 1
    case leased = 2
    case closed = 3

    /// The name in answers to queries.
    public var name: String {
      switch self {
      case .open: "open"
      case .leased: "leased"
      case .closed: "closed"
      }
    }
  }

  public var spec: GroupSpec
  public var state: State
  /// How many leases the group has had. The order number of the next lease is one more.
  public var orders: UInt32
  /// The provider of the running lease; nil when there is none.
  public var provider: Address?

  init(spec: GroupSpec) {
    self.spec = spec
    state = .open
    orders = 0
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(state.rawValue)
    writer.write(orders)
    writer.write(provider != nil)
    if let provider { writer.write(provider) }
    writer.writeCounted(spec.encoded)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    guard let state = State(rawValue: try reader.read()) else { throw .outOfRange(field: "state") }
    self.state = state
    orders = try reader.read()
    provider = try reader.readFlag() ? try reader.readAddress() : nil
    spec = try GroupSpec(decoding: try reader.readCounted())
  }
}
