/// What a state machine is given to handle an input with: the time at which it is handled, and the buffer for its
/// effects.
public struct Turn<Effect: Sendable>: Sendable {
  /// The monotonic clock, for timers.
  public let now: Instant
  /// The wall clock, for block times. Zero where the machine reads no wall clock.
  public let wall: Timestamp
  /// The effects in the order in which the caller must perform them.
  public var effects: [Effect]

  /// `effects` is a buffer to append to, for example the emptied one of an earlier turn, whose memory is used
  /// again.
  public init(at now: Instant, wall: Timestamp = .zero, effects: consuming [Effect] = []) {
    self.now = now
    self.wall = wall
    self.effects = effects
  }
}
