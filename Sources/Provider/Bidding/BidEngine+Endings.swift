import Chain
import Cryptography
import Primitives

extension BidEngine {
  /// Handles an order that has left the book. The reservations of a bid are kept until the next block: if the
  /// order ended because our bid was accepted, the lease may be reported only later. Returns true when
  /// capacity was released.
  mutating func handleOrderRemoved(_ identifier: Digest, _ end: OrderEnd) -> Bool {
    waiting.removeAll { $0.identifier == identifier }
    guard let answer = answers[identifier] else { return false }
    guard answer.state == .bid else { return drop(identifier, Self.outcome(of: end)) }
    answers[identifier]?.state = .ended(end)
    return false
  }

  /// Deletes the answer to an order and releases its reservations. Returns true when there were any.
  mutating func drop(_ identifier: Digest, _ outcome: Decision.Outcome) -> Bool {
    guard let answer = answers.removeValue(forKey: identifier) else { return false }
    var releasedCapacity = false
    for group in answer.groups.keys.sorted() {
      record(identifier, answer.order.deployment, group, outcome)
      if inventory.release(.bid(order: identifier, group: group)) { releasedCapacity = true }
    }
    return releasedCapacity
  }

  private static func outcome(of end: OrderEnd) -> Decision.Outcome {
    switch end {
    case .agreed: .lost
    case .withdrawn: .orderWithdrawn
    case .expired, .evicted: .expired
    }
  }

  /// Handles the opening of a lease of this provider: the bid's reservation becomes the lease's.
  mutating func handleLeaseOpened(
    _ lease: LeaseID,
    _ order: Digest?,
    _ offers: [ResourceOffer],
    _ effects: inout [Effect]
  ) {
    guard inventory.reservations[.lease(lease)] == nil else { return }
    if let identifier = source(of: lease, order: order, offers: offers) {
      inventory.confirm(order: identifier, group: lease.group, as: lease)
      record(identifier, lease.deployment, lease.group, .won(lease))
      answers[identifier]?.groups[lease.group] = nil
      if answers[identifier]?.groups.isEmpty == true { answers[identifier] = nil }
      return
    }
    do throws(CapacityShortage) {
      _ = try inventory.adopt(lease, offers: offers)
    } catch {
      effects.append(.overcommitted(lease, error))
    }
  }

  /// Returns the order whose reservation the lease takes over; nil when there is none.
  private func source(of lease: LeaseID, order: Digest?, offers: [ResourceOffer]) -> Digest? {
    if let order, inventory.reservations[.bid(order: order, group: lease.group)] != nil { return order }
    let candidates = answers.filter { $0.value.order.deployment == lease.deployment }.keys.sorted()
    return candidates.first { identifier in
      inventory.reservations[.bid(order: identifier, group: lease.group)]?.offers == offers
    }
  }

  /// Handles a block. Releases capacity that has become free, and answers orders again whose bid has expired.
  /// Returns true when capacity was released.
  mutating func handleBlock(at time: Timestamp, _ effects: inout [Effect]) -> Bool {
    now = max(now, time)
    log.expire(at: now)
    waiting.removeAll { $0.order.expiresAt <= now }
    var releasedCapacity = false
    for identifier in answers.keys.sorted() {
      guard let answer = answers[identifier] else { continue }
      switch answer.state {
      case .ended(let end):
        if drop(identifier, Self.outcome(of: end)) { releasedCapacity = true }
      case .pricing, .bid:
        guard answer.expiresAt <= now else { continue }
        if drop(identifier, .expired) { releasedCapacity = true }
        // The order may outlive the bid; then the engine bids again at current prices.
        if answer.order.expiresAt > now { consider(identifier, answer.order, &effects) }
      }
    }
    return releasedCapacity
  }

  /// Withdraws every bid.
  mutating func drain(_ effects: inout [Effect]) {
    isDraining = true
    waiting = []
    for identifier in answers.keys.sorted() {
      if let answer = answers[identifier], let bid = answer.bid {
        effects.append(.withdraw(Withdrawal(object: bid, expiresAt: answer.expiresAt)))
      }
      _ = drop(identifier, .bidWithdrawn)
    }
  }
}
