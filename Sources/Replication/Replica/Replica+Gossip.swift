import Chain
import Cryptography
import Gossip
import Ledger
import Primitives

extension Replica {
  /// Gives `input` to gossip and performs its effects.
  mutating func stepGossip(_ input: GossipCore.Input, _ turn: inout ReplicaTurn) {
    var inner = GossipCore.Turn(at: turn.now)
    gossip.step(input, &inner)
    perform(inner.effects, &turn)
  }

  /// Starts gossip, which dials the first peers.
  mutating func startGossip(_ turn: inout ReplicaTurn) {
    stepGossip(.committed(tip.time), &turn)
    var inner = GossipCore.Turn(at: turn.now)
    gossip.start(&inner)
    perform(inner.effects, &turn)
  }

  private mutating func perform(_ effects: [GossipCore.Effect], _ turn: inout ReplicaTurn) {
    for effect in effects {
      switch effect {
      case .send(let peer, let message, let delivery):
        turn.effects.append(.sendGossip(message, to: peer, via: delivery))
      case .verify(let object): turn.effects.append(.verify(object))
      case .deliver(let object, let content, _):
        stepGossip(.judged(object.identifier, judge(object, content, &turn)), &turn)
      case .vouched(let node, let voucher): _ = addVoucher(voucher, of: node, &turn)
      case .dial(let dial): turn.effects.append(.dial(dial))
      case .disconnect(let peer, let reason): turn.effects.append(.disconnect(peer, reason))
      case .schedule(let timer, let instant):
        turn.effects.append(.schedule(.gossip(timer, at: instant), after: instant.since(turn.now)))
      case .fault(let peer, let fault): turn.effects.append(.faulted(peer, fault))
      }
    }
  }

  /// Inserts an authentic object of this node or its users into the order book, and sends it to peers when it
  /// is accepted.
  ///
  /// A node record is only sent to peers, since gossip stores node records itself.
  mutating func publish(_ object: SignedObject, _ turn: inout ReplicaTurn) -> BookOutcome {
    guard object.kind != .nodeRecord else {
      stepGossip(.published(object), &turn)
      return .judged(.accepted)
    }
    let outcome = insert(object, ObjectContent(object), &turn)
    if outcome.judgement == .accepted { stepGossip(.published(object), &turn) }
    return outcome
  }

  /// Whether an authentic object is forwarded. The order book decides it, but not for node records: one is
  /// forwarded if the chain knows the node's owner, or gossip allows it; other records could be made without
  /// limit at no cost.
  private mutating func judge(_ object: SignedObject, _ content: ObjectContent, _ turn: inout ReplicaTurn)
    -> Judgement
  {
    guard case .nodeRecord(let record) = content else { return insert(object, content, &turn).judgement }
    let isKnown = record.voucher.map { addVoucher($0, of: object.key, &turn) } ?? false
    return isKnown || gossip.peers.spreadsRecord(of: object.key) ? .accepted : .refused
  }

  /// Checks an authentic object against the committed state and inserts it into the order book.
  mutating func insert(_ object: SignedObject, _ content: ObjectContent, _ turn: inout ReplicaTurn)
    -> BookOutcome
  {
    guard case .market(let content) = content else { return .malformed }
    let admission = OrderAdmission(on: state, at: moment)
    var locked = Amount.zero
    if case .bid(let bid) = content { locked = self.locked(by: bid.provider, beside: bid.order) }
    var events: [OrderBook.Event] = []
    let outcome = book.insert(object, content, events: &events) { content, order -> Rejection? in
      switch content {
      case .order(let order): admission.check(order: order, identifier: object.identifier)
      case .bid(let bid):
        order.flatMap { admission.check(bid: bid, for: $0, identifier: bid.order, locked: locked) }
      case .offer(let offer):
        admission.isProvider(offer.provider) ? nil : .order(.unknownProvider(offer.provider))
      case .withdrawal: admission.check(withdrawalBy: object.signer)
      }
    }
    if !events.isEmpty {
      turn.effects.append(.bookChanged(events))
      removeFromGossip(events, &turn)
    }
    return .judged(outcome)
  }

  /// Tells gossip which objects were removed from the order book, so that it no longer sends them to peers.
  private mutating func removeFromGossip(_ events: [OrderBook.Event], _ turn: inout ReplicaTurn) {
    let gone = events.compactMap { event -> Digest? in
      if case .removed(let object, _) = event { object.identifier } else { nil }
    }
    if !gone.isEmpty { stepGossip(.retired(gone), &turn) }
  }

  /// The deposits that the provider would have to lock if all its live bids for orders in the same currency,
  /// except the one for `order`, were accepted. In the smallest unit of that currency; the largest amount on
  /// overflow.
  private func locked(by provider: Address, beside order: Digest) -> Amount {
    guard let denomination = book.order(order)?.deposit.denomination,
      let each = OrderAdmission(on: state, at: moment).leaseDeposit(in: denomination)
    else { return .zero }
    var leases: UInt64 = 0
    for entry in book.bids(of: provider) {
      guard case .bid(let bid) = entry.content, bid.order != order,
        book.order(bid.order)?.deposit.denomination == denomination
      else { continue }
      leases += UInt64(bid.groups.count)
    }
    let (total, overflow) = each.amount.units.multipliedReportingOverflow(by: leases)
    return Amount(overflow ? .max : total)
  }

  /// Updates the order book after a block: removes orders for which the block opened leases, and objects that
  /// expired by the block's time.
  mutating func advanceBook(_ transactions: [Transaction], _ receipts: [Receipt], _ turn: inout ReplicaTurn) {
    var events: [OrderBook.Event] = []
    for (transaction, receipt) in zip(transactions, receipts) where receipt.isSuccess {
      for case .agreeLease(let agreement) in transaction.actions {
        book.close(order: agreement.order.identifier, events: &events)
      }
    }
    book.advance(to: tip.time, events: &events)
    publish(events, &turn)
  }

  /// Reports changes of the order book to watchers, and removed objects to gossip.
  mutating func publish(_ events: [OrderBook.Event], _ turn: inout ReplicaTurn) {
    guard !events.isEmpty else { return }
    removeFromGossip(events, &turn)
    turn.effects.append(.bookChanged(events))
  }
}
