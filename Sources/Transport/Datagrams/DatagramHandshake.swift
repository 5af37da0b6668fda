import Cryptography
import Primitives

/// The handshake of datagram sessions: one round trip, in which both ends prove their node keys.
///
/// The Ed25519 node key signs the ephemeral X25519 key of each handshake; there is no static X25519 key. The alternatives
/// were a static X25519 key in the node record, which would be a second identity to publish and rotate, and converting the
/// Ed25519 key to X25519, which uses one key in two algorithms. Signing costs a signature check per handshake; the first
/// authentication code, rate limits and cookies protect it from abuse. Both ends have forward secrecy from the first
/// byte. The initiator knows the responder's key from its node record and accepts no other.
///
/// A replayed initiation makes the responder prepare a session whose keys only the true initiator knows. The responder does
/// not use a prepared session until it has received a datagram in it.
enum DatagramHandshake {
  /// The initiator's state until the response. A class, because several responses may be checked on other
  /// threads at once: while a forged one is being checked, the true one must not be dropped.
  final class Pending: Sendable {
    let sender: UInt32
    let ephemeral: EphemeralKey
    let transcript: Transcript
    /// The first authentication code of the initiation. A cookie message must repeat it.
    let mac: [UInt8]

    init(sender: UInt32, ephemeral: consuming EphemeralKey, transcript: Transcript, mac: [UInt8]) {
      self.sender = sender
      self.ephemeral = ephemeral
      self.transcript = transcript
      self.mac = mac
    }
  }

  private static let label = "supercloud datagram 1"

  /// Makes the transcript with which both ends begin: the label, the network and the responder's key.
  private static func transcript(to responder: PublicKey, on network: NetworkIdentity) -> Transcript {
    var transcript = Transcript(label: label, network: network)
    transcript.absorb(responder.bytes)
    return transcript
  }

  /// Makes the initiation. Returns what is needed to understand the response.
  static func initiate(
    to responder: PublicKey,
    as identity: SigningKey,
    on network: NetworkIdentity,
    sender: UInt32,
    timestamp: UInt64,
    cookie: [UInt8]?,
    message: inout [UInt8]
  ) -> Pending {
    var transcript = transcript(to: responder, on: network)
    let ephemeral = EphemeralKey.generate()
    message = DatagramMessage.Initiation.claims(
      sender: sender,
      ephemeral: ephemeral.publicKey,
      timestamp: timestamp,
      key: identity.publicKey
    )
    let body = transcript.signedBody(message)
    message += identity.sign(domain: .handshakeInitiator, chain: network.chainID, body).bytes
    transcript.absorb(message)
    let mac = DatagramMAC(recipient: responder, network: network).code(over: message)
    message += mac
    if let cookie {
      message += DatagramMAC.code(cookie: cookie, over: message)
    } else {
      message += [UInt8](repeating: 0, count: DatagramMessage.macCount)
    }
    return Pending(sender: sender, ephemeral: ephemeral, transcript: transcript, mac: mac)
  }

  /// Whether the initiation's signature is valid. Expensive, so the other checks come first.
  static func isSigned(
    _ initiation: DatagramMessage.Initiation,
    _ bytes: [UInt8],
    to responder: PublicKey,
    on network: NetworkIdentity
  ) -> Bool {
    let claims = bytes[..<DatagramMessage.Initiation.claimsCount]
    let body = transcript(to: responder, on: network).signedBody(claims)
    return initiation.key.verifies(
      initiation.signature,
      domain: .handshakeInitiator,
      chain: network.chainID,
      body
    )
  }

  /// Makes the response to a verified initiation, and the session that it opens.
  static func respond(
    to initiation: DatagramMessage.Initiation,
    _ bytes: [UInt8],
    as identity: SigningKey,
    on network: NetworkIdentity,
    sender: UInt32,
    at now: Instant,
    message: inout [UInt8]
  ) throws(DatagramDrop) -> DatagramSession {
    var transcript = transcript(to: identity.publicKey, on: network)
    transcript.absorb(bytes[..<(DatagramMessage.Initiation.claimsCount + 64)])
    let ephemeral = EphemeralKey.generate()
    message = DatagramMessage.Response.claims(
      sender: sender,
      receiver: initiation.sender,
      ephemeral: ephemeral.publicKey
    )
    let body = transcript.signedBody(message)
    message += identity.sign(domain: .handshakeResponder, chain: network.chainID, body).bytes
    transcript.absorb(message)
    let seal = AEADKey(try mix(&transcript, ephemeral, with: initiation.ephemeral))
    message += seal.seal(counter: 0, plaintext: [], associated: transcript.hash.bytes)
    message += DatagramMAC(recipient: initiation.key, network: network).code(over: message)
    let (remote, keys) = (initiation.sender, transcript.split())
    return DatagramSession(local: sender, remote: remote, keys: keys, isInitiator: false, at: now)
  }

  /// The session that a response opens. Throws unless `responder` made it for this initiation.
  static func complete(
    _ pending: Pending,
    with response: DatagramMessage.Response,
    _ bytes: [UInt8],
    from responder: PublicKey,
    on network: NetworkIdentity,
    at now: Instant
  ) throws(DatagramDrop) -> DatagramSession {
    var transcript = pending.transcript
    let claims = bytes[..<DatagramMessage.Response.claimsCount]
    let body = transcript.signedBody(claims)
    transcript.absorb(bytes[..<(DatagramMessage.Response.claimsCount + 64)])
    let seal = AEADKey(try mix(&transcript, pending.ephemeral, with: response.ephemeral))
    let associated = transcript.hash.bytes
    guard (try? seal.open(counter: 0, ciphertext: response.confirmation, associated: associated)) == [] else {
      throw .notAuthentic
    }
    guard
      responder.verifies(response.signature, domain: .handshakeResponder, chain: network.chainID, body)
    else { throw .badSignature }
    let (local, remote, keys) = (pending.sender, response.sender, transcript.split())
    return DatagramSession(local: local, remote: remote, keys: keys, isInitiator: true, at: now)
  }

  private static func mix(
    _ transcript: inout Transcript,
    _ own: borrowing EphemeralKey,
    with other: [UInt8]
  ) throws(DatagramDrop) -> Digest {
    do throws(CryptographyError) {
      return transcript.mix(try own.sharedSecret(with: other))
    } catch {
      throw .lowOrderPoint
    }
  }
}
