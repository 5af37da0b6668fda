/// The reasons why decryption, a key agreement or a key's length is refused.
public enum CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The bytes were sealed with another key, counter or position in the stream, or they were changed.
  case notAuthentic
  case truncated
  /// The other side's public key is a point of low order, so the shared secret would not depend on this
  /// side's key.
  case lowOrderPoint
  /// A key or header has the wrong length; the value is the number of bytes found.
  case length(Int)
  case streamEnded

  public var description: String {
    switch self {
    case .notAuthentic: "the data was changed, or it was sealed with another key"
    case .truncated: "the data is too short to be a sealed message"
    case .lowOrderPoint: "the other side's public key is not acceptable"
    case .length(let count): "a key or header has a wrong length of \(count) bytes"
    case .streamEnded: "the sender has ended the stream"
    }
  }
}
