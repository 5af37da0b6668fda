import API
import Chain
import Cryptography
import Foundation
import Gossip
import Ledger
import NIOPosix
import Primitives
import Provider
import Replication
import Storage
import Synchronization
import Transport

extension NodeService {
  func status() async throws -> Answer.Status {
    let keys = parts.keys
    let configuration = parts.runtime.configuration
    let genesis = parts.runtime.definition.genesis
    let interval = lastInterval.withLock { $0.interval }
    let signing = parts.standing.answer
    let problems = await health()
    return await host.read { replica in
      let tip = replica.tip
      let query = LedgerQuery(state: replica.view)
      return Answer.Status(
        chainId: genesis.chain.text,
        genesis: genesis.digest.description,
        version: Self.version,
        moniker: configuration.node.moniker,
        role: configuration.node.role,
        nodeKey: Hex.encode(keys.node.publicKey.bytes),
        height: tip.height,
        lowestBlock: replica.lowestBlock,
        block: tip.block.description,
        time: tip.time.text,
        tick: replica.moment.tick,
        tickMilliseconds: query.ticks.tickMilliseconds,
        stateRoot: tip.stateRoot.description,
        round: replica.round,
        blockInterval: interval,
        catchingUp: replica.isCatchingUp,
        peers: replica.peerCount,
        mempoolTransactions: replica.mempool.count,
        orders: replica.book.orderCount,
        bids: replica.book.bidCount,
        leases: query.runningLeaseCount,
        validator: keys.validator.flatMap { query.validatorAddress(ofKey: $0)?.text() },
        provider: keys.provider?.address.text(),
        signing: signing,
        problems: problems,
        claimedHeight: replica.claimedHeight > tip.height ? replica.claimedHeight : nil
      )
    }
  }

  func account(_ text: String) async throws -> Answer.Account {
    let address = try address(text)
    return await host.read { replica in
      let query = LedgerQuery(state: replica.view)
      return Answer.Account(
        address: address.text(),
        sequence: replica.nextSequence(of: address),
        balances: query.balances(of: address).map { Answer.Coin($0) },
        locked: Self.locked(address, query, tick: replica.moment.tick)
      )
    }
  }

  /// The account's money that is locked: escrow of its deployments and lease deposits of its running leases.
  private static func locked<State: StateReading>(
    _ address: Address,
    _ query: LedgerQuery<State>,
    tick: Tick
  ) -> [Answer.Coin] {
    var sums: [Denomination: UInt64] = [:]
    for deployment in query.deployments(of: address, state: .active) {
      guard let escrow = query.escrow(of: deployment.id, at: tick), let funds = try? escrow.funds.truncated()
      else { continue }
      sums[escrow.denomination, default: 0] += funds.units
    }
    for lease in query.runningLeases(of: address, at: tick) {
      sums[lease.record.deposit.denomination, default: 0] += lease.record.deposit.amount.units
    }
    return sums.filter { $0.value > 0 }.sorted { $0.key < $1.key }
      .map { Answer.Coin(Coin($0.value, $0.key)) }
  }

  func block(_ height: UInt64?) async throws -> Answer.Block {
    let store = parts.store
    let height = height ?? store.lastHeight ?? 0
    guard let body = try store.body(at: height), let block = try? Block(decoding: body),
      let certificate = try store.certificate(at: height).flatMap({ try? Certificate(decoding: $0) })
    else { throw missing(block: height) }
    return Answer.Block(block, certificate)
  }

  /// The error that says why this node does not have block `height`.
  func missing(block height: Height) -> ServingError {
    let lowest = parts.store.lowestBlock
    guard height < lowest else {
      return .notFound("there is no block \(height) yet: the last one here is \(parts.store.lastHeight ?? 0)")
    }
    return .notFound(
      "block \(height) is pruned: this node keeps blocks from \(lowest) on; ask one that keeps all of them"
    )
  }

  /// A note for error messages that older transactions are pruned; empty when the node has all blocks.
  private var transactionsBegin: String {
    let lowest = parts.store.lowestBlock
    return lowest > 1 ? "; those of older blocks are pruned: this node keeps blocks from \(lowest) on" : ""
  }

