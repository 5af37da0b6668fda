import Chain
import Primitives

/// Counts of messages and events of a run, all nodes together. `SimulationReport` says what each one means.
public struct TrafficCounters: Hashable, Sendable {
  public var messages: UInt64 = 0
  public var bytes: UInt64 = 0
  public var lost: UInt64 = 0
  /// Messages by the raw value of their frame's kind.
  var byKind: [UInt64] = Array(repeating: 0, count: 256)
  public var roundsAboveZero: UInt64 = 0
  public var highestRound: Round = 0
  public var crashes: UInt64 = 0
  public var bans: UInt64 = 0
  public var refusedSignatures: UInt64 = 0
  public var published: UInt64 = 0

  mutating func add(_ other: TrafficCounters) {
    messages += other.messages
    bytes += other.bytes
    lost += other.lost
    for kind in byKind.indices { byKind[kind] += other.byKind[kind] }
    roundsAboveZero += other.roundsAboveZero
    highestRound = max(highestRound, other.highestRound)
    crashes += other.crashes
    bans += other.bans
    refusedSignatures += other.refusedSignatures
    published += other.published
  }
}
