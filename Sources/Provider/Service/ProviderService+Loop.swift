import Chain
import Cryptography
import Logging
import Primitives

extension ProviderService {
  static let offerInterval: UInt64 = 30_000
  static let offerLifetime: UInt64 = 90_000
  static let standingInterval: UInt64 = 10_000

  /// Runs `runOnce` twice a second until the service is stopped.
  func run() async {
    while !Task.isCancelled, !isStopping {
      await runOnce()
      try? await Task.sleep(for: .milliseconds(500))
    }
  }

  /// Observes the workloads, publishes the offer when it is due, and saves changes.
  func runOnce() async {
    for lease in supervisor.leases where work[lease] == nil {
      if let health = await health(of: lease), work[lease] == nil {
        perform(supervisor.step(lease, .observed(health), at: clock()))
      }
      guard work[lease] == nil else { continue }
      perform(supervisor.step(lease, .time, at: clock()))
    }
    let now = clock()
    if now >= standingDueAt { await refreshStanding() }
    if now >= offerDueAt { await publishOffer() }
    if mustSave { save() }
  }

  /// Returns the health of a lease's workload according to the driver; nil when it was not launched.
  private func health(of lease: LeaseID) async -> LeaseMachine.Health? {
    switch supervisor[lease]?.state {
    case .starting, .running, .degraded: break
    default: return nil
    }
    let replicas = await driver.status(lease)
    guard !replicas.isEmpty else { return .ended("the driver has no workload of the lease") }
    if let ended = replicas.first(where: { !$0.isRunning }) {
      return .ended("\(ended.service).\(ended.replica): \(ended.lastExit?.description ?? "does not run")")
    }
    return replicas.allSatisfy(\.isReady) ? .ready : .warming
  }

  /// Updates the provider's standing and prices from the chain's state.
  func refreshStanding() async {
    standingDueAt = clock().advanced(byMilliseconds: Self.standingInterval)
    guard let snapshot = try? await market.snapshot() else { return }
    if snapshot.tickMilliseconds != engine.configuration.prices.tickMilliseconds,
      let prices = try? PriceSheet(configuration.settings.prices, tickMilliseconds: snapshot.tickMilliseconds)
    {
      engine.configuration.prices = prices
    }
    await perform(engine.step(.standing(snapshot.standing)))
    await reconcileLeases(snapshot)
  }

  /// Compares the leases with the committed state, because events may have been missed: closes leases that
  /// are not active any more and opens new ones.
  private func reconcileLeases(_ snapshot: MarketSnapshot) async {
    let active = Set(snapshot.leases.map(\.id))
    for lease in supervisor.leases where !active.contains(lease) {
      // A lease that was opened after the snapshot is not in it although it is active.
      guard let note = notes[lease], note.openedAtTick < snapshot.tick else { continue }
      perform(supervisor.step(lease, .leaseClosed, at: clock()))
    }
    for lease in snapshot.leases where supervisor[lease.id] == nil { await handle(.leaseOpened(lease)) }
  }

  func publishOffer() async {
    let now = clock()
    offerDueAt = now.advanced(byMilliseconds: Self.offerInterval)
    offerSequence = max(offerSequence + 1, now.milliseconds)
    do {
      _ = try await market.publish(.offer(currentOffer()))
    } catch {
      logger.debug("the offer was not published: \(error)")
    }
  }

  func currentOffer() -> Offer {
    var offer = engine.inventory.offer(
      provider: configuration.provider,
      sequence: offerSequence,
      expiresAt: max(engine.now, clock()).advanced(byMilliseconds: Self.offerLifetime),
      endpoint: configuration.endpoint,
      prices: engine.configuration.prices
    )
    // Who makes no bids offers nothing, but the tenants of earlier leases need its address.
    if engine.configuration.obstacle != nil {
      let nothing = Offer.Capacity(free: 0, total: 0)
      (offer.cpuMillis, offer.memoryBytes, offer.storageBytes) = (nothing, nothing, nothing)
      offer.gpus = []
    }
    return offer
  }
}