  func transaction(_ text: String) async throws -> Answer.TransactionResult {
    let hash = try digest(text)
    if let result = try storedTransaction(hash) { return result }
    let (isPooled, height) = await host.read { ($0.mempool.contains(hash), $0.tip.height) }
    if isPooled { return Answer.TransactionResult(pending: hash, log: "waits in the mempool") }
    // A block leaves the mempool before it is on the disk. Whoever hears "unknown" may sign a second payment, so
    // the answer waits until the disk has what the mempool has lost.
    let deadline = ContinuousClock.now + .seconds(10)
    while parts.store.lastHeight ?? 0 < height, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(5))
    }
    if let result = try storedTransaction(hash) { return result }
    guard parts.store.lastHeight ?? 0 >= height else {
      throw ServingError.unavailable("the node is still writing block \(height); ask again")
    }
    throw ServingError.notFound("no transaction \(text) is known here" + transactionsBegin)
  }

  private func storedTransaction(_ hash: Digest) throws -> Answer.TransactionResult? {
    guard let location = try parts.store.transactionLocation(hash.bytes),
      let bytes = try parts.store.receipts(at: location.height),
      let receipts = try? BlockReceipts.decode(bytes).receipts, receipts.indices.contains(Int(location.index))
    else { return nil }
    let receipt = receipts[Int(location.index)]
    return Answer.TransactionResult(hash: hash, height: location.height, receipt: receipt)
  }

  /// Adds up all money in the state. It reads all of it, so on another thread and a frozen view.
  func audit() async throws -> [Answer.AuditLine] {
    let store = parts.store
    return try await NIOThreadPool.singleton.runIfActive {
      try LedgerQuery(state: StoreState(frozen: store)).conservationReports().map { Answer.AuditLine($0) }
    }
  }

  func peers() async throws -> [Answer.Peer] {
    let statuses = await parts.endpoint.peers()
    let now = await host.now
    return await host.read { replica in
      statuses.map { status in
        Answer.Peer(
          nodeKey: Hex.encode(status.peer.bytes),
          address: status.info.address.description,
          role: replica.role(of: status.peer)?.name ?? "",
          inbound: status.info.isInbound,
          height: replica.claimedHeight(of: status.peer),
          datagrams: status.hasDatagramSession,
          score: Int(clamping: replica.gossip.peers.score(of: status.peer, at: now))
        )
      }
    }
  }

  func decisions(order: String?) async throws -> [Answer.Decision] {
    guard let service = providerHost?.service else {
      throw ServingError.unavailable("this node is not a provider; ask the provider's own node")
    }
    var wanted: Digest?
    if let order { wanted = try await identifierOfOrder(order) }
    return await service.decisions(on: wanted).map { decision in
      Answer.Decision(
        order: decision.order.description,
        time: decision.at.text,
        outcome: decision.code,
        detail: decision.text
      )
    }
  }

  /// The identifier of an order from its hexadecimal text: the whole identifier, or the first digits of a
  /// live order's.
  private func identifierOfOrder(_ text: String) async throws -> Digest {
    if let bytes = Hex.decode(text), let digest = Digest(bytes) { return digest }
    guard let found = await host.read({ $0.book.orders(withPrefix: text).first?.object.identifier }) else {
      throw ServingError.notFound("no live order begins with \(text); give the whole identifier")
    }
    return found
  }

  func providerStatus() async throws -> Answer.ProviderStatus {
    guard let host = providerHost, let service = host.service else {
      throw ServingError.unavailable("this node is not a provider; ask the provider's own node")
    }
    let status = await service.status()
    return Answer.ProviderStatus(
      provider: host.address.text(),
      ready: status.isReady,
      openBids: status.openBids,
      obstacle: status.obstacle,
      leases: status.leases.map {
        .init(
          lease: $0.id.description,
          state: $0.state,
          message: $0.message,
          manifestHash: $0.manifestHash,
          devices: $0.devices
        )
      },
      capabilities: status.capabilities.list.map {
        .init(name: $0.name, enforced: $0.isEnforced, detail: $0.detail)
      },
      reconciliation: status.reconciliation
    )
  }
}

/// Wraps `any StateReading` in a concrete type, which `LedgerQuery` needs as its generic argument.
struct AnyState: StateReading {
  let base: any StateReading

  init(_ base: any StateReading) {
    self.base = base
  }

  func value(for key: [UInt8]) -> [UInt8]? { base.value(for: key) }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    base.entries(from: from, to: to, limit: limit)
  }
}
