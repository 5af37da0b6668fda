import Chain
import Cryptography
import Primitives

extension BidEngine {
  /// Decides on each group of an order and starts a bid, unless the order has an answer already.
  mutating func consider(_ identifier: Digest, _ order: Order, _ effects: inout [Effect]) {
    guard answers[identifier] == nil else { return }
    var groups: [UInt32: DecimalCoin?] = [:]
    var requests: [PriceRequest] = []
    for group in order.groups {
      do throws(DeclineReason) {
        let (price, request) = try answer(identifier, order, group)
        groups[group.sequence] = .some(price)
        if let request { requests.append(request) }
      } catch {
        record(identifier, order.deployment, group.sequence, .declined(error))
        if error.dependsOnCapacity { wait(identifier, order) }
      }
    }
    guard !groups.isEmpty else { return }
    let lifetime = configuration.policy.bidLifetimeSeconds * 1_000
    answers[identifier] = AnsweredOrder(
      order: order,
      state: .pricing,
      groups: groups,
      expiresAt: min(order.expiresAt, now.advanced(byMilliseconds: lifetime)),
      bid: nil
    )
    effects += requests.map(Effect.price)
    publishWhenPriced(identifier, &effects)
  }

  /// A group's price, or the request to the pricing program for it.
  private mutating func answer(
    _ identifier: Digest,
    _ order: Order,
    _ group: Order.Group
  ) throws(DeclineReason) -> (price: DecimalCoin?, request: PriceRequest?) {
    if let reason = declineReason(order, group.spec) { throw reason }
    let reservation = try reserve(identifier, order, group)
    let denomination = group.spec.units[0].price.denomination
    guard configuration.policy.priceScript.isEmpty else {
      let request = PriceRequest(
        order: identifier,
        group: group.sequence,
        owner: order.deployment.owner,
        denomination: denomination,
        maximum: (try? group.spec.maximumPrice()) ?? .zero,
        offers: reservation.offers
      )
      record(identifier, order.deployment, group.sequence, .pricing)
      return (nil, request)
    }
    let reason: DeclineReason
    do throws(PricingError) {
      let quote = try configuration.prices.quote(reservation.offers, in: denomination)
      guard let over = declineReason(quote.perTick.amount, group.spec, denomination) else {
        return (quote.perTick, nil)
      }
      reason = over
    } catch {
      reason = .pricing(error)
    }
    inventory.release(reservation.holder)
    throw reason
  }

  /// Takes the pricing program's result for one group. Returns true when a reservation was released.
  mutating func priced(
    _ identifier: Digest,
    _ sequence: UInt32,
    _ result: Result<Decimal18, PriceScript.Failure>,
    _ effects: inout [Effect]
  ) -> Bool {
    guard let answer = answers[identifier], answer.state == .pricing,
      let spec = answer.order.groups.first(where: { $0.sequence == sequence })?.spec,
      case .some(.none) = answer.groups[sequence]
    else { return false }
    let denomination = spec.units[0].price.denomination
    var reason: DeclineReason?
    switch result {
    case .success(let price):
      reason = declineReason(price, spec, denomination)
      if reason == nil { answers[identifier]?.groups[sequence] = .some(DecimalCoin(price, denomination)) }
    case .failure(let failure): reason = .script(failure.reason)
    }
    if let reason {
      record(identifier, answer.order.deployment, sequence, .declined(reason))
      answers[identifier]?.groups[sequence] = nil
      inventory.release(.bid(order: identifier, group: sequence))
      if answers[identifier]?.groups.isEmpty == true { answers[identifier] = nil }
    }
    publishWhenPriced(identifier, &effects)
    return reason != nil
  }

  /// Makes the bid when every group of it has a price.
  private mutating func publishWhenPriced(_ identifier: Digest, _ effects: inout [Effect]) {
    guard let answer = answers[identifier], answer.state == .pricing else { return }
    var groups: [Bid.Group] = []
    for (sequence, price) in answer.groups.sorted(by: { $0.key < $1.key }) {
      guard let price,
        let reservation = inventory.reservations[.bid(order: identifier, group: sequence)]
      else { return }
      groups.append(Bid.Group(sequence: sequence, price: price, offer: reservation.offers))
    }
    answers[identifier]?.state = .bid
    for group in groups {
      record(identifier, answer.order.deployment, group.sequence, .bid(price: group.price))
    }
    let bid = Bid(
      order: identifier,
      provider: configuration.provider,
      groups: groups,
      expiresAt: answer.expiresAt,
      reclamationWindow: configuration.policy.reclamationWindowSeconds * 1_000
    )
    effects.append(.publish(bid))
  }

  /// Keeps a declined order for the next release of capacity; drops the oldest when there are too many.
  private mutating func wait(_ identifier: Digest, _ order: Order) {
    guard !waiting.contains(where: { $0.identifier == identifier }) else { return }
    if waiting.count >= Self.waitingLimit { waiting.removeFirst() }
    waiting.append((identifier, order))
  }
}
