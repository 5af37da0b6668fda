public import Primitives

/// What a machine of gossip is given to handle an input with: the instant at which it is handled, and a place for its
/// effects.
public struct GossipTurn<Effect: Sendable>: Sendable {
  public let now: Instant
  /// What is to be done, in order.
  public var effects: [Effect]

  /// `effects`: those that come before this turn's.
  public init(at now: Instant, effects: consuming [Effect] = []) {
    self.now = now
    self.effects = effects
  }
}
