import Chain
import Consensus
import Primitives
import Replication

/// What a node has asked its disk for, in order. What gathers while the disk works is synced together, as in a node.
struct SimulatedDisk {
  enum Job {
    case log(ReplicaRecord)
    case sign(SigningRequest)
    indirect case commit(Commit)
    case keepEvidence([Evidence])
  }

  private(set) var waiting: [Job] = []
  private(set) var inFlight: [Job] = []
  var isFull = false
  /// A sync that begins earlier ends after this.
  var stalledUntil = Instant.zero

  var isBusy: Bool { !inFlight.isEmpty }

  mutating func add(_ job: Job) {
    waiting.append(job)
  }

  /// Begins to write what waits; false when there is nothing or it writes already.
  mutating func begin() -> Bool {
    guard inFlight.isEmpty, !waiting.isEmpty else { return false }
    swap(&inFlight, &waiting)
    return true
  }

  /// What was written and synced.
  mutating func finish() -> [Job] {
    defer { inFlight = [] }
    return inFlight
  }

  /// The node died: what was not synced; a part of what was being written may have reached the disk.
  mutating func crash() -> [Job] {
    defer {
      inFlight = []
      waiting = []
    }
    return inFlight
  }
}
