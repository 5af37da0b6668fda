import Cryptography
import Primitives

/// The handshake of datagram sessions: one round trip, both ends proven.
///
/// Keys: the Ed25519 node key signs each handshake's ephemeral; there is no static X25519 key. The alternatives
/// were an X25519 key in the node record (a second identity to publish, rotate and bind) and converting the Ed25519
/// key (one key in two primitives). Signing costs a check per handshake, which the first code, budgets and cookies
/// stand in front of, and gives forward secrecy to both ends from the first byte. The initiator knows the
/// responder's key from its node record; a responder proves that key or the session does not come about.
///
/// A replayed initiation makes the responder prepare a session whose keys only the true initiator has; it is not
/// used until a datagram arrives in it.
enum DatagramHandshake {
  /// What the initiator keeps until the response comes. A class, since responses may be checked on other threads, also
  /// several at a time: a forged one must not keep the true one out.
  final class Pending: Sendable {
    let sender: UInt32
    let ephemeral: EphemeralKey
    let transcript: Transcript
    /// The first code of the message, which a cookie must name.
    let mac: [UInt8]

    init(sender: UInt32, ephemeral: consuming EphemeralKey, transcript: Transcript, mac: [UInt8]) {
      self.sender = sender
      self.ephemeral = ephemeral
      self.transcript = transcript
      self.mac = mac
    }
  }

  private static let label = "supercloud datagram 1"

  /// The transcript of a session that `initiator` opens with `responder`, up to what the initiator signs.
  private static func transcript(to responder: PublicKey, on network: NetworkIdentity) -> Transcript {
    var transcript = Transcript(label: label, network: network)
    transcript.absorb(responder.bytes)
    return transcript
  }

  /// The first message, and what must be kept to understand its answer.
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

  /// Whether the initiator signed its message to this node: the dear part, after all that is cheap.
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

  /// The answer to a checked initiation, and the session that it opens.
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
    let (initiatorKey, responderKey) = transcript.split()
    return DatagramSession(
      localIndex: sender,
      remoteIndex: initiation.sender,
      sendKey: responderKey,
      receiveKey: initiatorKey,
      isInitiator: false,
      at: now
    )
  }

  /// The session that a response opens; throws when it is not the pinned responder's to this very initiation.
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
    let (initiatorKey, responderKey) = transcript.split()
    return DatagramSession(
      localIndex: pending.sender,
      remoteIndex: response.sender,
      sendKey: initiatorKey,
      receiveKey: responderKey,
      isInitiator: true,
      at: now
    )
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
