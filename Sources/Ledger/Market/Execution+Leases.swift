import Chain
import Cryptography
import Primitives

extension Execution {
  /// A lease to be opened. Everything about it is checked already.
  package struct LeaseOpening {
    var group: UInt32
    package var spec: GroupSpec
    var provider: Address
    /// The price per tick. Its denomination is the currency's canonical name.
    var price: DecimalCoin
    var offer: [ResourceOffer]
    var reclamationWindow: UInt64
    var requiresAuditedGPUs: Bool

    package init(
      group: UInt32,
      spec: GroupSpec,
      provider: Address,
      price: DecimalCoin,
      offer: [ResourceOffer],
      reclamationWindow: UInt64,
      requiresAuditedGPUs: Bool
    ) {
      self.group = group
      self.spec = spec
      self.provider = provider
      self.price = price
      self.offer = offer
      self.reclamationWindow = reclamationWindow
      self.requiresAuditedGPUs = requiresAuditedGPUs
    }
  }

  /// Opens leases of a deployment and locks the providers' deposits. The deployment's escrow must have money.
  package func openLeases(_ openings: [LeaseOpening], of id: DeploymentID) throws(Rejection) {
    var payments: [EscrowAccount.Payment] = []
    for opening in openings {
      let key = GroupKey(id, opening.group)
      var group = overlay.read(Tables.groups, key) ?? GroupRecord(spec: opening.spec)
      guard group.state == .open, group.orders < .max else { throw .lease(.groupLeased(opening.group)) }
      group.state = .leased
      group.orders += 1
      group.provider = opening.provider
      group.spec = opening.spec
      overlay.write(Tables.groups, key, group)
      let lease = LeaseID(
        deployment: id,
        group: opening.group,
        order: group.orders,
        provider: opening.provider
      )
      try open(lease, opening)
      let next = EscrowAccount.nextPayout(after: moment.tick, interval: parameter(.payoutInterval))
      payments.append(
        EscrowAccount.Payment(
          group: lease.group,
          order: lease.order,
          provider: lease.provider,
          rate: opening.price.amount,
          nextPayout: next
        )
      )
    }
    try openPayments(payments, of: id)
  }

  private func open(_ lease: LeaseID, _ opening: LeaseOpening) throws(Rejection) {
    let deposit = Coin(
      try currency(opening.price.denomination).currency.leaseDeposit,
      opening.price.denomination
    )
    try transfer(deposit, from: lease.provider, to: ModuleAccount.leaseDeposits.address)
    let record = LeaseRecord(
      price: opening.price,
      offer: opening.offer,
      openedAt: moment,
      deposit: deposit,
      reclamationWindow: opening.reclamationWindow,
      requiresAuditedGPUs: opening.requiresAuditedGPUs
    )
    overlay.write(Tables.leases, lease, record)
    index(lease, in: record.state)
    addDemand(of: lease, spec: opening.spec, requiresAuditedGPUs: opening.requiresAuditedGPUs)
    if !deposit.amount.isZero { emit(.leaseDepositLocked(lease: lease, coin: deposit)) }
    emit(.leaseOpened(lease: lease, price: opening.price))
  }

  /// Ends a lease whose payment was removed from its escrow account: returns the provider's deposit and opens
  /// the group again. `tick` is the last tick that was paid; nil for the block's tick.
  func endLease(
    _ payment: EscrowAccount.Payment,
    of id: DeploymentID,
    by closer: Closer,
    reason: LeaseCloseReason,
    at tick: Tick? = nil
  ) throws(Rejection) {
    let lease = payment.lease(of: id)
    guard var record = overlay.read(Tables.leases, lease) else { throw .lease(.leaseNotFound(lease)) }
    unindex(lease, in: record.state)
    record.state = reason == .insufficientFunds ? .insufficientFunds : .closed
    record.closing = Closing(closer: closer, reason: reason, moment: moment)
    if let tick { record.closing?.moment.tick = tick }
    record.earned = payment.earned
    record.paid = payment.paid
    record.fee = payment.collectedTake
    index(lease, in: record.state)
    overlay.write(Tables.leases, lease, record)
    let key = GroupKey(id, lease.group)
    if var group = overlay.read(Tables.groups, key) {
      group.state = .open
      group.provider = nil
      overlay.write(Tables.groups, key, group)
      removeDemand(of: lease, spec: group.spec, requiresAuditedGPUs: record.requiresAuditedGPUs)
    }
    try transfer(record.deposit, from: ModuleAccount.leaseDeposits.address, to: lease.provider)
    emit(.leaseClosed(lease: lease, price: record.price, actor: closer, reason: reason))
    if !record.deposit.amount.isZero { emit(.leaseDepositReleased(lease: lease, coin: record.deposit)) }
  }

