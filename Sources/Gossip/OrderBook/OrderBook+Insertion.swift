public import Chain
import Cryptography
import HeapModule
import Primitives

extension OrderBook {
  /// Asks the ledger whether the committed state admits an object, and returns the reason if not; nil if it
  /// does. The second argument is the order of a bid, if the book has it.
  public typealias Admission<Reason> = (MarketObject, Order?) -> Reason?

  /// What an insertion changes, and what it asks the ledger.
  private struct Change<Reason: Sendable> {
    var events: [Event]
    let admission: Admission<Reason>
  }

  /// Inserts an authentic object.
  ///
  /// The book's own rules are checked first, then `admission`, then room. An object that is refused with
  /// `.bookFull` can have evicted objects of larger accounts; any other refusal changes nothing.
  public mutating func insert<Reason: Sendable>(
    _ object: SignedObject,
    _ content: MarketObject,
    events: inout [Event],
    admission: @escaping Admission<Reason>
  ) -> Outcome<Reason> {
    guard entries[object.identifier] == nil else { return .duplicate }
    let account = object.signer
    if let refusal = refusalByForm(object, content, account) { return .refused(refusal) }
    let entry = Entry(object: object, content: content, account: account, arrival: arrivals)
    var change = Change(events: events, admission: admission)
    events = []
    defer { events = change.events }
    switch content {
    case .order(let order): return insertOrder(entry, order, &change)
    case .bid(let bid): return insertBid(entry, bid, &change)
    case .withdrawal(let withdrawal): return insertWithdrawal(entry, withdrawal, &change)
    case .offer(let offer): return insertOffer(entry, offer, &change)
    }
  }

  /// Checks the rules that hold for every kind of object. Returns the broken rule; nil when there is none.
  private func refusalByForm(_ object: SignedObject, _ content: MarketObject, _ account: Address) -> Refusal?
  {
    switch content {
    case .order(let order): guard order.deployment.owner == account else { return .wrongSigner }
    case .bid(let bid): guard bid.provider == account else { return .wrongSigner }
    case .offer(let offer): guard offer.provider == account else { return .wrongSigner }
    case .withdrawal: break
    }
    guard content.expiresAt > time else { return .expired }
    guard content.expiresAt <= time.advanced(byMilliseconds: limits.lifetime) else { return .expiresTooFar }
    guard withdrawals[WithdrawalKey(object: object.identifier, account: account)] == nil else {
      return .withdrawn
    }
    guard Self.charge(object) <= limits.bytes / 4 else { return .tooLarge }
    return nil
  }

  private mutating func insertOrder<Reason>(_ entry: Entry, _ order: Order, _ change: inout Change<Reason>)
    -> Outcome<Reason>
  {
    let identifier = entry.object.identifier
    guard closed[identifier] == nil else { return .refused(.orderClosed) }
    guard accounts[entry.account]?.orders ?? 0 < limits.ordersPerAccount else {
      return .refused(.accountFull)
    }
    if let reason = change.admission(entry.content, nil) { return .inadmissible(reason) }
    guard makeRoom(for: entry, freed: 0, events: &change.events) else { return .refused(.bookFull) }
    store(entry)
    bidsOfOrder[identifier] = []
    change.events.append(.orderAdded(Signed(entry.object, order)))
    adoptHeldBids(of: identifier, order, &change)
    return .accepted
  }

  /// Judges the bids that waited for an order when the order arrives.
  private mutating func adoptHeldBids<Reason>(
    of identifier: Digest,
    _ order: Order,
    _ change: inout Change<Reason>
  ) {
    for held in (heldOfOrder[identifier] ?? []).sorted() {
      guard let waiting = entries[held], case .bid(let bid) = waiting.content else { continue }
      if change.admission(waiting.content, order) != nil {
        remove(held, .inadmissible, events: &change.events)
        continue
      }
      if let dearest = bidToEvict(for: bid, held, of: identifier) {
        remove(dearest, .outbid, events: &change.events)
        if dearest == held { continue }
      }
      release(held, of: identifier, waiting.account)
      rank(held, bid)
      change.events.append(.bidAdded(Signed(waiting.object, bid)))
    }
  }

