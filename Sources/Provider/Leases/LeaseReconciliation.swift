import Chain
import Cryptography
import Primitives

/// What the provider does with each lease of an earlier run, after comparing the chain, its own records and
/// the driver.
public struct LeaseReconciliation: Hashable, Sendable {
  /// The lease is active and everything runs; it continues.
  public var adopted: [LeaseID] = []
  /// The lease is active and prepared, but not all replicas run; they are started from the stored manifest.
  public var relaunched: [LeaseID] = []
  /// The lease is active, but the stored manifest has another hash than the chain's. The stored one runs
  /// until the tenant sends the new one.
  public var outdated: [LeaseID] = []
  /// The lease is active and no manifest was ever accepted; the tenant gets the whole manifest timeout again.
  public var awaited: [LeaseID] = []
  /// The lease is active and its manifest was accepted once, but the driver does not know it.
  public var lost: [LeaseID] = []
  /// The workload runs or is prepared, but the lease is not active any more; it is ended.
  public var orphans: [LeaseID] = []

  /// One line for each lease that says what became of it.
  public var lines: [String] {
    let parts: [(String, [LeaseID])] = [
      ("still running, continued", adopted), ("started again from its saved manifest", relaunched),
      ("runs an older manifest than the chain's; the tenant must send the new one", outdated),
      ("waiting for its manifest", awaited),
      ("LOST: the driver has nothing of it; the tenant must send the manifest again", lost),
      ("no longer leased, stopped", orphans),
    ]
    return parts.flatMap { text, leases in leases.map { "\($0): \(text)" } }
  }

  public var isEmpty: Bool { lines.isEmpty }
}

/// The provider's record of a lease.
public struct LeaseNote: Codable, Hashable, Sendable {
  public var lease: LeaseText
  /// The accepted manifest's hash in hex; empty before one was accepted.
  public var manifestHash: String
  /// The chain's tick at which the lease was opened.
  public var openedAtTick: UInt64

  public init(lease: LeaseID, manifestHash: Digest?, openedAtTick: Tick) {
    self.lease = LeaseText(lease)
    self.manifestHash = manifestHash?.description ?? ""
    self.openedAtTick = openedAtTick
  }
}

extension LeaseSupervisor {
  /// Takes over the leases of an earlier run.
  ///
  /// - Parameters:
  ///   - chain: This provider's active leases with the manifest hash on the chain.
  ///   - notes: The provider's records.
  ///   - running: The workloads found by the driver.
  ///   - now: The provider's clock.
  /// - Returns: What became of each lease, and the effects to perform.
  public mutating func reconcile(
    chain: [LeaseID: Digest],
    notes: [LeaseNote],
    running: [RecoveredWorkload],
    at now: Timestamp
  ) -> (LeaseReconciliation, [Effect]) {
    var result = LeaseReconciliation()
    var effects: [Effect] = []
    let found = Dictionary(running.map { ($0.plan.lease.id, $0) }) { first, _ in first }
    let noted = Dictionary(notes.map { ($0.lease.id, $0) }) { first, _ in first }
    for (lease, hash) in chain.sorted(by: { $0.key < $1.key }) {
      var machine = LeaseMachine(lease, timing: timing, at: now)
      if let workload = found[lease] {
        machine.manifestHash = Hex.decode(workload.plan.manifestHash).flatMap { Digest($0) }
        machine.state = .starting(since: now)
        if machine.manifestHash != hash {
          result.outdated.append(lease)
        } else if workload.running == workload.replicas {
          result.adopted.append(lease)
        } else {
          result.relaunched.append(lease)
        }
        if workload.running < workload.replicas { effects.append(.launch(lease)) }
      } else if let note = noted[lease], !note.manifestHash.isEmpty {
        result.lost.append(lease)
      } else {
        result.awaited.append(lease)
      }
      machines[lease] = machine
    }
    for lease in found.keys.sorted() where chain[lease] == nil {
      result.orphans.append(lease)
      machines[lease] = LeaseMachine(lease, timing: timing, at: now)
      effects += step(lease, .leaseClosed, at: now)
    }
    return (result, effects)
  }
}
