import API
import Chain
import Cryptography
import Gossip
import Ledger
import Logging
import Primitives
import Replication
import Storage
import Synchronization
import Transport

/// Connects the HTTP server to the node: queries are answered by the replica or the store; transactions are
/// checked and go to the mempool.
final class NodeService: NodeServing {
  static let version = "0.1.0"

  let parts: NodeParts
  private let provider = Mutex<ProviderHost?>(nil)
  /// The background tasks; empty before `start`.
  private let tasks = Mutex<[Task<Void, Never>]>([])
  let hub: EventHub
  /// What was last found about the node's health.
  let state = Mutex(NodeWatch())
  let lastInterval = Mutex<(time: Timestamp, interval: UInt64)>((.zero, 0))

  init(parts: NodeParts) {
    self.parts = parts
    hub = EventHub(host: parts.host)
  }

  var chain: ChainID { parts.runtime.definition.genesis.chain }
  var host: ReplicaHost { parts.host }

  /// Starts the node's background tasks: republishing the node's record before it expires, saving the gossip
  /// state, and running the provider if there is one.
  func start() async throws {
    _ = await host.observe { [self] event in
      guard case .committed(let commit) = event else { return }
      reportSlashes(in: commit)
      lastInterval.withLock { last in
        let time = commit.tip.time
        last = (time, last.time == .zero ? 0 : time.milliseconds(since: last.time))
      }
    }
    let distributing = Task { [hub] in await hub.run() }
    if !parts.runtime.configuration.network.isReachable {
      parts.logger.notice(
        "others cannot dial this node, it only dials out: `advertise` in config.toml names no address"
      )
    }
    let publishing = Task {
      while !Task.isCancelled {
        let port = parts.endpoint.port
        var keys = parts.keys
        if !parts.standing.signs { keys.consensus = nil }
        let record = GossipSetUp.record(parts.runtime, keys: keys, port: port, time: .now)
        _ = try? await host.publish(record)
        parts.endpoint.setHello(GossipSetUp.hello(parts.runtime, keys: keys, time: .now).encoded)
        try? await Task.sleep(for: .milliseconds(GossipSetUp.recordLifetime / 4))
      }
    }
    let keeping = Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(GossipStore.interval))
        if !Task.isCancelled { gossipStore.save(await host.read { $0.persistedGossip }) }
      }
    }
    let watching = Task { await watch() }
    tasks.withLock { $0 = [distributing, publishing, keeping, watching] }
    let started = try await ProviderHost.start(parts)
    provider.withLock { $0 = started }
  }

  private var gossipStore: GossipStore {
    GossipStore(file: parts.runtime.home.gossip, chain: chain, logger: parts.logger)
  }

  /// Passes the gossip state saved by the last run to the replica. Call it before the replica starts.
  func restoreGossip() async {
    let memory = gossipStore.load()
    guard memory != PersistedGossip() else { return }
    do {
      let (live, failure) = try await host.restore(memory)
      parts.logger.info(
        "restored the order and address books of the last run",
        metadata: ["objects": "\(live) of \(memory.objects.count)", "anchors": "\(memory.anchors.count)"]
      )
      if let failure {
        parts.logger.warning("the saved address book is damaged", metadata: ["error": "\(failure)"])
      }
    } catch {
      parts.logger.warning(
        "the order and address books of the last run could not be restored",
        metadata: ["error": "\(error)"]
      )
    }
  }

  var providerHost: ProviderHost? { provider.withLock { $0 } }

  func stop() async {
    await providerHost?.stop()
    let tasks = tasks.withLock { $0 }
    for task in tasks { task.cancel() }
    // A node that was stopped before `start` has no gossip state to save.
    guard !tasks.isEmpty else { return }
    gossipStore.save(await host.read { $0.persistedGossip })
  }

  /// Runs `body` on the replica's committed state.
  func query<Value: Sendable>(_ body: @Sendable (LedgerQuery<AnyState>, Moment) throws -> Value)
    async rethrows
    -> Value
  {
    try await host.read { replica in try body(LedgerQuery(state: AnyState(replica.view)), replica.moment) }
  }

  /// The value whose `name` is `text`, nil for nil; throws for a text that names none: it is not `what`.
  func value<Value>(
    named text: String?,
    _ name: (Value) -> String,
    among values: [Value],
    _ what: String,
    fix: String
  ) throws -> Value? {
    guard let text else { return nil }
    guard let value = values.first(where: { name($0) == text }) else {
      throw ServingError.invalid("`\(text)` is not \(what)", fix: fix)
    }
    return value
  }

  func address(_ text: String) throws -> Address {
    do {
      return try Address(text: text)
    } catch {
      throw ServingError.invalid(
        "`\(text)` is not an address: \(error)",
        fix: "an address begins with akash1"
      )
    }
  }

  func digest(_ text: String) throws -> Digest {
    guard let bytes = Hex.decode(text), let digest = Digest(bytes) else {
      throw ServingError.invalid("`\(text)` is not a hash", fix: "64 hex digits")
    }
    return digest
  }

  // MARK: Submissions

  func submit(transaction bytes: [UInt8], wait: Bool) async throws -> Answer.TransactionResult {
    let transaction = try decode(bytes)
    return try Self.answer(transaction, await host.submit(transaction, wait: wait), wait: wait)
  }

  func submit(batch: [[UInt8]]) async throws -> Answer.BatchResult {
    var result = Answer.BatchResult()
    var authentic: [(index: Int, transaction: Transaction)] = []
    for (index, bytes) in batch.enumerated() {
      do {
        authentic.append((index, try decode(bytes)))
      } catch ServingError.invalid(let message, _) {
        result.refused.append(.init(index: index, reason: message))
      }
    }
    let admissions = try await host.submit(authentic.map(\.transaction))
    for ((index, _), admission) in zip(authentic, admissions) {
      switch ServingError(admission) {
      case nil: result.accepted += 1
      case .busy: result.busy.append(index)
      case .some(let error): result.refused.append(.init(index: index, reason: error.description))
      }
    }
    return result
  }

  private func decode(_ bytes: [UInt8]) throws -> Transaction {
    do throws(TransactionError) {
      let transaction = try parts.checks.transaction(bytes, hash: .sha256(bytes), on: chain)
      parts.verifier.note(transaction)
      return transaction
    } catch .forged {
      throw ServingError.invalid(
        "the signature is not valid for its signer and chain \(chain)",
        fix: "sign the SignDoc with this chain id and account number 0"
      )
    } catch {
      throw ServingError.invalid("this is not a transaction: \(error)", fix: nil)
    }
  }

  func submit(object bytes: [UInt8]) async throws -> Answer.Submitted {
    let object: SignedObject
    do {
      object = try SignedObject(decoding: bytes, chain: chain)
    } catch {
      throw ServingError.invalid("this is not a signed object: \(error)", fix: nil)
    }
    guard object.kind != .nodeRecord, object.isAuthentic(on: chain, by: parts.checks) else {
      throw ServingError.invalid("the signature is not valid for its key and chain \(chain)", fix: nil)
    }
    if let error = ServingError(try await host.publish(object)) { throw error }
    return Answer.Submitted(identifier: object.identifier.description)
  }

  func faucet(_ address: String, wait: Bool) async throws -> Answer.TransactionResult {
    guard let key = parts.keys.faucet else {
      throw ServingError.unavailable("this node has no faucet; on a testnet the first validator has it")
    }
    let to = try self.address(address)
    let send = Send(from: key.address, to: to, amount: [Coin(100_000_000, .uakt), Coin(100_000_000, .uusdc)])
    let fee = Fee(amount: Coin(5_000, .uakt))
    let sent = try await host.submit(from: key.address, wait: wait) { [chain] sequence in
      TransactionDraft(actions: [.send(send)], sequence: sequence, fee: fee).signed(by: key, chain: chain)
    }
    return try Self.answer(sent.transaction, sent.committed, wait: wait)
  }

  private static func answer(_ transaction: Transaction, _ committed: CommittedTransaction?, wait: Bool)
    throws
    -> Answer.TransactionResult
  {
    guard wait else { return Answer.TransactionResult(pending: transaction.hash) }
    guard let result = committed else {
      throw ServingError.unavailable("the node is stopping; the transaction may still be committed")
    }
    return Answer.TransactionResult(hash: result.hash, height: result.height, receipt: result.receipt)
  }
}
