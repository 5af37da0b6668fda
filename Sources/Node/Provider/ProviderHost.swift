import API
import Chain
import Cryptography
import Foundation
import Gossip
import Ledger
import Logging
import Primitives
import Provider
import Replication
import Synchronization
import Transport

/// Connects the provider with its node: the replica's state and events, signatures, lease streams.
final class ProviderHost: MarketAccess {
  private let parts: NodeParts
  private let key: SigningKey
  private let serviceBox = Mutex<ProviderService?>(nil)
  /// The account key of the tenant at the other end of each lease stream.
  private let streams = Mutex<[LeaseSession: PublicKey]>([:])
  private let tasks = Mutex<[Task<Void, Never>]>([])
  private let events: AsyncStream<HostEvent>
  private let eventSink: AsyncStream<HostEvent>.Continuation

  private init(parts: NodeParts, key: SigningKey) {
    self.parts = parts
    self.key = key
    (events, eventSink) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
  }

  var address: Address { key.address }
  var service: ProviderService? { serviceBox.withLock { $0 } }
  private var chain: ChainID { parts.runtime.definition.genesis.chain }
  private var logger: Logger { parts.logger }

  /// Starts the provider; returns nil when the node is not configured as one.
  static func start(_ parts: NodeParts) async throws -> ProviderHost? {
    guard let configuration = parts.runtime.configuration.provider, let key = parts.keys.provider else {
      return nil
    }
    let file = parts.runtime.home.folder.appending(path: configuration.settings)
    let currencies = await parts.host.read { replica in
      LedgerQuery(state: replica.view).currencies.map { CurrencyUnit($0.currency) }
    }
    let settings: ProviderSettings
    do {
      settings = try ProviderSettings.read(file).settled(in: CurrencyRegister(currencies))
    } catch let error as SettingsError {
      throw DefinitionError(
        file: file.path,
        problem: "`\(error.key)` \(error.problem)",
        remedy: error.remedy
      )
    }
    let host = ProviderHost(parts: parts, key: key)
    let folder = parts.runtime.home.provider.path
    let driver: any WorkloadDriver
    do {
      driver = try await SandboxDriver(
        SandboxDriver.Configuration(
          folder: folder + "/leases",
          settings: settings.workloads,
          publicHost: configuration.domain
        )
      )
    } catch {
      throw DefinitionError(file: file.path, problem: "workloads cannot run here: \(error)")
    }
    let service = try ProviderService(
      ProviderService.Configuration(
        settings: settings,
        provider: key.address,
        endpoint: NetworkAddress(host: configuration.endpoint, port: parts.endpoint.port).description,
        folder: folder,
        isLocalChain: parts.runtime.definition.genesis.isLocal
      ),
      market: host,
      driver: driver,
      logger: parts.logger
    )
    host.serviceBox.withLock { $0 = service }
    parts.bridge.attach(leases: { host.handle($0) })
    let sink = host.eventSink
    _ = await parts.host.observe { sink.yield($0) }
    let feed = Task { for await event in host.events { await host.forward(event) } }
    let begin = Task {
      do {
        try await host.register(settings)
        try await service.start()
      } catch is CancellationError {
      } catch {
        parts.logger.error("the provider cannot start", metadata: ["error": "\(error)"])
        parts.failure.raise(error)
      }
    }
    host.tasks.withLock { $0 = [feed, begin] }
    return host
  }

  func stop() async {
    await service?.stop()
    for task in tasks.withLock({ $0 }) { task.cancel() }
    eventSink.finish()
  }

