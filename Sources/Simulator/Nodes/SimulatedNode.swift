import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication

/// One node of a run: its keys, its disk, its inexact clock and, while it runs, its replica.
final class SimulatedNode {
  let index: Int
  let name: String
  let nodeKey: SigningKey
  let consensusKey: SigningKey?
  let role: NodeRecord.Role
  let store: SimulatedStore
  /// The validator's signed statement that this node belongs to it; nil for a follower.
  let voucher: NodeVoucher?

  /// The node's replica; nil while the node is stopped. Only `start` and `halt` set it.
  var replica: Replica<SimulatedStore>?
  /// Whether there is a replica. Stored, because comparing `replica` with nil copies five kilobytes and the
  /// answer is needed several times for each event.
  private(set) var isUp = false
  /// Increases at each start and stop. Timers and syncs of an earlier incarnation are ignored.
  var incarnation: UInt32 = 0
  var disk = SimulatedDisk()
  /// When the node was last started.
  var bootedAt = Instant.zero
  /// The node handles no event before this instant.
  var pausedUntil = Instant.zero
  /// How many current crash faults keep the node stopped; it starts again when there are none.
  var activeCrashFaults = 0
  /// The constant error of the wall clock; positive when it is ahead.
  var skewMilliseconds: Int64 = 0
  /// The error of the clock's rate; positive when it is fast.
  var driftPartsPerMillion: Int64 = 0
  /// The protocol versions that the node's program supports.
  var versions = Executor.versions
  /// The node's Byzantine behaviour; nil for an honest node.
  var adversary: Adversary?
  /// Whether the node is honest. Threads that run other nodes read it while this node runs. Therefore it does
  /// not change during a run.
  private(set) var isHonest = true
  /// The greatest height that was reported to the replica as durable.
  var reportedDurableHeight: Height = 0
  /// The newest proposal received. It is set only for Byzantine nodes, and in runs in which a rule of the
  /// protocol is broken on purpose (`BrokenRule`).
  var lastProposal: Proposal?

  /// With this many followers or more, followers with equal state execute a block only once, to save time.
  private static let sharingPeers = 100

  init(_ index: Int, of scenario: Scenario, _ population: Population, _ start: GenesisState) {
    let isValidator = index < scenario.validators
    self.index = index
    name = isValidator ? "validator-\(index + 1)" : "peer-\(index - scenario.validators + 1)"
    nodeKey = population.nodeKeys[index]
    consensusKey = isValidator ? population.validators[index] : nil
    role = isValidator ? .validator : .full
    // Validators, and followers of a small network, execute every block, so that a divergence is seen.
    let sharesExecution = !isValidator && scenario.peers >= Self.sharingPeers
    store = SimulatedStore(start.version, tip: start.tip, sharesExecution: sharesExecution)
    let (genesis, key) = (population.genesis, nodeKey)
    let expiry = genesis.time.advanced(byMilliseconds: 365 * NodeVoucher.lifetime)
    voucher = consensusKey.map {
      NodeVoucher(for: key.publicKey, as: .validator, by: $0, expiresAt: expiry, chain: genesis.chain)
    }
  }

  /// The node's identity in the peer-to-peer network.
  var peer: PeerID { nodeKey.publicKey }

  /// Makes the node Byzantine. Call it before the run begins.
  func misbehave(as adversary: Adversary) {
    self.adversary = adversary
    isHonest = false
  }

  /// Sets the replica of a node that starts.
  func start(_ replica: Replica<SimulatedStore>) {
    self.replica = replica
    isUp = true
  }

  /// Drops the replica of a node that stops.
  func halt() {
    replica = nil
    isUp = false
  }

  /// The time on the node's monotonic clock. It starts at zero with the node and has the node's drift.
  func localInstant(at now: Instant) -> Instant {
    let elapsed = now.since(bootedAt).nanoseconds
    return Instant(nanoseconds: Self.scaled(elapsed, by: driftPartsPerMillion))
  }

  /// How long `interval`, measured with the node's clock, takes in virtual time.
  func trueInterval(of interval: Interval) -> Interval {
    Interval(nanoseconds: Self.scaled(interval.nanoseconds, by: -driftPartsPerMillion))
  }

  /// The time on the node's wall clock, with its skew and drift.
  func wall(at now: Instant, genesis: Timestamp) -> Timestamp {
    let milliseconds = Self.scaled(now.nanoseconds, by: driftPartsPerMillion) / 1_000_000
    let exact = Int64(genesis.milliseconds + milliseconds) + skewMilliseconds
    return Timestamp(milliseconds: UInt64(max(0, exact)))
  }

  private static func scaled(_ nanoseconds: UInt64, by partsPerMillion: Int64) -> UInt64 {
    guard partsPerMillion != 0, nanoseconds < 1 << 62 else { return nanoseconds }
    let change = Int64(nanoseconds / 1_000_000) * partsPerMillion
    return UInt64(max(0, Int64(nanoseconds) + change))
  }
}
