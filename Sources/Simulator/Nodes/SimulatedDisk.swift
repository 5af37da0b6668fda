import Chain
import Consensus
import Primitives
import Replication

/// A node's disk writes, in order. As in a real node, writes that come during a sync are synced together.
struct SimulatedDisk {
  /// Something to be done durably. `sign` also signs: the guard's record must be durable before that is used.
  enum Job {
    case log(ReplicaRecord)
    case sign(SigningRequest)
    indirect case commit(Commit)
    case keepEvidence([Evidence])
  }

  /// Writes that the next sync will contain.
  private(set) var waiting: [Job] = []
  /// Writes of the current sync.
  private(set) var inFlight: [Job] = []
  /// Whether writes fail because the disk is full.
  var isFull = false
  /// No sync ends before this instant.
  var stalledUntil = Instant.zero

  mutating func add(_ job: Job) { waiting.append(job) }

  /// Begins a sync of the waiting writes; returns false when there are none or a sync is going on.
  mutating func begin() -> Bool {
    guard inFlight.isEmpty, !waiting.isEmpty else { return false }
    swap(&inFlight, &waiting)
    return true
  }

  /// Ends the current sync and returns its writes, which are durable now.
  mutating func finish() -> [Job] {
    defer { inFlight = [] }
    return inFlight
  }

  /// Drops all writes, since the node has stopped. Returns those of the current sync, which may be on disk.
  mutating func crash() -> [Job] {
    defer {
      inFlight = []
      waiting = []
    }
    return inFlight
  }
}
