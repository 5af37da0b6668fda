public import Chain
public import Cryptography

/// The opening or closing of a lease by a block, with the lease's record as it is after the block.
///
/// The record is part of the event, so that receivers need not read the state, which may have changed since.
public enum LeaseEvent: Hashable, Sendable {
  case opened(LeaseID, LeaseRecord, LeaseOrigin)
  case closed(LeaseID, LeaseRecord, by: Closer, reason: LeaseCloseReason)

  public var lease: LeaseID {
    switch self {
    case .opened(let lease, _, _), .closed(let lease, _, _, _): lease
    }
  }
}

/// The order and the manifest of a new lease.
public struct LeaseOrigin: Hashable, Sendable {
  /// The identifier of the order from which the lease was agreed.
  public var order: Digest
  /// The hash of the manifest that the provider must run.
  public var manifestHash: Digest

  public init(order: Digest, manifestHash: Digest) {
    self.order = order
    self.manifestHash = manifestHash
  }
}
