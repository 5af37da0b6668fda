/// Why decryption, a key agreement or a key's length was refused.
public enum CryptographyError: Error, Hashable, Sendable {
  /// The bytes were sealed with another key, counter or position in the stream, or they were changed.
  case notAuthentic
  /// The bytes are shorter than any sealed message.
  case truncated
  /// The other side's public key is a point of low order: the result would not depend on our key.
  case lowOrderPoint
  /// A key or header has the wrong length; the value is the number of bytes found.
  case length(Int)
  /// The sender has ended the stream; no message may follow.
  case streamEnded
}
