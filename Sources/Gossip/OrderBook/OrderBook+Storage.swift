import Chain
public import Cryptography
import HeapModule
public import Primitives

extension OrderBook {
  /// Applies the chain's parameters. If an order may keep fewer bids now, its dearest ones are removed. Other
  /// objects beyond the new limits stay until they expire.
  public mutating func adopt(_ parameters: Parameters, events: inout [Event]) {
    let before = limits
    limits.adopt(parameters)
    guard limits.bidsPerOrder < before.bidsPerOrder else { return }
    for order in bidsOfOrder.keys.sorted() {
      for bid in bidsOfOrder[order]?.dropFirst(limits.bidsPerOrder) ?? [] {
        remove(bid, .outbid, events: &events)
      }
    }
  }

  /// Sets the consensus time and removes the objects that have expired.
  public mutating func advance(to time: Timestamp, events: inout [Event]) {
    guard time > self.time else { return }
    self.time = time
    while let first = expiries.min, first.at <= time {
      expiries.removeMin()
      if let expiry = closed[first.identifier], expiry <= time { closed[first.identifier] = nil }
      guard let entry = entries[first.identifier], entry.content.expiresAt <= time else { continue }
      remove(first.identifier, .expired, events: &events)
    }
  }

  /// Removes an order that was agreed, and its bids. It is remembered as closed until it expires, if there is
  /// room, so that it cannot be inserted again.
  public mutating func close(order identifier: Digest, events: inout [Event]) {
    guard entries[identifier]?.object.kind == .order else { return }
    remove(identifier, .closed, events: &events)
  }

  /// Removes all objects of an account that the committed state no longer admits, such as a provider that
  /// left.
  public mutating func removeAll(of account: Address, events: inout [Event]) {
    for identifier in (accounts[account]?.identifiers ?? []).sorted() where entries[identifier] != nil {
      remove(identifier, .inadmissible, events: &events)
    }
  }

  mutating func store(_ entry: Entry) {
    let identifier = entry.object.identifier
    let charge = Self.charge(entry.object)
    entries[identifier] = entry
    arrivals += 1
    bytes += charge
    expiries.insert(Expiry(at: entry.content.expiresAt, identifier: identifier))
    if expiries.count > 1_024 + 4 * (entries.count + closed.count) { rebuildExpiries() }
    accounts[entry.account, default: Account()].identifiers.insert(identifier)
    update(entry.account, charge: charge, kind: entry.content, by: 1)
  }

  /// Rebuilds the heap without the entries of objects that were removed before they expired.
  private mutating func rebuildExpiries() {
    expiries = Heap(
      entries.map { Expiry(at: $0.value.content.expiresAt, identifier: $0.key) }
        + closed.map { Expiry(at: $0.value, identifier: $0.key) }
    )
  }

  /// Removes an object, and with an order also its bids.
  mutating func remove(_ identifier: Digest, _ removal: RemovalReason, events: inout [Event]) {
    guard let entry = entries.removeValue(forKey: identifier) else { return }
    switch entry.content {
    case .order(let order):
      for bid in bidsOfOrder[identifier] ?? [] {
        remove(bid, removal == .expired ? .expired : .closed, events: &events)
      }
      bidsOfOrder[identifier] = nil
      if closed.count < limits.closedOrders, removal != .expired, removal != .evicted {
        closed[identifier] = order.expiresAt
      }
    case .bid(let bid):
      if entry.isHeld {
        release(identifier, of: bid.order, entry.account)
      } else {
        bidsOfOrder[bid.order]?.removeAll { $0 == identifier }
      }
      let key = BidKey(order: bid.order, provider: bid.provider)
      if bidOfProvider[key] == identifier { bidOfProvider[key] = nil }
    case .withdrawal(let withdrawal):
      let key = WithdrawalKey(object: withdrawal.object, account: entry.account)
      if withdrawals[key] == identifier { withdrawals[key] = nil }
    case .offer(let offer):
      if offerOfProvider[offer.provider] == identifier { offerOfProvider[offer.provider] = nil }
    }
    let charge = Self.charge(entry.object)
    bytes -= charge
    accounts[entry.account]?.identifiers.remove(identifier)
    update(entry.account, charge: -charge, kind: entry.content, by: -1)
    events.append(.removed(Signed(entry.object, entry.content), removal))
  }

