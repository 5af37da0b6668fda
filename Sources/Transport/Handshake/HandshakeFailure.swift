/// Why a handshake failed.
public enum HandshakeFailure: Error, Hashable, Sendable {
  /// The bytes are no message of this protocol, or not the message that was expected next.
  case malformed
  case unsupportedVersion
  /// The other node is on another chain id or genesis.
  case wrongNetwork
  /// The node has no key for sessions of that purpose.
  case purposeRefused
  /// An X25519 public key of low order, with which the shared secret would be a known value (RFC 7748 § 6.1).
  case lowOrderPoint
  /// Decryption failed: the message was changed on the way, or made with other keys or another transcript.
  case notAuthentic
  /// The signature is not valid for this transcript.
  case badSignature
  /// The peer proved a key other than the expected one.
  case wrongPeer
  /// The node connected to itself.
  case selfConnection
  /// The peer refused the handshake and gave this reason.
  case refused(CloseCode)
  /// The handshake took longer than its timeout.
  case timedOut
  /// The connection ended before the handshake did.
  case connectionLost
  /// The rate limit of handshakes, of this source or of all, was exceeded.
  case rateLimited

  /// The reason that a responder tells the dialer; nil when it closes the connection without one.
  var refusal: CloseCode? {
    switch self {
    case .unsupportedVersion: .unsupportedVersion
    case .wrongNetwork: .wrongNetwork
    case .purposeRefused: .purposeRefused
    default: nil
    }
  }
}
