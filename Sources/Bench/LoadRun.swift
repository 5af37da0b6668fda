public import API
import Chain
public import Cryptography
import Foundation
import Primitives
import Synchronization

/// Sends transfers from this process to a running network and measures how the network handles them.
public struct LoadRun: Sendable {
  /// One node of the network.
  public struct Node: Sendable {
    public var name: String
    public var client: NodeClient
    /// The id of the node's process on this machine, whose CPU time and memory are measured.
    public var process: Int32

    public init(name: String, client: NodeClient, process: Int32) {
      self.name = name
      self.client = client
      self.process = process
    }
  }

  /// The load that is offered to the network.
  public struct Offer: Sendable {
    /// How long to send transfers, in seconds.
    public var seconds: UInt64
    /// Transfers per second; 0 sends as many as the network takes.
    public var rate: UInt64
    /// The number of connections, at least 1, spread over the nodes.
    public var connections: Int
    /// The number of sending accounts, at least 1.
    public var accounts: Int
    /// The number of transfers, all of which are signed before the first is sent.
    public var transfers: Int

    public init(seconds: UInt64, rate: UInt64, connections: Int, accounts: Int, transfers: Int) {
      self.seconds = seconds
      self.rate = rate
      self.connections = connections
      self.accounts = accounts
      self.transfers = transfers
    }
  }

  /// The most transfers in one request.
  private static let batchSize = 64

  let nodes: [Node]
  let offer: Offer
  let faucet: SigningKey
  let note: @Sendable (String) -> Void

  /// `nodes`: at least one. `faucet`: the key of an account that can fund the senders. `note`: called with a
  /// text for each phase of the run.
  public init(nodes: [Node], offer: Offer, faucet: SigningKey, note: @escaping @Sendable (String) -> Void) {
    self.nodes = nodes
    self.offer = offer
    self.faucet = faucet
    self.note = note
  }

  /// Funds accounts, signs their transfers, sends them, and reports what the network committed.
  ///
  /// - Throws: `ClientError` or `Failure` when a node does not answer or refuses the funding.
  public func run() async throws -> LoadReport {
    let status: Answer.Status = try await nodes[0].client.get("/v1/status")
    guard let chain = ChainID(status.chainId) else { throw Failure("the node names no legal chain") }
    let minimumFee = try await nodes[0].client.minimumFee()
    let verifies = Self.measureVerifies()
    let keys = (0...offer.accounts).map { _ in SigningKey.generate() }
    note("funding \(keys.count) accounts")
    try await fund(keys, chain: chain, fee: minimumFee)
    note("signing \(offer.transfers) transfers")
    let transfers = sign(Array(keys.dropLast()), chain: chain, fee: minimumFee)
    note("driving for \(offer.seconds) s over \(offer.connections) connections")

    let before = try await snapshot()
    let started = Date()
    let deadline = started.addingTimeInterval(Double(offer.seconds))
    let progress = Progress(transfers: transfers, connections: offer.connections)
    let latencies = try await withThrowingTaskGroup(of: Latencies.self) { group in
      for connection in 0..<offer.connections {
        let client = nodes[connection % nodes.count].client
        group.addTask {
          try await drive(connection, client, progress, until: deadline)
          return Latencies()
        }
      }
      if let probe = keys.last {
        group.addTask { try await self.probe(probe, chain: chain, fee: minimumFee, until: deadline) }
      }
      // Only the probe measures.
      return try await group.reduce(into: Latencies()) { if $1.count > 0 { $0 = $1 } }
    }
    let after = try await snapshot()
    return report(
      before,
      after,
      elapsed: Date().timeIntervalSince(started),
      progress: progress,
      latencies: latencies,
      verifies: verifies
    )
  }

  /// Sends the transfers of one connection's accounts, batch after batch, at the connection's share of the
  /// rate.
  private func drive(_ connection: Int, _ client: NodeClient, _ progress: Progress, until deadline: Date)
    async throws
  {
    let perConnection = Double(offer.rate) / Double(offer.connections)
    let started = Date()
    var sent = 0
    var batch: [[UInt8]] = []
    while Date() < deadline {
      if perConnection > 0 {
        let wait = Double(sent) / perConnection - Date().timeIntervalSince(started)
        if wait > 0 { try await Task.sleep(for: .seconds(wait)) }
      }
      if batch.isEmpty { batch = progress.take(Self.batchSize, for: connection) }
      guard !batch.isEmpty else { return }
      sent += batch.count
      batch = try await send(batch, to: client, progress)
    }
  }

