import Chain
import Cryptography
import Primitives

/// An order that passed its checks.
struct CheckedOrder {
  var order: Order
  var identifier: Digest
  /// The canonical name of the currency in which the order's groups, deposit and prices are.
  var denomination: Denomination
}

extension Execution {
  /// Checks an order against the state. Order book and agreement apply the same checks.
  func check(_ order: Order, identifier: Digest) throws(Rejection) -> CheckedOrder {
    guard order.deployment.sequence > 0 else { throw .lease(.zeroSequence) }
    try checkExpiry(order.expiresAt, expired: .orderExpired(order.expiresAt))
    try checkGroups(order)
    let denomination = try denomination(of: order)
    if order.isExisting {
      try checkExisting(order, identifier: identifier, denomination: denomination)
    } else {
      try checkNew(order, identifier: identifier, denomination: denomination)
    }
    return CheckedOrder(order: order, identifier: identifier, denomination: denomination)
  }

  private func checkExpiry(_ expiry: Timestamp, expired: OrderRejection) throws(Rejection) {
    guard expiry > moment.time else { throw .order(expired) }
    let latest = moment.time.advanced(byMilliseconds: parameter(.orderMaximumLifetime))
    guard expiry <= latest else { throw .order(.expiryTooFar(latest: latest)) }
  }

  private func checkGroups(_ order: Order) throws(Rejection) {
    guard !order.groups.isEmpty else { throw .order(.invalidGroups("an order needs at least one group")) }
    guard order.groups.count <= ChainLimits.groups else {
      throw .order(.invalidGroups("an order has at most \(ChainLimits.groups) groups"))
    }
    var names: Set<String> = []
    var numbers: Set<UInt32> = []
    for (index, group) in order.groups.enumerated() {
      if let fault = GroupValidation.fault(group.spec) { throw .order(.invalidGroup(fault)) }
      guard names.insert(group.spec.name).inserted else {
        throw .order(.invalidGroups("two groups have the name \(group.spec.name)"))
      }
      guard numbers.insert(group.sequence).inserted else {
        throw .order(.invalidGroups("group \(group.sequence) is listed twice"))
      }
      guard order.isExisting || group.sequence == UInt32(index) + 1 else {
        throw .order(.invalidGroups("the groups of a new deployment are numbered 1, 2, 3 …"))
      }
      let named = !group.spec.requirements.allOf.isEmpty || !group.spec.requirements.anyOf.isEmpty
      if order.requiresAuditedGPUs, !named, group.spec.units.contains(where: { $0.resources.gpus > 0 }) {
        throw .order(.invalidGroup(.noAuditorForGPUs))
      }
    }
  }

  /// The canonical name of the one currency in which all groups of an order are priced.
  private func denomination(of order: Order) throws(Rejection) -> Denomination {
    guard let first = order.groups.first?.spec.units.first else { throw .order(.invalidGroup(.totalCPU)) }
    let record = try currency(first.price.denomination)
    for group in order.groups {
      // `GroupValidation` has checked that each group has one currency.
      guard let price = group.spec.units.first?.price,
        try canonical(price.denomination) == record.currency.denomination
      else { throw .order(.invalidGroups("the groups are priced in different currencies")) }
    }
    guard order.isExisting || !record.currency.isRetired else {
      throw .retiredDenomination(record.currency.denomination)
    }
    return record.currency.denomination
  }

  private func checkNew(_ order: Order, identifier: Digest, denomination: Denomination) throws(Rejection) {
    if let existing = overlay.read(Tables.deployments, order.deployment) {
      throw existing.order == identifier
        ? .lease(.alreadyAgreed(order: identifier)) : .lease(.deploymentExists(order.deployment))
    }
    guard try canonical(order.deposit.denomination) == denomination else {
      throw .order(.depositDenomination(denomination))
    }
    let minimum = try currency(denomination).currency.minimumDeposit
    guard order.deposit.amount >= minimum else { throw .order(.depositTooSmall(minimum: minimum)) }
    let coin = Coin(order.deposit.amount, denomination)
    let source = order.depositor ?? order.deployment.owner
    if source != order.deployment.owner {
      _ = try usableGrant(.deposits, of: source, to: order.deployment.owner, for: coin)
    }
    let available = balance(of: source, in: denomination)
    guard available >= coin.amount else { throw .insufficientFunds(required: coin, available: available) }
  }