  private mutating func insertBid<Reason>(_ entry: Entry, _ bid: Bid, _ change: inout Change<Reason>)
    -> Outcome<Reason>
  {
    let identifier = entry.object.identifier
    guard closed[bid.order] == nil else { return .refused(.orderClosed) }
    let key = BidKey(order: bid.order, provider: bid.provider)
    let present = bidOfProvider[key]
    if let present {
      guard let older = entries[present], isNewer(bid.expiresAt, identifier, than: older) else {
        return .refused(.notNewer)
      }
    } else if accounts[entry.account]?.bids ?? 0 >= limits.bidsPerAccount {
      return .refused(.accountFull)
    }
    let order = order(bid.order)
    if order == nil, present == nil {
      guard heldCount < limits.heldBids, accounts[entry.account]?.heldBids ?? 0 < limits.heldBidsPerAccount
      else { return .refused(.accountFull) }
    }
    var dearest: Digest?
    if order != nil, present == nil {
      dearest = bidToEvict(for: bid, identifier, of: bid.order)
      guard dearest != identifier else { return .refused(.tooDear) }
    }
    if let reason = change.admission(entry.content, order) { return .inadmissible(reason) }
    let outgoing = present ?? dearest
    guard makeRoom(for: entry, freed: charge(of: outgoing), events: &change.events) else {
      return .refused(.bookFull)
    }
    if let outgoing, entries[outgoing] != nil {
      remove(outgoing, present == nil ? .outbid : .replaced, events: &change.events)
    }
    // If making room has evicted the order itself, the bid waits for the order to come again.
    let hasOrder = order != nil && bidsOfOrder[bid.order] != nil
    store(entry)
    bidOfProvider[key] = identifier
    if hasOrder {
      rank(identifier, bid)
      change.events.append(.bidAdded(Signed(entry.object, bid)))
    } else {
      hold(identifier, for: bid.order)
      change.events.append(.bidHeld(Signed(entry.object, bid)))
    }
    return present.map { .replaced($0) } ?? .accepted
  }

  private mutating func insertWithdrawal<Reason>(
    _ entry: Entry,
    _ withdrawal: Withdrawal,
    _ change: inout Change<Reason>
  ) -> Outcome<Reason> {
    let identifier = entry.object.identifier
    let target = entries[withdrawal.object]
    if let target {
      switch target.object.kind {
      case .order, .bid: break
      case .withdrawal, .offer, .nodeRecord: return .refused(.notOwner)
      }
      guard target.account == entry.account else { return .refused(.notOwner) }
      guard withdrawal.expiresAt >= target.content.expiresAt else { return .refused(.withdrawalTooShort) }
    }
    let key = WithdrawalKey(object: withdrawal.object, account: entry.account)
    let present = withdrawals[key]
    if let present, let older = entries[present] {
      guard withdrawal.expiresAt > older.content.expiresAt else { return .refused(.notNewer) }
    } else if accounts[entry.account]?.withdrawals ?? 0 >= limits.withdrawalsPerAccount {
      return .refused(.accountFull)
    }
    // A withdrawal of an object that is here takes its place. One that comes first takes room for nothing that is here,
    // so the ledger decides who may send it.
    if target == nil, present == nil, let reason = change.admission(entry.content, nil) {
      return .inadmissible(reason)
    }
    let freed = charge(of: present) + (target == nil ? 0 : charge(of: withdrawal.object))
    guard makeRoom(for: entry, freed: freed, events: &change.events) else { return .refused(.bookFull) }
    if let present, entries[present] != nil { remove(present, .replaced, events: &change.events) }
    if entries[withdrawal.object] != nil { remove(withdrawal.object, .withdrawn, events: &change.events) }
    store(entry)
    withdrawals[key] = identifier
    change.events.append(.withdrawalAdded(Signed(entry.object, withdrawal)))
    return present.map { .replaced($0) } ?? .accepted
  }

  private mutating func insertOffer<Reason>(_ entry: Entry, _ offer: Offer, _ change: inout Change<Reason>)
    -> Outcome<Reason>
  {
    let present = offerOfProvider[offer.provider]
    if let present, case .offer(let older)? = entries[present]?.content {
      guard offer.sequence > older.sequence else { return .refused(.notNewer) }
    }
    if let reason = change.admission(entry.content, nil) { return .inadmissible(reason) }
    guard makeRoom(for: entry, freed: charge(of: present), events: &change.events) else {
      return .refused(.bookFull)
    }
    if let present, entries[present] != nil { remove(present, .replaced, events: &change.events) }
    store(entry)
    offerOfProvider[offer.provider] = entry.object.identifier
    change.events.append(.offerUpdated(Signed(entry.object, offer)))
    return present.map { .replaced($0) } ?? .accepted
  }

  /// Whether a bid is newer than another bid of the same provider on the same order: it expires later or,
  /// when both expire at the same time, has the greater identifier. By this rule every peer keeps the same
  /// bid.
  private func isNewer(_ expiresAt: Timestamp, _ identifier: Digest, than older: Entry) -> Bool {
    (expiresAt, identifier) > (older.content.expiresAt, older.object.identifier)
  }

  private func charge(of identifier: Digest?) -> Int {
    identifier.flatMap { entries[$0] }.map { Self.charge($0.object) } ?? 0
  }
}