  /// Sends a batch. Returns the transfers for which the mempool was full, in their order, to be sent again.
  private func send(_ batch: [[UInt8]], to client: NodeClient, _ progress: Progress) async throws
    -> [[UInt8]]
  {
    let result: Answer.BatchResult
    do {
      result = try await client.post("/v1/transactions/batch", body: TransactionBatch.encode(batch))
    } catch ClientError.refused(_, let failure) {
      progress.refused(batch.count)
      progress.note(failure.message)
      return []
    }
    progress.refused(result.refused.count)
    if let reason = result.refused.first?.reason { progress.note(reason) }
    if !result.busy.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    return result.busy.map { batch[$0] }
  }

  /// Sends one transfer after the other and measures the time from the submission of each to its block.
  private func probe(_ key: SigningKey, chain: ChainID, fee: UInt64, until deadline: Date) async throws
    -> Latencies
  {
    var latencies = Latencies()
    var sequence: UInt64 = 0
    while Date() < deadline {
      let transaction = Transaction.transfer(from: key, sequence: sequence, chain: chain, fee: fee)
      let start = Date()
      do {
        let result: Answer.TransactionResult = try await nodes[Int(sequence) % nodes.count].client.post(
          "/v1/transactions",
          [("wait", "committed")],
          body: transaction.encoded
        )
        guard result.code == 0 else { throw Failure("a probe failed: \(result.log)") }
        latencies.add(Date().timeIntervalSince(start))
        sequence += 1
      } catch ClientError.refused(let status, _) where status == 429 || status == 503 {
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    return latencies
  }

  // MARK: Preparation

  private func fund(_ keys: [SigningKey], chain: ChainID, fee: UInt64) async throws {
    let wallet = try await Wallet(key: faucet, client: nodes[0].client)
    let each = UInt64(offer.transfers / max(1, offer.accounts) + 10_000) * (fee + 1)
    for start in stride(from: 0, to: keys.count, by: 16) {
      let actions = keys[start..<min(start + 16, keys.count)].map { key -> Action in
        .send(Chain.Send(from: wallet.address, to: key.address, amount: [Coin(each, .uakt)]))
      }
      try await wallet.send(actions)
    }
  }

  /// The encoded transfers of each account in order, all to the account after it in `keys`.
  private func sign(_ keys: [SigningKey], chain: ChainID, fee: UInt64) -> [[[UInt8]]] {
    let each = offer.transfers / max(1, keys.count)
    let transfers = Mutex<[[[UInt8]]]>(Array(repeating: [], count: keys.count))
    DispatchQueue.concurrentPerform(iterations: keys.count) { index in
      let to = keys[(index + 1) % keys.count].address
      var own: [[UInt8]] = []
      own.reserveCapacity(each)
      for sequence in 0..<UInt64(each) {
        let key = keys[index]
        let transfer = Transaction.transfer(from: key, to: to, sequence: sequence, chain: chain, fee: fee)
        own.append(transfer.encoded)
      }
      transfers.withLock { $0[index] = own }
    }
    return transfers.withLock { $0 }
  }

  /// How many Ed25519 signatures one thread checks per second, measured for half a second.
  private static func measureVerifies() -> Double {
    let key = SigningKey.generate()
    let message = [UInt8](repeating: 7, count: 186)
    let signature = key.sign(message)
    let publicKey = key.publicKey
    var count = 0
    let start = Date()
    while Date().timeIntervalSince(start) < 0.5 {
      for _ in 0..<100 where publicKey.verifies(signature, of: message) { count += 1 }
    }
    return Double(count) / Date().timeIntervalSince(start)
  }

  // MARK: Results

  private struct Snapshot {
    var transactions: Double
    var blocks: Double
    var usages: [ProcessUsage?]
  }

  private func snapshot() async throws -> Snapshot {
    let metrics = try await nodes[0].client.text("/metrics")
    func value(_ name: String) -> Double {
      metrics.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        .flatMap { Double($0.split(separator: " ").last ?? "") } ?? 0
    }
    return Snapshot(
      transactions: value("supercloud_committed_transactions_total"),
      blocks: value("supercloud_committed_blocks_total"),
      usages: nodes.map { ProcessUsage(process: $0.process) }
    )
  }

  private func report(
    _ before: Snapshot,
    _ after: Snapshot,
    elapsed: Double,
    progress: Progress,
    latencies: Latencies,
    verifies: Double
  ) -> LoadReport {
    let committed = after.transactions - before.transactions
    let blocks = after.blocks - before.blocks
    var usages: [LoadReport.NodeUsage] = []
    for (index, node) in nodes.enumerated() {
      guard let old = before.usages[index], let new = after.usages[index] else { continue }
      usages.append(
        .init(
          name: node.name,
          cpuMicrosecondsPerTransaction: (new.cpuMicroseconds - old.cpuMicroseconds) / max(1, committed),
          residentMebibytes: Double(new.residentBytes) / 1_048_576
        )
      )
    }
    if let reason = progress.reason { note("first refusal: \(reason)") }
    return LoadReport(
      seconds: elapsed,
      offered: progress.offered,
      committed: Int(committed),
      committedPerSecond: committed / elapsed,
      refused: progress.refusals,
      latencyP50Milliseconds: latencies.quantile(0.5),
      latencyP95Milliseconds: latencies.quantile(0.95),
      latencyP99Milliseconds: latencies.quantile(0.99),
      latencySamples: latencies.count,
      blocks: Int(blocks),
      blockIntervalMilliseconds: elapsed * 1_000 / max(1, blocks),
      nodes: usages,
      cpuMicrosecondsPerTransaction: usages.reduce(0) { $0 + $1.cpuMicrosecondsPerTransaction },
      verifiesPerSecondPerCore: verifies,
      cores: ProcessInfo.processInfo.activeProcessorCount
    )
  }
}

/// Tracks which transfers have been sent. Each account's transfers use one connection, so they arrive in
/// order.
private final class Progress: Sendable {
  private struct State {
    /// How many of its transfers each account has sent.
    var positions: [Int]
    var turn: [Int]
    var offered = 0
    var refusals = 0
    var reason: String?
  }

  /// The encoded transfers of each account, in order.
  private let transfers: [[[UInt8]]]
  private let connections: Int
  private let state: Mutex<State>

  init(transfers: [[[UInt8]]], connections: Int) {
    self.transfers = transfers
    self.connections = connections
    state = Mutex(
      State(
        positions: Array(repeating: 0, count: transfers.count),
        turn: Array(repeating: 0, count: connections)
      )
    )
  }

  var offered: Int { state.withLock { $0.offered } }
  var refusals: Int { state.withLock { $0.refusals } }
  var reason: String? { state.withLock { $0.reason } }

  /// Takes up to `count` transfers of the connection's next account; empty when none of its accounts has any
  /// left.
  func take(_ count: Int, for connection: Int) -> [[UInt8]] {
    state.withLock { state in
      let own = Array(stride(from: connection, to: transfers.count, by: connections))
      for _ in own {
        let account = own[state.turn[connection] % own.count]
        state.turn[connection] += 1
        let position = state.positions[account]
        guard position < transfers[account].count else { continue }
        let batch = Array(transfers[account][position..<min(position + count, transfers[account].count)])
        state.positions[account] += batch.count
        state.offered += batch.count
        return batch
      }
      return []
    }
  }

  func refused(_ count: Int) {
    state.withLock { $0.refusals += count }
  }

  func note(_ reason: String) {
    state.withLock { state in if state.reason == nil { state.reason = reason } }
  }
}

extension Transaction {
  /// A transfer of the smallest amount; without `to`, to the sender.
  static func transfer(
    from key: SigningKey,
    to: Address? = nil,
    sequence: UInt64,
    chain: ChainID,
    fee: UInt64
  ) -> Transaction {
    let send = Chain.Send(from: key.address, to: to ?? key.address, amount: [Coin(1, .uakt)])
    return TransactionDraft(actions: [.send(send)], sequence: sequence, fee: Fee(amount: Coin(fee, .uakt)))
      .signed(by: key, chain: chain)
  }
}

extension NodeClient {
  /// The lowest fee of a transaction in `uakt`.
  func minimumFee() async throws -> UInt64 {
    let currencies: [Answer.Currency] = try await get("/v1/currencies")
    return currencies.first { $0.denomination == "uakt" }.flatMap { UInt64($0.minimumFee) } ?? 0
  }
}
