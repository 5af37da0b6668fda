import API
import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication
import Transport

extension NodeService {
  /// A page of live orders in the order of their arrival at this node; the page key is an arrival number.
  func orders(owner: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Order> {
    let owner = try owner.map { try address($0) }
    return try await self.page(page) { (request, replica) throws(PageFault) in
      let entries = owner.map { replica.book.orders(of: $0).sorted { $0.arrival < $1.arrival } }
      let after = try request.after.map { (key) throws(PageFault) in try key.arrival }
      let rest = (entries ?? replica.book.orders).drop { entry in after.map { entry.arrival <= $0 } ?? false }
      let part = rest.prefix(request.limit)
      let book = replica.book
      return Page(
        items: part.compactMap { Self.answer($0, book) },
        next: part.count < rest.count ? part.last.flatMap { PageKey(arrival: $0.arrival) } : nil
      )
    }
  }

  private static func answer(_ entry: OrderBook.Entry, _ book: OrderBook) -> Answer.Order? {
    guard case .order(let order) = entry.content else { return nil }
    let identifier = entry.object.identifier
    return Answer.Order(order, identifier: identifier, bids: book.bids(for: identifier).count)
  }

  func identifier(_ prefix: String) async throws -> Digest {
    if let bytes = Hex.decode(prefix), let digest = Digest(bytes) { return digest }
    let matches = await host.read { $0.book.orders(withPrefix: prefix).map(\.object.identifier) }
    guard let first = matches.first else {
      throw ServingError.notFound("no live order begins with \(prefix)")
    }
    guard matches.count == 1 else {
      throw ServingError.invalid("\(matches.count) orders begin with \(prefix)", fix: "give more digits")
    }
    return first
  }

  func order(_ text: String) async throws -> Answer.Order {
    let identifier = try await identifier(text)
    let found = await host.read { replica in
      replica.book[identifier].flatMap { Self.answer($0, replica.book) }
    }
    guard let found else {
      throw ServingError.notFound("order \(text) is not live: agreed, withdrawn, expired or never seen here")
    }
    return found
  }

  func bids(order text: String) async throws -> [Answer.Bid] {
    let identifier = try await identifier(text)
    return await host.read { replica in
      replica.book.bids(for: identifier).compactMap { entry in
        guard case .bid(let bid) = entry.content else { return nil }
        return Answer.Bid(bid, object: entry.object)
      }
    }
  }

  func providers(_ page: PageQuery) async throws -> Answer.Page<Answer.Provider> {
    try await self.page(page) { (request, replica) throws(PageFault) in
      let query = LedgerQuery(state: replica.view)
      let found = try query.providers(request)
      return Page(items: found.items.map { Self.answer($0, query, replica) }, next: found.next)
    }
  }

  func provider(_ text: String) async throws -> Answer.Provider {
    let address = try address(text)
    let found = await host.read { replica in
      let query = LedgerQuery(state: replica.view)
      return query.provider(address).map { Self.answer($0, query, replica) }
    }
    guard let found else { throw ServingError.notFound("\(text) is not a registered provider") }
    return found
  }

  private static func answer<View: StateReading>(
    _ entry: ProviderEntry,
    _ query: LedgerQuery<View>,
    _ replica: borrowing Replica<StoreState>
  ) -> Answer.Provider {
    let owner = entry.record.owner
    let endpoint = replica.book.offer(of: owner)?.endpoint
    return Answer.Provider(entry.record, endpoint: endpoint, activeLeases: query.runningLeaseCount(of: owner))
  }

  func deployments(owner: String?, state: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Deployment>
  {
    let owner = try owner.map { try address($0) }
    let all = DeploymentRecord.State.allCases
    let fix = "active or closed"
    let wanted = try value(named: state, \.name, among: all, "a deployment's state", fix: fix)
    return try await self.page(
      page,
      { (request, query, _) throws(PageFault) in
        try query.deployments(of: owner, state: wanted, request)
      },
      { Self.answer($0, $1, $2) }
    )
  }

  func deployment(owner: String, dseq: UInt64) async throws -> Answer.Deployment {
    let id = DeploymentID(owner: try address(owner), sequence: dseq)
    let found = await query { query, moment in
      query.deployment(id).flatMap { Self.answer($0, query, moment) }
    }
    guard let found else { throw ServingError.notFound("\(owner) has no deployment \(dseq)") }
    return found
  }

  private static func answer(
    _ deployment: DeploymentStatus,
    _ query: LedgerQuery<AnyState>,
    _ moment: Moment
  ) -> Answer.Deployment? {
    guard let escrow = query.escrow(of: deployment.id, at: moment.tick) else { return nil }
    let leases = query.leases(of: deployment.id, at: moment.tick)
    return Answer.Deployment(deployment, escrow: escrow, leases: leases)
  }

  func leases(_ filter: LeaseFilter, _ page: PageQuery) async throws -> Answer.Page<Answer.Lease> {
    let owner = try filter.owner.map { try address($0) }
    let provider = try filter.provider.map { try address($0) }
    let all = LeaseRecord.State.allCases
    let fix = "active, closed, reclaiming or insufficient_funds"
    let wanted = try value(named: filter.state, \.name, among: all, "a lease's state", fix: fix)
    return try await self.page(page, of: { Answer.Lease($0) }) { (request, query, moment) throws(PageFault) in
      try query.leases(owner: owner, provider: provider, state: wanted, at: moment.tick, request)
    }
  }

  func gpus() async throws -> [Answer.GPU] {
    await host.read { replica in
      replica.book.gpuMarket.map { row in
        Answer.GPU(
          vendor: row.vendor,
          model: row.model,
          memory: row.memory,
          interface: row.interface,
          free: UInt32(clamping: row.free),
          total: UInt32(clamping: row.total),
          providers: row.providers,
          declared: UInt32(clamping: row.declared),
          prices: row.prices.map {
            Answer.GPU.PriceRange(
              denomination: $0.denomination.name,
              lowest: $0.low.description,
              median: $0.median.description
            )
          }
        )
      }
    }
  }

  func metrics() async throws -> String {
    let counters = await host.counters
    let transport = await parts.endpoint.counters()
    let (height, mempool, peers) = await host.read { ($0.tip.height, $0.mempool.count, $0.peerCount) }
    var metrics = PrometheusText()
    metrics.add("cometbft_consensus_height", .gauge, "Height of the newest committed block.", height)
    metrics.add("cometbft_mempool_size", .gauge, "Transactions that wait.", mempool)
    metrics.add("cometbft_p2p_peers", .gauge, "Sessions with peers.", peers)
    let transferred = "Messages over TCP."
    for (name, help, value) in [
      ("committed_blocks", "Blocks committed since the start.", counters.committedBlocks),
      ("committed_transactions", "Transactions committed since the start.", counters.committedTransactions),
      ("rounds_above_zero", "Rounds after a height's first.", counters.roundsAboveZero),
      ("stream_messages_sent", transferred, UInt64(clamping: transport.messagesSent)),
      ("stream_messages_received", transferred, UInt64(clamping: transport.messagesReceived)),
      ("datagrams_sent", "Datagrams sent.", UInt64(clamping: transport.datagramsSent)),
      ("datagrams_received", "Datagrams received.", UInt64(clamping: transport.datagramsReceived)),
    ] { metrics.add("supercloud_\(name)_total", .counter, help, value) }
    await addHealth(to: &metrics)
    metrics.add(await network(transport, counters))
    return metrics.text
  }
}
