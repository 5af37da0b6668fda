import Chain
import Cryptography
import Logging
import Primitives

extension ProviderService {
  /// Performs the bid engine's effects, in order.
  func perform(_ effects: [BidEngine.Effect]) async {
    for effect in effects {
      switch effect {
      case .publish(let bid): await publish(bid)
      case .withdraw(let withdrawal):
        do {
          _ = try await market.publish(.withdrawal(withdrawal))
        } catch {
          logger.warning("a withdrawal was not published: \(error)")
        }
      case .price(let request): ask(request)
      case .capacityChanged:
        mustSave = true
        // The delay prevents a new offer for every order of a burst.
        offerDueAt = min(offerDueAt, clock().advanced(byMilliseconds: 500))
      case .overcommitted(let lease, let shortage):
        logger.error("lease \(lease) has no room here (\(shortage)); it runs without a reservation")
      }
    }
  }

  private func publish(_ bid: Bid) async {
    // The state is saved before the bid is sent, so that a crash cannot lose a bid that others have.
    save()
    do {
      let identifier = try await market.publish(.bid(bid))
      await perform(engine.step(.bidPublished(order: bid.order, bid: identifier)))
      mustSave = true
    } catch {
      logger.warning("a bid for order \(bid.order) was not published: \(error)")
      await perform(engine.step(.bidRejected(order: bid.order, reason: "\(error)")))
    }
  }

  private func ask(_ request: PriceRequest) {
    guard let script else { return }
    Task {
      let result = await script.price(request)
      await self.perform(self.engine.step(.priced(order: request.order, group: request.group, result)))
    }
  }

  /// Performs the supervisor's effects; work on a workload is queued for its lease.
  func perform(_ effects: [LeaseSupervisor.Effect]) {
    for effect in effects {
      switch effect {
      case .launch(let lease): enqueue(lease) { await $0.launch(lease) }
      case .stop(let lease): enqueue(lease) { await $0.end(lease) }
      case .resign(let lease, let reason): enqueue(lease) { await $0.resign(lease, reason) }
      case .report(let lease, let text): logger.info("lease \(lease): \(text)")
      case .gone(let lease):
        notes[lease] = nil
        plans[lease] = nil
        mustSave = true
        enqueue(lease) { await $0.perform($0.engine.step(.leaseGone(lease))) }
      }
    }
  }

  /// Runs work of one lease one after another; work of different leases runs concurrently.
  @discardableResult
  private func enqueue(
    _ lease: LeaseID,
    _ body: @escaping @Sendable (isolated ProviderService) async -> Void
  ) -> Task<Void, Never> {
    let before = work[lease]?.task
    lastTaskNumber += 1
    let number = lastTaskNumber
    let task = Task {
      await before?.value
      await body(self)
      if self.work[lease]?.number == number { self.work[lease] = nil }
    }
    work[lease] = (number, task)
    return task
  }

  private func launch(_ lease: LeaseID) async {
    if let obstacle = engine.configuration.obstacle {
      // What an earlier run started has the limits of then and stays; nothing is added to it.
      let replicas = await driver.status(lease)
      if replicas.isEmpty || !replicas.allSatisfy(\.isRunning) {
        perform(supervisor.step(lease, .launchFailed("the provider \(obstacle)"), at: clock()))
      }
      return
    }
    do throws(WorkloadError) {
      if let (plan, manifest) = plans[lease] {
        // The workload of a former manifest is stopped first.
        try await driver.stop(lease)
        try await driver.prepare(plan, manifest: manifest)
        plans[lease] = nil
      }
      try await driver.start(lease)
    } catch {
      perform(supervisor.step(lease, .launchFailed("\(error)"), at: clock()))
      return
    }
    perform(supervisor.step(lease, .launched, at: clock()))
  }

  private func end(_ lease: LeaseID) async {
    do throws(WorkloadError) {
      try await driver.stop(lease)
    } catch {
      logger.error("lease \(lease): \(error)")
      perform(supervisor.step(lease, .stopFailed("\(error)"), at: clock()))
      return
    }
    await driver.purge(lease)
    perform(supervisor.step(lease, .stopped, at: clock()))
  }

  private func resign(_ lease: LeaseID, _ reason: LeaseCloseReason) async {
    do {
      try await market.submit([.resignLease(lease, reason: reason)])
    } catch {
      logger.warning("lease \(lease) could not be closed, trying again: \(error)")
    }
  }

  /// Saves reservations, bids and notes.
  func save() {
    mustSave = false
    do {
      try records.write(engine: engine.encoded)
      try records.write(notes: notes.values.sorted { $0.lease.id < $1.lease.id })
    } catch {
      mustSave = true
      logger.error("the provider's records could not be written: \(error)")
    }
  }
}