  private func checkExisting(
    _ order: Order,
    identifier: Digest,
    denomination: Denomination
  ) throws(Rejection) {
    guard order.deposit.amount.isZero, order.depositor == nil else { throw .order(.depositOfExisting) }
    let deployment = try activeDeployment(order.deployment)
    guard !overlay.contains(Tables.agreedOrders, identifier) else {
      throw .lease(.alreadyAgreed(order: identifier))
    }
    guard deployment.manifestHash == order.manifestHash else {
      throw .lease(.manifestDiffers(stored: deployment.manifestHash))
    }
    let account = try escrow(of: order.deployment)
    guard account.denomination == denomination else { throw .lease(.groupDenomination(account.denomination)) }
    for group in order.groups {
      guard let stored = overlay.read(Tables.groups, GroupKey(order.deployment, group.sequence)),
        stored.spec.name == group.spec.name
      else { throw .lease(.groupNotFound(group.sequence)) }
      guard stored.state == .open else { throw .lease(.groupLeased(group.sequence)) }
    }
  }
}

extension Execution {
  /// Checks a bid against its order and the state. `locked` is the sum of the lease deposits that the
  /// provider's other open bids would lock, in the order's currency.
  func check(_ bid: Bid, for order: CheckedOrder, locked: Amount = .zero) throws(Rejection) {
    guard bid.order == order.identifier else { throw .order(.bidForOtherOrder(bid.order)) }
    try checkExpiry(bid.expiresAt, expired: .bidExpired(bid.expiresAt))
    guard bid.provider != order.order.deployment.owner else { throw .order(.sameAccount) }
    guard let provider = overlay.read(Tables.providers, bid.provider) else {
      throw .order(.unknownProvider(bid.provider))
    }
    guard bid.reclamationWindow >= order.order.minimumReclamationWindow else {
      throw .order(.reclamationWindowTooShort(required: order.order.minimumReclamationWindow))
    }
    guard !bid.groups.isEmpty else { throw .order(.choices("the bid has no group")) }
    var numbers: Set<UInt32> = []
    for group in bid.groups {
      guard numbers.insert(group.sequence).inserted else {
        throw .order(.choices("the bid prices group \(group.sequence) twice"))
      }
      guard let wanted = order.order.groups.first(where: { $0.sequence == group.sequence }) else {
        throw .lease(.groupNotFound(group.sequence))
      }
      try check(group, wanted.spec, provider.record, order)
    }
    try checkLeaseDeposits(count: bid.groups.count, of: bid.provider, in: order.denomination, locked: locked)
  }

  private func check(
    _ group: Bid.Group,
    _ spec: GroupSpec,
    _ provider: ProviderRecord,
    _ order: CheckedOrder
  ) throws(Rejection) {
    guard try canonical(group.price.denomination) == order.denomination else {
      throw .order(.priceDenomination(order.denomination))
    }
    guard !group.price.amount.isZero else { throw .order(.zeroPrice) }
    let maximum = try checked(spec.maximumPrice())
    guard group.price.amount <= maximum else {
      throw .order(.overMaximum(price: group.price.amount, maximum: maximum))
    }
    let signed = signedAttributes(of: provider.owner)
    let audited = order.order.requiresAuditedGPUs
    if let reason = Matching.mismatch(
      spec,
      attributes: provider.attributes,
      requiresAuditedGPUs: audited,
      signed: signed
    ) {
      throw .order(.mismatch(reason))
    }
    if let fault = OfferCheck.fault(
      group.offer,
      for: spec,
      attributes: provider.attributes,
      requiresAuditedGPUs: audited,
      signed: signed
    ) {
      throw .order(.offer(fault))
    }
  }

  private func checkLeaseDeposits(
    count: Int,
    of provider: Address,
    in denomination: Denomination,
    locked: Amount
  ) throws(Rejection) {
    let each = try currency(denomination).currency.leaseDeposit
    let (product, overflow) = each.units.multipliedReportingOverflow(by: UInt64(count))
    let (required, carry) = product.addingReportingOverflow(locked.units)
    let available = balance(of: provider, in: denomination)
    guard !overflow, !carry, available.units >= required else {
      let coin = Coin(overflow || carry ? .max : required, denomination)
      throw .insufficientFunds(required: coin, available: available)
    }
  }
}
