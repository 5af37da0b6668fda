import Chain
import Cryptography
import Foundation
import Logging
import Primitives

/// The provider in a node. It gives events to the bid engine and the lease supervisor, and performs their
/// effects.
///
/// `start` waits for the chain's current state, takes over earlier leases, and runs until `stop`. Events that
/// arrive before that state is known are kept.
public actor ProviderService {
  public struct Configuration: Sendable {
    public var settings: ProviderSettings
    /// The account that bids and is paid.
    public var provider: Address
    /// host:port for lease streams, as told in offers.
    public var endpoint: String
    /// The provider's folder: `leases/` is the driver's, `records/` is this service's.
    public var folder: String
    /// Whether the chain's genesis says that it is local; see `BiddingScope`.
    public var isLocalChain: Bool

    public init(
      settings: ProviderSettings,
      provider: Address,
      endpoint: String,
      folder: String,
      isLocalChain: Bool = false
    ) {
      self.settings = settings
      self.provider = provider
      self.endpoint = endpoint
      self.folder = folder
      self.isLocalChain = isLocalChain
    }
  }

  let configuration: Configuration
  let market: any MarketAccess
  let driver: any WorkloadDriver
  let records: ProviderRecords
  let gateway: LeaseGateway
  let logger: Logger
  let clock: @Sendable () -> Timestamp
  let script: PriceScript?

  var engine: BidEngine
  var supervisor: LeaseSupervisor
  var notes: [LeaseID: LeaseNote] = [:]
  /// Accepted manifests that are not prepared yet.
  var plans: [LeaseID: (plan: WorkloadPlan, manifest: [UInt8])] = [:]
  /// The last queued task of each lease; see `enqueue`.
  var work: [LeaseID: (number: UInt64, task: Task<Void, Never>)] = [:]
  /// The number of the task that was queued last, of any lease.
  var lastTaskNumber: UInt64 = 0
  var reconciliation = LeaseReconciliation()
  var isReady = false
  var isStopping = false
  private var early: [ProviderEvent] = []
  private var loop: Task<Void, Never>?
  var offerDueAt = Timestamp.zero
  var offerSequence: UInt64 = 0
  var standingDueAt = Timestamp.zero
  var mustSave = false
  var tick: Tick = 0

  /// The largest number of events that are kept before the chain's state is known.
  private static let earlyLimit = 8_192

  /// - Throws: `SettingsError`, or an error of making the records' folder.
  public init(
    _ configuration: Configuration,
    market: any MarketAccess,
    driver: any WorkloadDriver,
    logger: Logger,
    clock: @escaping @Sendable () -> Timestamp = { Timestamp.wallClock }
  ) throws {
    try configuration.settings.validate()
    self.configuration = configuration
    self.market = market
    self.driver = driver
    self.logger = logger
    self.clock = clock
    records = try ProviderRecords(folder: configuration.folder + "/records")
    let settings = configuration.settings
    let processes = settings.workloads.maximumProcesses
    gateway = LeaseGateway(provider: configuration.provider, maximumProcesses: processes)
    let timeout = Duration.seconds(Int64(settings.policy.priceScriptTimeoutSeconds))
    let program = settings.policy.priceScript
    script = program.isEmpty ? nil : PriceScript(path: program, timeout: timeout)
    engine = BidEngine(
      configuration: BidEngine.Configuration(
        provider: configuration.provider,
        policy: settings.policy,
        // This length of a tick is preliminary; `restore` sets the chain's.
        prices: try PriceSheet(settings.prices, tickMilliseconds: 6_000),
        unsupportedEndpoints: [.leasedIP: "the provider has no addresses to lease"]
      ),
      inventory: Inventory(settings.inventory)
    )
    supervisor = LeaseSupervisor(timing: LeaseMachine.Timing(settings.policy))
  }

  /// Takes over earlier leases and starts to bid.
  ///
  /// - Throws: `CancellationError`, or an error of reading the records.
  public func start() async throws {
    let capabilities = await driver.capabilities()
    for capability in capabilities.list {
      let state = capability.isEnforced ? "enforced" : "NOT enforced"
      logger.info("\(capability.name): \(state), \(capability.detail)")
    }
    let obstacle = capabilities.scope.obstacle(isLocal: configuration.isLocalChain)
    engine.configuration.obstacle = obstacle
    if let obstacle { logger.warning("the provider makes no bids here: it \(obstacle)") }
    let saved = try records.readNotes()
    let snapshot = try await presentState(notBefore: saved.map(\.openedAtTick).max() ?? 0)
    try restore(snapshot)
    await reconcile(snapshot, saved)
    // Bids of an earlier run, which may have been root's, do not stay.
    if obstacle != nil { await perform(engine.step(.drain)) }
    isReady = true
    let kept = early
    early = []
    for event in kept { await handle(event) }
    loop = Task { await self.run() }
  }

  /// Waits for a state that is not older than one that an earlier run has seen.
  private func presentState(notBefore tick: Tick) async throws -> MarketSnapshot {
    var hasSaid = false
    while true {
      try Task.checkCancellation()
      if let snapshot = try? await market.snapshot(), snapshot.tick >= tick { return snapshot }
      if !hasSaid { logger.info("waiting for the chain's present state") }
      hasSaid = true
      try await Task.sleep(for: .milliseconds(250))
    }
  }

  /// Stops bidding, saves everything, and ends the workloads when the settings say so.
  public func stop() async {
    guard !isStopping else { return }
    isStopping = true
    loop?.cancel()
    await loop?.value
    await perform(engine.step(.drain))
    for (_, work) in work { await work.task.value }
    if configuration.settings.workloads.stopWorkloadsOnExit {
      for lease in supervisor.leases {
        do throws(WorkloadError) {
          try await driver.stop(lease)
        } catch {
          logger.warning("lease \(lease): \(error)")
        }
      }
    }
    save()
  }

  /// Handles an event. Events must be given in the order in which they occur.
  public func handle(_ event: ProviderEvent) async {
    guard isReady else {
      // Orders that are dropped here get no bid; leases are not lost, since the snapshot contains them.
      if early.count < Self.earlyLimit { early.append(event) }
      return
    }
    switch event {
    case .orderAdded(let identifier, let order): await perform(engine.step(.orderAdded(identifier, order)))
    case .orderRemoved(let identifier, let end): await perform(engine.step(.orderRemoved(identifier, end)))
    case .outbid(let order): await perform(engine.step(.outbid(order: order)))
    case .leaseOpened(let lease): await open(lease)
    case .leaseClosed(let lease): perform(supervisor.step(lease, .leaseClosed, at: clock()))
    case .deploymentUpdated(let deployment, let hash):
      for lease in supervisor.leases where lease.deployment == deployment {
        logger.info("lease \(lease): the tenant announced manifest \(hash)")
      }
    case .standingChanged: await refreshStanding()
    case .committed(let time, let tick):
      self.tick = max(self.tick, tick)
      await perform(engine.step(.committed(time)))
    }
  }

  private func open(_ lease: ActiveLease) async {
    await perform(engine.step(.leaseOpened(lease.id, order: lease.order, offers: lease.offers)))
    guard notes[lease.id] == nil else { return }
    supervisor.open(lease.id, at: clock())
    notes[lease.id] = LeaseNote(lease: lease.id, manifestHash: nil, openedAtTick: lease.openedAtTick)
    logger.info("lease \(lease.id) opened at \(lease.price) per tick; waiting for its manifest")
    save()
  }

  /// Returns the decisions on one order. If `order` is nil, returns those on all orders, the newest first.
  public func decisions(on order: Digest? = nil) -> [Decision] { engine.log.decisions(on: order) }

  public func status() async -> ProviderStatus {
    let devices = engine.inventory.reservations.mapValues { $0.units.flatMap(\.devices) }
    return ProviderStatus(
      offer: currentOffer(),
      leases: supervisor.leases.compactMap { lease in
        supervisor[lease].map { machine in
          ProviderStatus.Lease(
            id: lease,
            state: machine.state.name,
            message: machine.message,
            manifestHash: machine.manifestHash?.description ?? "",
            devices: devices[.lease(lease)] ?? []
          )
        }
      },
      openBids: engine.openBids,
      obstacle: engine.configuration.obstacle,
      capabilities: await driver.capabilities(),
      reconciliation: reconciliation.lines,
      isReady: isReady
    )
  }
}

extension Timestamp {
  /// This machine's wall clock.
  public static var wallClock: Timestamp {
    Timestamp(milliseconds: UInt64(max(0, Date().timeIntervalSince1970 * 1_000)))
  }
}
