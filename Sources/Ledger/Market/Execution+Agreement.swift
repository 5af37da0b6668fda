import Chain
import Cryptography
import Primitives

extension Execution {
  /// Executes an agreement: opens a new deployment with its escrow and a lease for every group, or leases
  /// for groups of an existing deployment. When it throws, the caller must discard what it wrote and emitted.
  func agree(_ agreement: AgreeLease) throws(Rejection) {
    let order = try agreedOrder(agreement)
    let openings = try openings(agreement, order)
    let id = order.order.deployment
    emit(.orderAgreed(order: order.identifier, deployment: id))
    if order.order.isExisting {
      overlay.write(Tables.agreedOrders, order.identifier, Presence())
      let expiry = ExpiryKey(time: order.order.expiresAt, kind: .agreedOrder, key: order.identifier.bytes)
      overlay.write(Tables.expiries, expiry, Presence())
      try checkRunway(of: id, adding: openings)
    } else {
      try open(order)
    }
    try openLeases(openings, of: id)
  }

  private func open(_ order: CheckedOrder) throws(Rejection) {
    let id = order.order.deployment
    try createDeployment(
      id,
      groups: order.order.groups.map(\.spec),
      manifestHash: order.order.manifestHash,
      order: order.identifier,
      denomination: order.denomination
    )
    let source = order.order.depositor ?? id.owner
    let isGranted = source != id.owner
    if isGranted {
      let coin = Coin(order.order.deposit.amount, order.denomination)
      try useGrant(.deposits, of: source, to: id.owner, for: coin)
    }
    try deposit(order.order.deposit.amount, from: source, isGranted: isGranted, to: id)
  }

  /// Checks that the escrow of an existing deployment can pay the first tick with the new leases.
  private func checkRunway(of id: DeploymentID, adding openings: [LeaseOpening]) throws(Rejection) {
    let account = try settledEscrow(of: id)
    var rate = try checked(account.rate())
    for opening in openings { rate = try checked(rate.adding(opening.price.amount)) }
    let funds = try checked(account.funds())
    guard funds >= rate else {
      // The message gives whole units. The required amount is the whole part of the rate plus one.
      let required = Amount(UInt64(clamping: (rate.raw / Decimal18.one) + 1))
      let available = Amount(UInt64(clamping: funds.raw / Decimal18.one))
      throw .insufficientFunds(required: Coin(required, account.denomination), available: available)
    }
  }

  /// Decodes and checks the order that an agreement carries.
  private func agreedOrder(_ agreement: AgreeLease) throws(Rejection) -> CheckedOrder {
    guard agreement.order.kind == .order else { throw .order(.notAnOrder) }
    let order: Order
    do {
      order = try Order(decoding: agreement.order.body)
    } catch {
      throw .order(.malformedOrder(error))
    }
    guard order.deployment.owner == agreement.owner, agreement.order.signer == agreement.owner
    else { throw .order(.orderOfOther(owner: order.deployment.owner)) }
    guard agreement.order.isAuthentic(on: chain.chain, by: checks) else { throw .order(.orderSignature) }
    return try check(order, identifier: agreement.order.identifier)
  }

  /// One lease for each group of the order, at the price and offer of the chosen bid.
  private func openings(_ agreement: AgreeLease, _ order: CheckedOrder) throws(Rejection) -> [LeaseOpening] {
    let bids = try agreedBids(agreement, order)
    guard agreement.choices.count == order.order.groups.count else {
      throw .order(.choices("\(order.order.groups.count) groups need as many choices"))
    }
    var openings: [LeaseOpening] = []
    var used: Set<UInt32> = []
    for group in order.order.groups {
      guard let choice = agreement.choices.first(where: { $0.group == group.sequence }) else {
        throw .order(.choices("no bid is chosen for group \(group.sequence)"))
      }
      guard choice.bid < bids.count else { throw .order(.bidNotFound(choice.bid)) }
      used.insert(choice.bid)
      let bid = bids[Int(choice.bid)]
      guard let offered = bid.groups.first(where: { $0.sequence == group.sequence }) else {
        throw .order(.bidLacksGroup(group.sequence))
      }
      openings.append(
        LeaseOpening(
          group: group.sequence,
          spec: group.spec,
          provider: bid.provider,
          price: DecimalCoin(offered.price.amount, order.denomination),
          offer: offered.offer,
          reclamationWindow: bid.reclamationWindow,
          requiresAuditedGPUs: order.order.requiresAuditedGPUs
        )
      )
    }
    guard used.count == bids.count else { throw .order(.choices("a bid is carried that is not chosen")) }
    return openings
  }

  private func agreedBids(_ agreement: AgreeLease, _ order: CheckedOrder) throws(Rejection) -> [Bid] {
    guard agreement.bids.count <= order.order.groups.count else {
      throw .order(.choices("more bids are carried than groups can be leased"))
    }
    var bids: [Bid] = []
    for object in agreement.bids {
      guard object.kind == .bid else { throw .order(.notABid) }
      let bid: Bid
      do {
        bid = try Bid(decoding: object.body)
      } catch {
        throw .order(.malformedBid(error))
      }
      guard object.signer == bid.provider else { throw .order(.bidOfOther(provider: bid.provider)) }
      guard object.isAuthentic(on: chain.chain, by: checks) else {
        throw .order(.bidSignature(provider: bid.provider))
      }
      try check(bid, for: order)
      bids.append(bid)
    }
    return bids
  }
}
