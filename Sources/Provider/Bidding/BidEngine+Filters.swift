import Chain
import Cryptography
import Ledger
import Primitives

extension BidEngine {
  /// Returns the first reason not to serve the group; capacity and price are checked later. The order of the
  /// checks is that of Akash's reference provider.
  func declineReason(_ order: Order, _ spec: GroupSpec) -> DeclineReason? {
    let policy = configuration.policy
    let owner = order.deployment.owner
    if let obstacle = configuration.obstacle { return .chain(obstacle) }
    guard !isDraining else { return .draining }
    guard let attributes = standing.attributes else { return .notRegistered }
    guard owner != configuration.provider else { return .ownOrder }
    guard order.expiresAt > now else { return .expired }
    guard !policy.refused.contains(owner) else { return .refusedTenant(owner) }
    let notice = policy.reclamationWindowSeconds * 1_000
    guard order.minimumReclamationWindow <= notice else {
      return .reclamationWindow(wanted: order.minimumReclamationWindow, offered: notice)
    }
    let requirements = spec.requirements
    let isAudited = !requirements.allOf.isEmpty || !requirements.anyOf.isEmpty
    // The attributes that the order requires are compared with the provider's own only if the order asks for no
    // auditor's signature.
    if !isAudited, let reason = mismatch(requirements, [], attributes) { return .attribute(reason) }
    if let missing = policy.required.first(where: { !requirements.attributes.contains($0) }) {
      return .requiredAttribute(missing)
    }
    if let reason = mismatch(PlacementRequirements(), spec.units, attributes) { return .capability(reason) }
    for unit in spec.units where unit.resources.volumes.count > Self.volumeLimit {
      return .tooManyVolumes(unit: unit.resources.id, count: unit.resources.volumes.count)
    }
    let audits = standing.audits
    let audit = Matching.mismatch(
      spec,
      attributes: attributes,
      requiresAuditedGPUs: order.requiresAuditedGPUs,
      signed: { audits[$0] }
    )
    if let audit { return .auditor(audit) }
    if let fault = GroupValidation.fault(spec) { return .invalidGroup(fault) }
    for unit in spec.units {
      for endpoint in unit.resources.endpoints {
        if let reason = configuration.unsupportedEndpoints[endpoint.kind] { return .unsupported(reason) }
      }
    }
    return limitReason(owner)
  }

  /// The largest number of volumes of one unit, as in Akash's reference provider.
  static let volumeLimit = 4

  private func mismatch(
    _ requirements: PlacementRequirements,
    _ units: [ResourceUnit],
    _ attributes: [Attribute]
  ) -> MismatchReason? {
    let audits = standing.audits
    return Matching.mismatch(
      GroupSpec(name: "", requirements: requirements, units: units),
      attributes: attributes,
      signed: { audits[$0] }
    )
  }

  /// Returns the limit that another lease would exceed; nil when there is none. Open bids count as leases,
  /// since all of them may be accepted.
  private func limitReason(_ owner: Address) -> DeclineReason? {
    let policy = configuration.policy
    guard inventory.reservations.count < Int(policy.maximumLeases) else {
      return .leaseLimit(policy.maximumLeases)
    }
    let own = inventory.reservations.values.count { $0.deployment.owner == owner }
    guard own < Int(policy.maximumLeasesPerTenant) else { return .tenantLimit(policy.maximumLeasesPerTenant) }
    return nil
  }

  /// Reserves capacity for a group that has passed the filters.
  mutating func reserve(
    _ identifier: Digest,
    _ order: Order,
    _ group: Order.Group
  ) throws(DeclineReason) -> Reservation {
    guard let denomination = group.spec.units.first?.price.denomination else {
      throw .invalidGroup(.emptyName)
    }
    let usesScript = !configuration.policy.priceScript.isEmpty
    guard usesScript || configuration.prices.denominations.contains(denomination) else {
      throw .pricing(.currency(denomination))
    }
    var models = configuration.prices.cheapestFirst(inventory.models, in: denomination)
    if usesScript {
      models += inventory.models.filter { !models.contains($0) }
    } else if let unpriced = unpricedModel(group.spec, priced: models) {
      throw .pricing(.gpu(unpriced.description))
    }
    let reservation: Reservation
    do throws(CapacityShortage) {
      reservation = try inventory.reserve(
        .bid(order: identifier, group: group.sequence),
        deployment: order.deployment,
        group: group.sequence,
        spec: group.spec,
        preferring: models
      )
    } catch {
      throw .capacity(error)
    }
    let audits = standing.audits
    let fault = OfferCheck.fault(
      reservation.offers,
      for: group.spec,
      attributes: standing.attributes ?? [],
      requiresAuditedGPUs: order.requiresAuditedGPUs,
      signed: { audits[$0] }
    )
    guard let fault else { return reservation }
    inventory.release(reservation.holder)
    throw .offer(fault)
  }

  /// Returns a GPU model that suits a unit of the group when no suitable model of the inventory has a price;
  /// nil when every unit has a suitable model with a price.
  private func unpricedModel(_ spec: GroupSpec, priced: [GPUModel]) -> GPUModel? {
    for unit in spec.units where unit.resources.gpus > 0 {
      let suitable = inventory.models.filter { $0.satisfies(unit.resources.gpuAttributes) }
      if let first = suitable.first, !suitable.contains(where: priced.contains) { return first }
    }
    return nil
  }

  /// The reason not to bid at this price; nil when there is none.
  func declineReason(_ price: Decimal18, _ spec: GroupSpec, _ denomination: Denomination) -> DeclineReason? {
    guard let maximum = try? spec.maximumPrice() else { return .pricing(.outOfRange) }
    guard !price.isZero else { return .pricing(.zero) }
    return price <= maximum ? nil : .aboveMaximum(price: price, maximum: maximum, denomination)
  }
}
