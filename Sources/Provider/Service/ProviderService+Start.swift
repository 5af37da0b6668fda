import Chain
import Cryptography
import Logging
import Primitives

extension ProviderService {
  /// Takes over reservations and bids of an earlier run.
  func restore(_ snapshot: MarketSnapshot) throws {
    tick = snapshot.tick
    offerSequence = clock().milliseconds
    engine.configuration.prices = try PriceSheet(
      configuration.settings.prices,
      tickMilliseconds: snapshot.tickMilliseconds
    )
    if let bytes = records.readEngine() {
      do throws(DecodingError) {
        for lost in try engine.restore(bytes) {
          logger.warning("a reservation of \(lost.deployment) does not fit the inventory any more")
        }
      } catch {
        // The leases' reservations are made again from the chain's state; open bids are forgotten and expire.
        logger.error("records/market.bin is not readable (\(error)): open bids are forgotten")
      }
    }
  }

  /// Compares the leases on the chain with the notes and the driver's workloads, and logs what became of
  /// each.
  func reconcile(_ snapshot: MarketSnapshot, _ saved: [LeaseNote]) async {
    await perform(engine.step(.committed(snapshot.time)))
    await perform(engine.step(.standing(snapshot.standing)))
    let found = await driver.recover()
    let chain = Dictionary(snapshot.leases.map { ($0.id, $0.manifestHash) }) { first, _ in first }
    let (result, effects) = supervisor.reconcile(chain: chain, notes: saved, running: found, at: clock())
    reconciliation = result
    let prepared = Dictionary(found.map { ($0.plan.lease.id, $0.plan.manifestHash) }) { first, _ in first }
    for lease in snapshot.leases {
      await perform(engine.step(.leaseOpened(lease.id, order: lease.order, offers: lease.offers)))
      let hash = prepared[lease.id].flatMap { Hex.decode($0) }.flatMap { Digest($0) }
      notes[lease.id] = LeaseNote(lease: lease.id, manifestHash: hash, openedAtTick: lease.openedAtTick)
    }
    for reservation in engine.inventory.sortedReservations {
      guard case .lease(let lease) = reservation.holder, chain[lease] == nil, supervisor[lease] == nil else {
        continue
      }
      await perform(engine.step(.leaseGone(lease)))
    }
    if result.isEmpty {
      logger.info("no earlier leases")
    } else {
      for line in result.lines { logger.notice("reconciled: \(line)") }
    }
    perform(effects)
    save()
  }
}
