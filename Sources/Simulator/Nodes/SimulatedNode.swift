import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication

/// A node of a run: its keys, its disk, its clock, and its replica while it is up.
final class SimulatedNode {
  let index: Int
  let name: String
  let nodeKey: SigningKey
  let consensusKey: SigningKey?
  let role: NodeRecord.Role
  let store: SimulatedStore
  let signatures: SigningService
  /// Of a validator.
  let voucher: NodeVoucher?

  /// Nil while the node is down. Only `start` and `halt` say whether there is one.
  var replica: Replica<SimulatedStore>?
  /// Whether there is a replica: asked several times an event, and comparing it with nil copies five kilobytes.
  private(set) var isUp = false
  /// Counts starts and ends: what was meant for an earlier life is void.
  var life: UInt32 = 0
  var disk = SimulatedDisk()
  var bootedAt = Instant.zero
  var pausedUntil = Instant.zero
  /// How many faults hold it down; it starts again when none does.
  var downs = 0
  var skewMilliseconds: Int64 = 0
  var driftPartsPerMillion: Int64 = 0
  /// Of the protocol, that its program knows.
  var versions = Executor.versions
  /// How it misbehaves; nil for an honest node.
  var liar: Liar?
  /// Whether it has no liar; nodes of other lanes may ask.
  private(set) var isHonest = true
  /// The greatest height that it has told anybody to be durable.
  var promisedHeight: Height = 0
  /// The newest proposal that reached it.
  var lastProposal: Proposal?

  init(
    index: Int,
    name: String,
    nodeKey: SigningKey,
    consensusKey: SigningKey?,
    role: NodeRecord.Role,
    store: SimulatedStore,
    signatures: SigningService,
    genesis: Genesis
  ) {
    self.index = index
    self.name = name
    self.nodeKey = nodeKey
    self.consensusKey = consensusKey
    self.role = role
    self.store = store
    self.signatures = signatures
    let expiry = genesis.time.advanced(byMilliseconds: 365 * NodeVoucher.lifetime)
    voucher = consensusKey.map {
      NodeVoucher(for: nodeKey.publicKey, as: .validator, by: $0, expiresAt: expiry, chain: genesis.chain)
    }
  }

  var peer: PeerID { nodeKey.publicKey }

  /// Before the run.
  func misbehave(as liar: Liar) {
    self.liar = liar
    isHonest = false
  }

  func start(_ replica: Replica<SimulatedStore>) {
    self.replica = replica
    isUp = true
  }

  func halt() {
    replica = nil
    isUp = false
  }

  /// The node's own monotonic clock, which starts with it and runs a little fast or slow.
  func localInstant(at now: Instant) -> Instant {
    let elapsed = now.since(bootedAt).nanoseconds
    return Instant(nanoseconds: Self.scaled(elapsed, by: driftPartsPerMillion))
  }

  /// How long `interval` of the node's clock takes in truth.
  func trueInterval(of interval: Interval) -> Interval {
    Interval(nanoseconds: Self.scaled(interval.nanoseconds, by: -driftPartsPerMillion))
  }

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
