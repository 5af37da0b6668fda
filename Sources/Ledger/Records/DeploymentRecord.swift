public import Chain
public import Cryptography
import Primitives

/// By whom, why and when a deployment or a lease was ended.
public struct Closing: Hashable, Sendable {
  public var closer: Closer
  public var reason: LeaseCloseReason
  /// The block that ended it. For a lease, `tick` is the last tick that was paid in full.
  public var moment: Moment
}

extension Closing: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(closer, reason, moment) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (closer, reason, moment) = try reader.readAll()
  }
}

/// A tenant's deployment.
public struct DeploymentRecord: Hashable, Sendable {
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
  /// By whom, why and when the deployment was closed; nil while it is active.
  public var closing: Closing?

  public var state: State { closing == nil ? .active : .closed }
}

extension DeploymentRecord: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(manifestHash, groupCount, order, createdAt, closing)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (manifestHash, groupCount, order, createdAt, closing) = try reader.readAll()
  }
}

/// A group of a deployment: the unit of leasing.
public struct GroupRecord: Hashable, Sendable {
  /// The lifecycle: open → leased → open; either → closed with the deployment.
  public enum State: UInt8, Hashable, Sendable, CaseIterable, StateValue {
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
  public var state = State.open
  /// How many leases the group has had. The order number of the next lease is one more.
  public var orders: UInt32 = 0
  /// The provider of the running lease; nil when there is none.
  public var provider: Address?
}

extension GroupRecord: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(state, orders, provider, spec) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (state, orders, provider, spec) = try reader.readAll()
  }
}
