import Cryptography
import Primitives

/// A step of a datagram handshake that any thread can compute: its curve operations and signatures would block the event
/// loop for too long. The endpoint emits it as an effect and takes its outcome by `conclude`.
enum DatagramStep: Sendable {
  /// Make the initiation to a peer.
  case initiate(PeerID, sender: UInt32, timestamp: UInt64, cookie: [UInt8]?)
  /// Check an initiation's signature and answer it.
  case respond(DatagramMessage.Initiation, bytes: [UInt8], sender: UInt32, from: IPEndpoint)
  /// Check a response and derive the session's keys.
  case complete(PeerID, DatagramHandshake.Pending, DatagramMessage.Response, bytes: [UInt8], from: IPEndpoint)

  /// The result of a step.
  enum Outcome: Sendable {
    case initiated(PeerID, DatagramHandshake.Pending, message: [UInt8])
    case responded(DatagramMessage.Initiation, DatagramSession, message: [UInt8], from: IPEndpoint)
    case completed(PeerID, DatagramHandshake.Pending, DatagramSession, from: IPEndpoint)
    /// The peer's message is invalid.
    case refused(DatagramDrop)
  }

  /// Computes the step: 50 to 200 microseconds. `now` becomes the time at which a session began.
  func run(as identity: SigningKey, on network: NetworkIdentity, at now: Instant) -> Outcome {
    do throws(DatagramDrop) { return try compute(identity, network, now) } catch { return .refused(error) }
  }

  private func compute(_ identity: SigningKey, _ network: NetworkIdentity, _ now: Instant)
    throws(DatagramDrop)
    -> Outcome
  {
    var message: [UInt8] = []
    switch self {
    case .initiate(let peer, let sender, let timestamp, let cookie):
      let pending = DatagramHandshake.initiate(
        to: peer,
        as: identity,
        on: network,
        sender: sender,
        timestamp: timestamp,
        cookie: cookie,
        message: &message
      )
      return .initiated(peer, pending, message: message)
    case .respond(let initiation, let bytes, let sender, let source):
      guard DatagramHandshake.isSigned(initiation, bytes, to: identity.publicKey, on: network) else {
        throw .badSignature
      }
      let session = try DatagramHandshake.respond(
        to: initiation,
        bytes,
        as: identity,
        on: network,
        sender: sender,
        at: now,
        message: &message
      )
      return .responded(initiation, session, message: message, from: source)
    case .complete(let peer, let pending, let response, let bytes, let source):
      let session = try DatagramHandshake.complete(
        pending,
        with: response,
        bytes,
        from: peer,
        on: network,
        at: now
      )
      return .completed(peer, pending, session, from: source)
    }
  }
}
