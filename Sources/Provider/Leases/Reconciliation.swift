import Chain
import Cryptography
import Primitives

/// What the chain, our own records and the driver each know at the start, made one.
public struct Reconciliation: Hashable, Sendable {
  /// Runs and is leased: goes on.
  public var adopted: [LeaseID] = []
  /// Leased and prepared, but not everything runs: started from the saved manifest.
  public var relaunched: [LeaseID] = []
  /// Leased, but what is saved has another hash than the chain: goes on until the tenant sends the new
  /// manifest.
  public var outdated: [LeaseID] = []
  /// Leased, and nothing was ever sent: the tenant has the whole manifest timeout again.
  public var awaited: [LeaseID] = []
  /// Leased, and its manifest was accepted once, but the driver knows nothing of it.
  public var lost: [LeaseID] = []
  /// Runs or is prepared, and is not leased any more: ended.
  public var orphans: [LeaseID] = []

  /// One line for each lease, what became of it.
  public var lines: [String] {
    let parts: [(String, [LeaseID])] = [
      ("adopted, it runs", adopted), ("started again from its saved manifest", relaunched),
      ("runs an older manifest than the chain's; the tenant must send the new one", outdated),
      ("waiting for its manifest", awaited),
      ("LOST: nothing of it is here, the manifest is wanted again", lost),
      ("not leased any more, ended", orphans),
    ]
    return parts.flatMap { text, leases in leases.map { "\($0): \(text)" } }
  }

  public var isEmpty: Bool { lines.isEmpty }
}

/// What the provider remembers of a lease.
public struct LeaseNote: Codable, Hashable, Sendable {
  public var lease: LeaseText
  /// Of the accepted manifest, hex; empty before one came.
  public var manifestHash: String
  /// The chain's tick when the lease was seen first.
  public var openedAtTick: UInt64

  public init(lease: LeaseID, manifestHash: Digest?, openedAtTick: Tick) {
    self.lease = LeaseText(lease)
    self.manifestHash = manifestHash?.description ?? ""
    self.openedAtTick = openedAtTick
  }
}

extension LeaseSupervisor {
  /// Takes the leases of an earlier run up.
  ///
  /// - Parameters:
  ///   - chain: Active leases of ours with the manifest hash that the chain has.
  ///   - notes: Our own records.
  ///   - running: What the driver found.
  ///   - now: The provider's clock.
  /// - Returns: What was found, and what is to be done.
  public mutating func reconcile(
    chain: [LeaseID: Digest],
    notes: [LeaseNote],
    running: [RecoveredWorkload],
    at now: Timestamp
  ) -> (Reconciliation, [Effect]) {
    var result = Reconciliation()
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
