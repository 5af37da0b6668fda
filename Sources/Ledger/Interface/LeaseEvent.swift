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
}

extension LedgerQuery {
  /// The leases that a block opened and closed, in the order of the block's events. The state of the query
  /// must be the state directly after that block.
  public func leaseEvents(of outcome: BlockOutcome) -> [LeaseEvent] {
    var agreed: [DeploymentID: Digest] = [:]
    var events: [LeaseEvent] = []
    func follow(_ event: Event) {
      switch event {
      case .orderAgreed(let order, let deployment): agreed[deployment] = order
      case .leaseOpened(let lease, _):
        guard let record = state.read(Tables.leases, lease), let order = agreed[lease.deployment],
          let deployment = state.read(Tables.deployments, lease.deployment)
        else { return }
        let origin = LeaseOrigin(order: order, manifestHash: deployment.manifestHash)
        events.append(.opened(lease, record, origin))
      case .leaseClosed(let lease, _, let closer, let reason):
        guard let record = state.read(Tables.leases, lease) else { return }
        events.append(.closed(lease, record, by: closer, reason: reason))
      default: break
      }
    }
    for receipt in outcome.receipts { receipt.events.forEach(follow) }
    outcome.events.forEach(follow)
    return events
  }
}
