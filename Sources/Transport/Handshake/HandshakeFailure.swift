/// Why no session came about.
public enum HandshakeFailure: Error, Hashable, Sendable {
  /// Not a message of this protocol, or not at its place.
  case malformed
  case unsupportedVersion
  /// The other node is on another chain id or genesis.
  case wrongNetwork
  /// A session of that purpose was asked of a node that has no key for it, or it came unasked.
  case purposeRefused
  /// A public value that would force the shared secret.
  case lowOrderPoint
  /// A sealed part was changed, or made with other keys or another transcript.
  case notAuthentic
  /// The identity's signature does not cover this transcript.
  case badSignature
  /// A valid identity, but not the expected one.
  case wrongPeer
  /// The node reached itself.
  case selfConnection
  /// The other end gave a reason.
  case refused(CloseCode)
  /// Not finished within the handshake timeout.
  case timedOut
  /// The connection ended before the handshake did.
  case connectionLost
  /// Too many handshakes from this source or altogether; nothing was computed for it.
  case rateLimited

  /// What a responder tells the dialer; nil where silence is better.
  var refusal: CloseCode? {
    switch self {
    case .unsupportedVersion: .unsupportedVersion
    case .wrongNetwork: .wrongNetwork
    case .purposeRefused: .purposeRefused
    default: nil
    }
  }
}
