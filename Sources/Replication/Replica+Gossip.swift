public import Chain
import Cryptography
public import Gossip
public import Ledger
import Primitives

extension Replica {
  /// Gives `input` to gossip and carries its wishes on.
  mutating func stepGossip(
    _ input: GossipCore.Input, at clock: Clock, _ effects: inout [ReplicaEffect]
  ) {
    var wishes: [GossipCore.Effect] = []
    gossip.step(input, at: clock.now, effects: &wishes)
    for wish in wishes {
      switch wish {
      case .send(let peer, let message, let delivery):
        effects.append(.sendGossip(message, to: peer, via: delivery))
      case .verify(let object): effects.append(.verify(object))
      case .deliver(let object, _):
        let outcome = insert(object, &effects)
        stepGossip(.judged(object.identifier, outcome.judgement), at: clock, &effects)
      case .dial(let dial): effects.append(.dial(dial))
      case .disconnect(let peer, let reason): effects.append(.disconnect(peer, reason: "\(reason)"))
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

  /// Puts an authentic object of this node's own users to the book and spreads it when it is accepted.
  public mutating func publish(
    _ object: SignedObject, at clock: Clock, _ effects: inout [ReplicaEffect]
  ) -> BookOutcome {
    let outcome = insert(object, &effects)
    if outcome.judgement == .accepted { stepGossip(.published(object), at: clock, &effects) }
    return outcome
  }

  private mutating func insert(_ object: SignedObject, _ effects: inout [ReplicaEffect]) -> BookOutcome {
    guard let content = try? MarketObject(object) else { return .malformed }
    let query = LedgerQuery(state: state)
    let moment = moment
    var events: [OrderBook.Event] = []
    let outcome = book.insert(object, content, events: &events) { content, order -> Rejection? in
      switch content {
      case .order(let order): query.admission(of: order, at: moment)
      case .bid(let bid): query.admission(of: bid, for: order, at: moment)
      case .offer(let offer): query.admission(of: offer, at: moment)
      case .withdrawal: nil
      }
    }
    if !events.isEmpty { effects.append(.bookChanged(events)) }
    return .judged(outcome)
  }

  /// Time moved on and orders were agreed: the book lets go of what is over.
  mutating func advanceBook(
    _ transactions: [Transaction], _ receipts: [Receipt], at clock: Clock, _ effects: inout [ReplicaEffect]
  ) {
    var events: [OrderBook.Event] = []
    for (transaction, receipt) in zip(transactions, receipts) where receipt.isSuccess {
      for case .agreeLease(let agreement) in transaction.actions {
        book.close(agreement.order.identifier, events: &events)
      }
    }
    book.advance(to: tip.time, events: &events)
    guard !events.isEmpty else { return }
    let gone = events.compactMap { event -> Digest? in
      if case .removed(let identifier, _, _) = event { identifier } else { nil }
    }
    if !gone.isEmpty { stepGossip(.retired(gone), at: clock, &effects) }
    effects.append(.bookChanged(events))
  }

  /// Node keys that the chain vouches for: none are registered yet beside the peers that validate.
  mutating func tellChainPeers(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    let validators = validatorPeers
    let isValidator = configuration.consensusKey.flatMap { tip.validators.index(ofKey: $0) } != nil
    stepGossip(.chainKnows(peers: validators, mesh: isValidator ? validators : []), at: clock, &effects)
  }
}
