public import Chain
public import Cryptography

/// What a block did to a lease, with the lease's record as it is after the block.
///
/// Read from the state right after the block, so that nobody who hears of it has to ask a later state.
public enum LeaseEvent: Hashable, Sendable {
  case opened(LeaseID, LeaseRecord, LeaseOrigin)
  case closed(LeaseID, LeaseRecord, by: Closer, reason: LeaseCloseReason)

  public var lease: LeaseID {
    switch self {
    case .opened(let lease, _, _), .closed(let lease, _, _, _): lease
    }
  }
}

/// What a lease was opened for.
public struct LeaseOrigin: Hashable, Sendable {
  /// The order that the lease was agreed from.
  public var order: Digest
  /// Of the manifest that the deployment asks its providers to run.
  public var manifestHash: Digest

  public init(order: Digest, manifestHash: Digest) {
    self.order = order
    self.manifestHash = manifestHash
  }
}
