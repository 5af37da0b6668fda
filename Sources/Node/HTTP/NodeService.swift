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

/// Connects the HTTP server with the node: queries go to the replica or the store, transactions are checked
/// and go to the mempool.
final class NodeService: NodeServing {
  static let version = "0.1.0"

  let parts: NodeParts
  private let provider = Mutex<ProviderHost?>(nil)
  private let recordTask = Mutex<Task<Void, Never>?>(nil)
  private let keepingTask = Mutex<Task<Void, Never>?>(nil)
  let hub: EventHub
  private let hubTask = Mutex<Task<Void, Never>?>(nil)
  let lastInterval = Mutex<(time: Timestamp, interval: UInt64)>((.zero, 0))

  init(parts: NodeParts) {
    self.parts = parts
    hub = EventHub(host: parts.host)
  }

  var chain: ChainID { parts.runtime.definition.genesis.chain }
  var host: ReplicaHost { parts.host }

  /// Starts the node's background tasks: it publishes the node's record before the old one expires, saves the
  /// gossip state, and runs the provider if there is one.
  func start() async throws {
    _ = await host.observe { [self] event in
      guard case .committed(let commit) = event else { return }
      lastInterval.withLock { last in
        let time = commit.tip.time
        last = (time, last.time == .zero ? 0 : time.milliseconds(since: last.time))
      }
    }
    let hub = hub
    hubTask.withLock { $0 = Task { await hub.run() } }
    if !parts.runtime.configuration.network.isReachable {
      parts.logger.notice(
        "others cannot dial this node, it only dials out: `advertise` in config.toml names no address"
      )
    }
    let task = Task {
      while !Task.isCancelled {
        let record = GossipSetUp.record(
          parts.runtime,
          keys: parts.keys,
          port: parts.endpoint.port,
          time: .now
        )
        _ = try? await host.publish(record)
        parts.endpoint.setHello(GossipSetUp.hello(parts.runtime, keys: parts.keys, time: .now).encoded)
        try? await Task.sleep(for: .milliseconds(GossipSetUp.recordLifetime / 4))
      }
    }
    recordTask.withLock { $0 = task }
    let keeping = Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(GossipStore.interval))
        if !Task.isCancelled { gossipStore.save(await host.read { $0.persistedGossip }) }
      }
    }
    keepingTask.withLock { $0 = keeping }
    let started = try await ProviderHost.start(parts)
    provider.withLock { $0 = started }
  }

  private var gossipStore: GossipStore {
    GossipStore(file: parts.runtime.home.gossip, chain: chain, logger: parts.logger)
  }

  /// Gives the replica the gossip state saved by the last run. Must be called before the replica starts.
  func restoreGossip() async {
    let memory = gossipStore.load()
    guard memory != PersistedGossip() else { return }
    do {
      let (live, failure) = try await host.restore(memory)
      parts.logger.info(
        "restored the order and address books of the last run",
        metadata: ["objects": "\(live) of \(memory.orders.count)", "anchors": "\(memory.anchors.count)"]
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
    recordTask.withLock { $0 }?.cancel()
    hubTask.withLock { $0 }?.cancel()
    // A node that was stopped before `start` has no gossip state to save.
    guard let keeping = keepingTask.withLock({ $0 }) else { return }
    keeping.cancel()
    gossipStore.save(await host.read { $0.persistedGossip })
  }

  /// Runs `body` on the replica's committed state.
  func query<Value: Sendable>(
    _ body: @Sendable (any StateReading, Moment) throws -> Value
  ) async rethrows -> Value {
    try await host.read { replica in try body(replica.view, replica.moment) }
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
    async let committed = wait ? host.committed(transaction.hash) : nil
    do {
      if let error = ServingError(try await host.submit(transaction)) { throw error }
    } catch {
      await host.abandon(transaction.hash)
      throw error
    }
    guard wait else {
      return Answer.TransactionResult(
        hash: transaction.hash.description,
        height: 0,
        code: 0,
        codespace: "",
        log: "",
        events: []
      )
    }
    guard let result = await committed else {
      throw ServingError.unavailable("the node is stopping; the transaction may still be committed")
    }
    return Answer.TransactionResult(hash: result.hash, height: result.height, receipt: result.receipt)
  }

  func submit(batch: [[UInt8]]) async throws -> Answer.BatchResult {
    var result = Answer.BatchResult(accepted: 0, busy: [], refused: [])
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

  func faucet(_ address: String) async throws -> Answer.TransactionResult {
    guard let key = parts.keys.faucet else {
      throw ServingError.unavailable("this node has no faucet; on a testnet the first validator has it")
    }
    let to = try self.address(address)
    let sequence = await host.read { $0.nextSequence(of: key.address) }
    let send = Send(
      from: key.address,
      to: to,
      amount: [Coin(100_000_000, .uakt), Coin(100_000_000, .uusdc)]
    )
    let draft = TransactionDraft(
      actions: [.send(send)],
      sequence: sequence,
      fee: Fee(amount: Coin(5_000, .uakt))
    )
    return try await submit(transaction: draft.signed(by: key, chain: chain).encoded, wait: true)
  }
}
