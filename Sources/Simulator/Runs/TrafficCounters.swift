import Chain
import Primitives

/// Counts of messages and events of a run, all nodes together.
public struct TrafficCounters: Hashable, Sendable {
  /// Messages that nodes sent.
  public var messages: UInt64 = 0
  /// Approximate payload bytes of the messages, without frames and encryption.
  public var bytes: UInt64 = 0
  /// Messages that did not arrive.
  public var lost: UInt64 = 0
  /// Messages by the raw value of their frame's kind.
  var byKind: [UInt64] = Array(repeating: 0, count: 256)
  /// How often a node entered a round above 0.
  public var roundsAboveZero: UInt64 = 0
  /// The highest round that a node entered.
  public var highestRound: Round = 0
  /// How often a node stopped.
  public var crashes: UInt64 = 0
  /// How often a node banned a peer.
  public var bans: UInt64 = 0
  /// How often a signing guard refused a signature.
  public var refusedSignatures: UInt64 = 0
  /// Orders and bids that users published.
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