  private mutating func update(_ address: Address, charge: Int, kind: MarketObject, by step: Int) {
    accounts[address]?.bytes += charge
    switch kind {
    case .order: accounts[address]?.orders += step
    case .bid: accounts[address]?.bids += step
    case .withdrawal: accounts[address]?.withdrawals += step
    case .offer: break
    }
    guard let account = accounts[address] else { return }
    if account.identifiers.isEmpty {
      accounts[address] = nil
    } else {
      usages.insert(Usage(bytes: account.bytes, account: address))
      if usages.count > 1_024 + 4 * accounts.count {
        usages = Heap(accounts.map { Usage(bytes: $0.value.bytes, account: $0.key) })
      }
    }
  }

  /// Marks a bid as held, since its order has not arrived.
  mutating func hold(_ identifier: Digest, for order: Digest) {
    entries[identifier]?.isHeld = true
    heldOfOrder[order, default: []].append(identifier)
    heldCount += 1
    if let account = entries[identifier]?.account { accounts[account]?.heldBids += 1 }
  }

  /// The order of a held bid has come, or the bid goes.
  mutating func release(_ identifier: Digest, of order: Digest, _ account: Address) {
    entries[identifier]?.isHeld = false
    heldOfOrder[order]?.removeAll { $0 == identifier }
    if heldOfOrder[order]?.isEmpty == true { heldOfOrder[order] = nil }
    heldCount -= 1
    accounts[account]?.heldBids -= 1
  }

  /// Inserts a bid into its order's list, which is sorted by price.
  mutating func rank(_ identifier: Digest, _ bid: Bid) {
    let price = bid.rankingPrice
    let position =
      bidsOfOrder[bid.order]?.firstIndex { other in isCheaper(price, identifier, than: other) }
      ?? bidsOfOrder[bid.order]?.count ?? 0
    bidsOfOrder[bid.order]?.insert(identifier, at: position)
  }

  /// The bid that must be dropped if `bid` joins its order: nil while there is room, `bid` itself if it is
  /// the dearest.
  func bidToEvict(for bid: Bid, _ identifier: Digest, of order: Digest) -> Digest? {
    guard let bids = bidsOfOrder[order], bids.count >= limits.bidsPerOrder, let last = bids.last else {
      return nil
    }
    return isCheaper(bid.rankingPrice, identifier, than: last) ? last : identifier
  }

  private func isCheaper(_ price: UInt128, _ identifier: Digest, than other: Digest) -> Bool {
    guard case .bid(let bid)? = entries[other]?.content else { return true }
    return (price, identifier) < (bid.rankingPrice, other)
  }

  /// Frees room for `entry` by evicting objects of the account that holds most. False when no account holds
  /// more than the author's would, and room is still missing. `freed` is the charge of the objects that the
  /// entry replaces.
  mutating func makeRoom(for entry: Entry, freed: Int, events: inout [Event]) -> Bool {
    let needed = Self.charge(entry.object)
    guard bytes - freed + needed > limits.bytes else { return true }
    let own = (accounts[entry.account]?.bytes ?? 0) - freed + needed
    // Frees more than needed, so that a full book does not search for the largest account at every object.
    let target = limits.bytes - needed - limits.bytes / 64
    while bytes - freed > target {
      guard let largest = largestAccount(), largest.bytes > own, largest.account != entry.account else {
        return bytes - freed + needed <= limits.bytes
      }
      let limit = max(own, largest.bytes - (bytes - freed - target))
      evict(from: largest.account, downTo: limit, events: &events)
    }
    return true
  }

  private mutating func largestAccount() -> Usage? {
    while let first = usages.max {
      if let account = accounts[first.account], account.bytes == first.bytes { return first }
      usages.removeMax()
    }
    return nil
  }

  /// Removes objects of an account, those that expire first before others, until it holds at most `limit`
  /// bytes.
  private mutating func evict(from address: Address, downTo limit: Int, events: inout [Event]) {
    let soonest = (accounts[address]?.identifiers ?? []).compactMap { identifier in
      entries[identifier].map { Expiry(at: $0.content.expiresAt, identifier: identifier) }
    }.sorted()
    for expiry in soonest {
      guard let account = accounts[address], account.bytes > limit else { return }
      if entries[expiry.identifier] != nil { remove(expiry.identifier, .evicted, events: &events) }
    }
  }
}
