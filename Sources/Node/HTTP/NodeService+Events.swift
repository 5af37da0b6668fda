import API
import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication

extension NodeService {
  func events() async throws -> EventStream<Answer.Commit> {
    EventStream(feed: await hub.followCommits())
  }

  func marketEvents(_ filter: MarketFilter) async throws -> EventStream<Answer.MarketEvent> {
    let scope = MarketScope(
      order: try filter.order.map { try digest($0) },
      owner: try filter.owner.map { try address($0) },
      provider: try filter.provider.map { try address($0) }
    )
    // The feed is opened before the state is read: a change in between is then sent twice, but not lost.
    let feed = await hub.followMarket(scope)
    var initialEvents: [Answer.MarketEvent] = []
    if let order = scope.order {
      initialEvents = await host.read { replica in Self.currentEvents(of: order, scope, replica.book) }
    }
    return EventStream(initialEvents: initialEvents + [.caughtUp], feed: feed)
  }

  /// The order and its bids that are in the book, as events, as far as `scope` contains them.
  private static func currentEvents(of order: Digest, _ scope: MarketScope, _ book: OrderBook)
    -> [Answer.MarketEvent]
  {
    var events: [Answer.MarketEvent] = []
    if let entry = book[order], case .order(let content) = entry.content,
      scope.contains(MarketScope(OrderBook.Signed(entry.object, content)))
    {
      let bids = book.bids(for: order).count
      events.append(.orderAdded(Answer.Order(content, identifier: order, bids: bids)))
    }
    for entry in book.bids(for: order) {
      guard case .bid(let content) = entry.content,
        scope.contains(MarketScope(OrderBook.Signed(entry.object, content)))
      else { continue }
      events.append(.bidAdded(Answer.Bid(content, object: entry.object)))
    }
    return events
  }
}

extension Answer.Order {
  /// An order as events contain it: without its number of bids.
  init(_ order: OrderBook.Signed<Order>) {
    self.init(order.content, identifier: order.identifier, bids: 0)
  }
}

extension Answer.Commit {
  init(_ commit: Commit) {
    self.init(
      height: commit.tip.height,
      time: commit.tip.time.text,
      tick: commit.outcome.moment.tick,
      transactions: zip(commit.transactions, commit.outcome.receipts).map { transaction, receipt in
        Answer.TransactionResult(hash: transaction.hash, height: commit.tip.height, receipt: receipt)
      },
      events: commit.outcome.events.map { Answer.Event($0) }
    )
  }
}
