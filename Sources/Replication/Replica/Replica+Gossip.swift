public import Chain
import Cryptography
public import Gossip
public import Ledger
import Primitives

extension Replica {
  /// Gives `input` to gossip and carries its wishes on.
  mutating func stepGossip(
    _ input: GossipCore.Input,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    var wishes: [GossipCore.Effect] = []
    gossip.step(input, at: clock.now, effects: &wishes)
    carry(wishes, at: clock, &effects)
  }

  /// Dials the first peers.
  mutating func startGossip(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    stepGossip(.committed(tip.time), at: clock, &effects)
    var wishes: [GossipCore.Effect] = []
    gossip.start(at: clock.now, effects: &wishes)
    carry(wishes, at: clock, &effects)
  }

  private mutating func carry(
    _ wishes: [GossipCore.Effect],
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    for wish in wishes {
      switch wish {
      case .send(let peer, let message, let delivery):
        effects.append(.sendGossip(message, to: peer, via: delivery))
      case .verify(let object): effects.append(.verify(object))
      case .deliver(let object, _):
        let judgement =
          object.kind == .nodeRecord
          ? judge(record: object, at: clock, &effects) : insert(object, at: clock, &effects).judgement
        stepGossip(.judged(object.identifier, judgement), at: clock, &effects)
      case .vouched(let node, let voucher): _ = learn(voucher, of: node, at: clock, &effects)
      case .dial(let dial): effects.append(.dial(dial))
      case .disconnect(let peer, let reason): effects.append(.disconnect(peer, reason))
      case .schedule(let timer, let instant):
        effects.append(.schedule(.gossip(timer, at: instant), after: instant.since(clock.now)))
      case .fault(let peer, let fault): effects.append(.faulted(peer, fault))
      }
    }
  }

  /// What became of an object that was put to the book.
  public enum BookOutcome: Sendable {
    case judged(OrderBook.Outcome<Rejection>)
    case malformed

    public var judgement: Judgement {
      switch self {
      case .judged(let outcome): outcome.judgement
      case .malformed: .malformed
      }
    }
  }

  /// Puts an authentic object of this node or its users to the book and spreads it when it is accepted.
  ///
  /// Node records do not go into the book: gossip itself keeps them.
  public mutating func publish(
    _ object: SignedObject,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) -> BookOutcome {
    guard object.kind != .nodeRecord else {
      stepGossip(.published(object), at: clock, &effects)
      return .judged(.accepted)
    }
    let outcome = insert(object, at: clock, &effects)
    if outcome.judgement == .accepted { stepGossip(.published(object), at: clock, &effects) }
    return outcome
  }

  /// A record travels when the chain knows whose node it is: others cost nothing to make.
  private mutating func judge(
    record object: SignedObject,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) -> Judgement {
    guard let record = try? NodeRecord(decoding: object.body) else { return .malformed }
    let isKnown = record.voucher.map { learn($0, of: object.key, at: clock, &effects) } ?? false
    return isKnown || gossip.peers.spreadsRecord(of: object.key) ? .accepted : .refused
  }

  mutating func insert(
    _ object: SignedObject,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) -> BookOutcome {
    guard let content = try? MarketObject(object) else { return .malformed }
    let admission = OrderAdmission(on: state, at: moment)
    var locked = Amount.zero
    if case .bid(let bid) = content { locked = self.locked(by: bid.provider, beside: bid.order) }
    var events: [OrderBook.Event] = []
    let outcome = book.insert(object, content, events: &events) { content, order -> Rejection? in
      switch content {
      case .order(let order): admission.check(order: order, identifier: object.identifier)
      case .bid(let bid):
        order.flatMap {
          admission.check(bid: bid, for: $0, identifier: bid.order, locked: locked)
        }
      case .offer(let offer):
        admission.isProvider(offer.provider) ? nil : .order(.unknownProvider(offer.provider))
      case .withdrawal: nil
      }
    }
    if !events.isEmpty {
      effects.append(.bookChanged(events))
      retire(events, at: clock, &effects)
    }
    return .judged(outcome)
  }

  /// What the book has let go of is not supplied to others any more.
  private mutating func retire(
    _ events: [OrderBook.Event],
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    let gone = events.compactMap { event -> Digest? in
      if case .removed(let identifier, _, _) = event { identifier } else { nil }
    }
    if !gone.isEmpty { stepGossip(.retired(gone), at: clock, &effects) }
  }

  /// What the provider's other live bids would lock in the currency of their orders, were they all taken.
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

  /// Time moved on and orders were agreed: the book lets go of what is over.
  mutating func advanceBook(
    _ transactions: [Transaction],
    _ receipts: [Receipt],
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    var events: [OrderBook.Event] = []
    for (transaction, receipt) in zip(transactions, receipts) where receipt.isSuccess {
      for case .agreeLease(let agreement) in transaction.actions {
        book.close(order: agreement.order.identifier, events: &events)
      }
    }
    book.advance(to: tip.time, events: &events)
    publish(events, at: clock, &effects)
  }

  /// Tells who follows the book, and gossip what is gone.
  mutating func publish(
    _ events: [OrderBook.Event],
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard !events.isEmpty else { return }
    retire(events, at: clock, &effects)
    effects.append(.bookChanged(events))
  }
}
