import Chain
import Primitives

/// What went over a run's network and what befell its nodes.
public struct TrafficCounters: Hashable, Sendable {
  public var messages: UInt64 = 0
  /// Payloads of messages, without frames and encryption.
  public var bytes: UInt64 = 0
  public var lost: UInt64 = 0
  /// Messages by the kind of their frame.
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
