import Chain
import Cryptography

extension LedgerQuery {
  /// The leases that a block opened and closed, in that order of events. The state must be the one right
  /// after the block.
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