  /// Registers the provider on the chain, or updates its record when the settings have changed.
  private func register(_ settings: ProviderSettings) async throws {
    let host = parts.runtime.configuration.provider?.endpoint ?? "localhost"
    let wanted = ProviderRecord(
      owner: address,
      hostURI: "https://\(NetworkAddress(host: host, port: 8_443))",
      attributes: settings.recordAttributes.map { Attribute(key: $0.key, value: $0.value) }
    )
    while true {
      try Task.checkCancellation()
      let (isReady, known) = await parts.host.read { replica in
        (
          replica.tip.height > 0 && !replica.isCatchingUp,
          LedgerQuery(state: replica.view).provider(wanted.owner)?.record
        )
      }
      if isReady {
        if known == wanted { return }
        do {
          try await submit([known == nil ? .registerProvider(wanted) : .updateProvider(wanted)])
          logger.info("the provider's record is on the chain", metadata: ["provider": "\(address)"])
          return
        } catch let error as ServingError {
          logger.warning("the provider's record is not accepted yet", metadata: ["error": "\(error)"])
        }
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  // MARK: MarketAccess

  func publish(_ object: MarketPublication) async throws -> Digest {
    let signed = SignedObject(kind: object.kind, body: object.body, signer: key, chain: chain)
    if let error = ServingError(try await parts.host.publish(signed)) { throw error }
    return signed.identifier
  }

  func submit(_ actions: [Action]) async throws {
    let fee = await parts.host.read { replica in
      Coin(LedgerQuery(state: replica.view).currency(.uakt)?.currency.minimumFee ?? .zero, .uakt)
    }
    let sent = try await parts.host.submit(from: address, wait: true) { [key, chain] sequence in
      TransactionDraft(actions: actions, sequence: sequence, fee: Fee(amount: fee)).signed(
        by: key,
        chain: chain
      )
    }
    guard let result = sent.committed else { throw CancellationError() }
    if let error = ServingError(result.receipt) { throw error }
  }

  func snapshot() async throws -> MarketSnapshot {
    let snapshot = await parts.host.read { [address] replica -> MarketSnapshot? in
      guard replica.tip.height > 0, !replica.isCatchingUp else { return nil }
      let query = LedgerQuery(state: replica.view)
      let moment = replica.moment
      let leases = query.runningLeases(of: address, at: moment.tick)
        .compactMap { Self.active($0.id, $0.record, query) }
      return MarketSnapshot(
        time: moment.time,
        tick: moment.tick,
        tickMilliseconds: query.ticks.tickMilliseconds,
        leases: leases,
        standing: BidEngine.Standing(
          attributes: query.provider(address)?.record.attributes,
          audits: query.signedAttributesByAuditor(of: address)
        )
      )
    }
    guard let snapshot else { throw ServingError.unavailable("the node is catching up") }
    return snapshot
  }

  private static func active<View: StateReading>(
    _ id: LeaseID,
    _ record: LeaseRecord,
    _ query: LedgerQuery<View>
  ) -> ActiveLease? {
    guard let deployment = query.deployment(id.deployment) else { return nil }
    return ActiveLease(
      id: id,
      order: id.order == 1 ? deployment.record.order : nil,
      offers: record.offer,
      price: record.price,
      manifestHash: deployment.record.manifestHash,
      openedAtTick: record.openedAt.tick
    )
  }

  func deployment(_ id: DeploymentID) async throws -> DeploymentView? {
    await parts.host.read { replica in
      guard let found = LedgerQuery(state: replica.view).deployment(id), found.record.state == .active else {
        return nil
      }
      let groups = found.groups.map(\.record.spec)
      return DeploymentView(id: id, manifestHash: found.record.manifestHash, groups: groups)
    }
  }

  // MARK: Events

  private func forward(_ event: HostEvent) async {
    switch event {
    case .book(let changes): for change in changes { await forward(change) }
    case .committed(let commit): await forward(commit)
    }
  }

  private func forward(_ change: OrderBook.Event) async {
    switch change {
    case .orderAdded(let order): await service?.handle(.orderAdded(order.identifier, order.content))
    case .removed(let object, let removal):
      switch object.content {
      case .order: await service?.handle(.orderRemoved(object.identifier, BidEngine.OrderEnd(removal)))
      case .bid(let bid) where bid.provider == address && removal == .outbid:
        await service?.handle(.outbid(order: bid.order))
      case .bid, .withdrawal, .offer: break
      }
    case .bidAdded, .bidHeld, .withdrawalAdded, .offerUpdated: break
    }
  }

  private func forward(_ commit: Commit) async {
    for event in commit.leases where event.lease.provider == address {
      switch event {
      case .opened(let lease, let record, let origin):
        await service?.handle(.leaseOpened(ActiveLease(lease, record, origin)))
      case .closed(let lease, _, _, _): await service?.handle(.leaseClosed(lease))
      }
    }
    for event in commit.outcome.receipts.flatMap(\.events) + commit.outcome.events {
      switch event {
      case .deploymentUpdated(let deployment, let hash):
        await service?.handle(.deploymentUpdated(deployment, manifestHash: hash))
      case .providerRegistered(address), .providerUpdated(address), .providerLeft(address),
        .attributesSigned(address, _), .attributesWithdrawn(address, _):
        await service?.handle(.standingChanged)
      default: break
      }
    }
    await service?.handle(.committed(time: commit.tip.time, tick: commit.outcome.moment.tick))
  }

  // MARK: Lease streams

  private func handle(_ event: TransportEvent) {
    switch event {
    case .leaseOpened(let session, let account, _): streams.withLock { $0[session] = account }
    case .leaseClosed(let session, _): streams.withLock { $0[session] = nil }
    case .leaseFrame(let session, let request, let type, let bytes):
      guard let account = streams.withLock({ $0[session] }), let service else { return }
      let endpoint = parts.endpoint
      Task {
        let answer = await service.answer(account: account, type: type, bytes: bytes)
        endpoint.sendLease(session, request: request, type: answer.type, bytes: answer.encoded)
      }
    default: break
    }
  }
}

extension BidEngine.OrderEnd {
  /// Maps the book's reason for a removal to the bid engine's.
  fileprivate init(_ removal: OrderBook.RemovalReason) {
    self =
      switch removal {
      case .closed: .agreed
      case .withdrawn: .withdrawn
      case .evicted: .evicted
      case .expired, .replaced, .outbid, .inadmissible: .expired
      }
  }
}

extension ActiveLease {
  fileprivate init(_ lease: LeaseID, _ record: LeaseRecord, _ origin: LeaseOrigin) {
    self.init(
      id: lease,
      order: origin.order,
      offers: record.offer,
      price: record.price,
      manifestHash: origin.manifestHash,
      openedAtTick: record.openedAt.tick
    )
  }
}

extension ProviderSettings {
  /// Reads `provider.toml`.
  ///
  /// - Throws: `DefinitionError` that says what is wrong and where.
  static func read(_ file: URL) throws -> ProviderSettings {
    let settings = try TOMLFile.read(ProviderSettings.self, at: file)
    do throws(SettingsError) {
      try settings.validate()
    } catch {
      throw DefinitionError(file: file.path, error)
    }
    return settings
  }
}
