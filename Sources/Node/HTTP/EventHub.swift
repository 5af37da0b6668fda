import API
import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication

/// Sends blocks and market events to the followers of this node's HTTP streams.
///
/// The replica's loop makes one call per batch of events, however many followers there are. This actor finds
/// the followers of each event on Swift's thread pool. A follower whose queue is full is disconnected.
actor EventHub {
  /// The most commits, and the most market events, that one follower may have left unread.
  static let (commitLimit, marketLimit) = (64, 1_024)
  /// The most events of the replica that may wait to be distributed.
  private static let backlog = 1_024

  private let host: ReplicaHost
  private var nextFollower = 0
  private var commitFollowers: [Int: EventFeed<Answer.Commit>.Sender] = [:]
  /// Followers of a single order, by that order: an event is checked against its own order's only.
  private var orderFollowers: [Digest: [Int: MarketFollower]] = [:]
  private var marketFollowers: [Int: MarketFollower] = [:]

  private struct MarketFollower {
    var scope: MarketScope
    var sender: EventFeed<Answer.MarketEvent>.Sender
  }

  init(host: ReplicaHost) {
    self.host = host
  }

  /// Distributes events until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      let (events, sink) = AsyncStream<HostEvent>.makeStream(bufferingPolicy: .bufferingOldest(Self.backlog))
      let observer = await host.observe { event in
        // When an event is lost, all streams end, so that followers notice the gap and follow again.
        if case .dropped = sink.yield(event) { sink.finish() }
      }
      for await event in events { distribute(event) }
      await host.forget(observer)
      endAll(Task.isCancelled ? .nodeStops : .tooSlow)
    }
  }

  // MARK: Followers

  func followCommits() -> EventFeed<Answer.Commit> {
    let feed = EventFeed<Answer.Commit>(limit: Self.commitLimit)
    let id = newFollower()
    commitFollowers[id] = feed.sender
    feed.sender.whenEnded { Task { await self.forgetCommits(id) } }
    return feed
  }

  func followMarket(_ scope: MarketScope) -> EventFeed<Answer.MarketEvent> {
    let feed = EventFeed<Answer.MarketEvent>(limit: Self.marketLimit)
    let id = newFollower()
    let follower = MarketFollower(scope: scope, sender: feed.sender)
    if let order = scope.order {
      orderFollowers[order, default: [:]][id] = follower
    } else {
      marketFollowers[id] = follower
    }
    feed.sender.whenEnded { Task { await self.forgetMarket(id, scope) } }
    return feed
  }

  private func newFollower() -> Int {
    nextFollower += 1
    return nextFollower
  }

  private func forgetCommits(_ id: Int) {
    commitFollowers[id] = nil
  }

  private func forgetMarket(_ id: Int, _ scope: MarketScope) {
    marketFollowers[id] = nil
    guard let order = scope.order else { return }
    orderFollowers[order]?[id] = nil
    if orderFollowers[order]?.isEmpty == true { orderFollowers[order] = nil }
  }

  private func endAll(_ reason: FeedEnd) {
    for sender in commitFollowers.values { sender.end(reason) }
    for follower in marketFollowers.values { follower.sender.end(reason) }
    for follower in orderFollowers.values.flatMap(\.values) { follower.sender.end(reason) }
    commitFollowers = [:]
    marketFollowers = [:]
    orderFollowers = [:]
  }

  // MARK: Events

  private func distribute(_ event: HostEvent) {
    switch event {
    case .book(let changes):
      guard !marketFollowers.isEmpty || !orderFollowers.isEmpty else { return }
      for change in changes { distribute(change) }
    case .committed(let commit):
      if !commitFollowers.isEmpty {
        let answer = Answer.Commit(commit)
        for sender in commitFollowers.values { _ = sender.send(answer) }
      }
      guard !marketFollowers.isEmpty || !orderFollowers.isEmpty else { return }
      for lease in commit.leases { distribute(lease) }
    }
  }

  private func distribute(_ change: OrderBook.Event) {
    switch change {
    case .orderAdded(let order): distribute(MarketScope(order)) { .orderAdded(Answer.Order(order)) }
    case .bidAdded(let bid):
      distribute(MarketScope(bid)) { .bidAdded(Answer.Bid(bid.content, object: bid.object)) }
    case .removed(let object, let removal):
      switch object.content {
      case .order(let content):
        let order = OrderBook.Signed(object.object, content)
        distribute(MarketScope(order)) { .orderRemoved(Answer.Order(order), reason: removal.name) }
      case .bid(let content):
        let bid = OrderBook.Signed(object.object, content)
        distribute(MarketScope(bid)) {
          .bidRemoved(Answer.Bid(content, object: bid.object), reason: removal.name)
        }
      case .withdrawal, .offer: break
      }
    case .bidHeld, .withdrawalAdded, .offerUpdated: break
    }
  }

  private func distribute(_ event: LeaseEvent) {
    var scope = MarketScope(owner: event.lease.deployment.owner, provider: event.lease.provider)
    switch event {
    case .opened(let lease, let record, let origin):
      scope.order = origin.order
      distribute(scope) {
        .leaseOpened(Answer.Lease(LeaseStatus(lease, settled: record)), agreedOrder: origin.order.description)
      }
    case .closed(let lease, let record, _, _):
      distribute(scope) { .leaseClosed(Answer.Lease(LeaseStatus(lease, settled: record))) }
    }
  }

  /// Sends an event to the followers whose scope contains `subject`. `event` is called once, if there is one.
  private func distribute(_ subject: MarketScope, _ event: () -> Answer.MarketEvent) {
    var made: Answer.MarketEvent?
    func offer(_ follower: MarketFollower) {
      guard follower.scope.contains(subject) else { return }
      let event = made ?? event()
      made = event
      _ = follower.sender.send(event)
    }
    for follower in marketFollowers.values { offer(follower) }
    guard let order = subject.order, let followers = orderFollowers[order] else { return }
    for follower in followers.values { offer(follower) }
  }
}

/// The subjects that a follower wants (nil means any), or the subjects of an event (nil means none).
struct MarketScope: Sendable {
  var order: Digest?
  var owner: Address?
  var provider: Address?

  func contains(_ subject: MarketScope) -> Bool {
    (order == nil || order == subject.order) && (owner == nil || owner == subject.owner)
      && (provider == nil || provider == subject.provider)
  }
}

extension MarketScope {
  init(_ order: OrderBook.Signed<Order>) {
    self.init(order: order.identifier, owner: order.content.deployment.owner)
  }

  init(_ bid: OrderBook.Signed<Bid>) {
    self.init(order: bid.content.order, provider: bid.content.provider)
  }
}
