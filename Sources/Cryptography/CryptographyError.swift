/// Why a cipher or key agreement refused its input.
public enum CryptographyError: Error, Hashable, Sendable {
  /// The bytes were not sealed with this key, at this place, or were changed.
  case notAuthentic
  /// Too short to hold what every sealed message holds.
  case truncated
  /// The other side's key forces a result that does not depend on ours.
  case lowOrderPoint
  /// A key or header of the wrong length; the count found.
  case length(Int)
  /// The stream was ended by its sender; nothing may follow.
  case streamEnded
}