  private func index(_ lease: LeaseID, in state: LeaseRecord.State) {
    let key = StateIndexKey(state.rawValue, lease)
    overlay.write(Tables.leasesByState, key, Presence())
    overlay.write(Tables.leasesByProvider, Pair(lease.provider, key), Presence())
    if protocolVersion >= 2 {
      overlay.write(Tables.leasesByOwner, Pair(lease.deployment.owner, key), Presence())
    }
    updateCount(state) { $0 &+ 1 }
  }

  private func unindex(_ lease: LeaseID, in state: LeaseRecord.State) {
    let key = StateIndexKey(state.rawValue, lease)
    overlay.remove(Tables.leasesByState, key)
    overlay.remove(Tables.leasesByProvider, Pair(lease.provider, key))
    if protocolVersion >= 2 { overlay.remove(Tables.leasesByOwner, Pair(lease.deployment.owner, key)) }
    updateCount(state) { $0 &- min($0, 1) }
  }

  private func updateCount(_ state: LeaseRecord.State, _ change: (UInt64) -> UInt64) {
    let key = UInt64(state.rawValue)
    overlay.write(Tables.leaseCounts, key, change(overlay.read(Tables.leaseCounts, key) ?? 0))
  }

  private func runningLease(
    _ id: LeaseID,
    missing: LeaseRejection,
    ended: LeaseRejection
  ) throws(Rejection) -> LeaseRecord {
    guard let record = overlay.read(Tables.leases, id) else { throw .lease(missing) }
    guard record.state.isRunning else { throw .lease(ended) }
    return record
  }

  /// Pays out a running lease up to now and ends it.
  private func close(_ id: LeaseID, by closer: Closer, reason: LeaseCloseReason) throws(Rejection) {
    var account = try settledEscrow(of: id.deployment)
    guard let index = account.index(ofGroup: id.group, order: id.order, provider: id.provider)
    else { throw .lease(.leaseNotActive(id)) }
    let payment = try closePayment(index, of: &account, id.deployment)
    account.restartRunway()
    try store(account, of: id.deployment)
    try endLease(payment, of: id.deployment, by: closer, reason: reason)
  }
}

// The handlers of the transaction actions.
extension Execution {
  /// Ends a lease for the tenant. The group is open again for a new order.
  func closeLease(_ id: LeaseID) throws(Rejection) {
    _ = try runningLease(id, missing: .leaseNotFound(id), ended: .leaseNotActive(id))
    try close(id, by: .tenant, reason: .owner)
  }

  /// Ends a lease for the provider. If its bid promised a notice before resources are reclaimed, the
  /// reclamation must have been announced before and its deadline must have passed.
  func resignLease(_ id: LeaseID, reason: LeaseCloseReason) throws(Rejection) {
    guard reason.isAllowedForProvider else { throw .lease(.closeReason(reason)) }
    let record = try runningLease(id, missing: .unknownLeaseOfBid(id), ended: .leaseNotActive(id))
    if record.reclamationWindow > 0 {
      guard let reclamation = record.reclamation else {
        throw .lease(.reclamationNotStarted(window: record.reclamationWindow))
      }
      guard moment.time >= reclamation.deadline else {
        throw .lease(.reclamationPending(until: reclamation.deadline))
      }
    }
    try close(id, by: .provider, reason: reason)
  }

  func startReclamation(_ id: LeaseID, reason: LeaseCloseReason) throws(Rejection) {
    guard reason.isAllowedForProvider else { throw .lease(.closeReason(reason)) }
    var record = try runningLease(id, missing: .unknownLeaseOfBid(id), ended: .leaseNotActive(id))
    guard record.reclamation == nil else { throw .lease(.reclamationStarted(id)) }
    let deadline = moment.time.advanced(byMilliseconds: record.reclamationWindow)
    unindex(id, in: record.state)
    record.state = .reclaiming
    record.reclamation = .init(reason: reason, announcedAt: moment, deadline: deadline)
    index(id, in: record.state)
    overlay.write(Tables.leases, id, record)
    emit(.reclamationStarted(lease: id, deadline: deadline.milliseconds, reason: reason))
  }

  /// Pays the provider what it has earned up to now. (Payouts also come automatically.)
  func withdrawLease(_ id: LeaseID) throws(Rejection) {
    _ = try runningLease(id, missing: .unknownLease(id), ended: .paymentClosed(id))
    var account = try settledEscrow(of: id.deployment)
    guard let index = account.index(ofGroup: id.group, order: id.order, provider: id.provider)
    else { throw .lease(.paymentClosed(id)) }
    try payOut(index, of: &account, id.deployment)
    try store(account, of: id.deployment)
  }
}

extension LeaseCloseReason {
  /// Whether a provider may give this reason.
  var isAllowedForProvider: Bool {
    switch self {
    case .unstable, .decommission, .unspecified, .manifestTimeout: true
    case .owner, .insufficientFunds, .deploymentClosed: false
    }
  }
}
