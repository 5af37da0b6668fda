import Cryptography
import NIOCore
import Primitives

/// The result of a handshake: the facts about the peer that were proved or told, and the session's keys.
public struct HandshakeResult: Sendable {
  /// The peer's key, which its signature proves: a node key or an account key, depending on `purpose`. The expected key if
  /// one was expected.
  public let peer: PublicKey
  public let purpose: SessionPurpose
  /// The port on which the peer claims to listen; 0 when it does not listen.
  public let listenPort: UInt16
  /// The bytes with which the peer introduced itself, at most 1,024, covered by its signature.
  public let hello: [UInt8]
  let sendKey: Digest
  let receiveKey: Digest
}

/// The TCP handshake as a state machine without IO: it takes bytes and gives bytes.
///
/// Sign-and-MAC over ephemeral Diffie–Hellman (Krawczyk, *SIGMA*, CRYPTO 2003) with the transcript hash of the
/// Noise framework:
///
/// 1. A → B, clear: version, purpose, network hash, eA, nonce.
/// 2. B → A: eB, then sealed {kB, signature, listen port, hello}.
/// 3. A → B: sealed {kA, signature, listen port, hello}.
///
/// Each signature covers the transcript so far (network, version, purpose, both ephemerals, all sealed bytes) and
/// the signer's own claims, under a domain per role. The stream keys come from the shared secret and the final
/// transcript. A replayed first message leads to no session, since eB is new each time.
public struct Handshake: ~Copyable, Sendable {
  /// What a node tells the peer about itself.
  public struct Introduction: Hashable, Sendable {
    /// The port on which it listens; 0 when it does not.
    public var listenPort: UInt16
    /// Bytes that the handshake does not interpret, at most 1,024; `init` drops the rest.
    public var hello: [UInt8]

    public init(listenPort: UInt16, hello: [UInt8] = []) {
      self.listenPort = listenPort
      self.hello = Array(hello.prefix(HandshakeMessage.maximumHello))
    }
  }

  public enum Outcome: Sendable {
    /// More bytes are needed.
    case incomplete
    /// Send these bytes; the handshake continues.
    case reply([UInt8])
    /// The handshake is done. Send `reply`: the dialer's last message, or nothing for a listener.
    case done(HandshakeResult, reply: [UInt8])
  }

  /// One complete message from the peer, of a kind that is expected at this point of the handshake.
  struct Message: Sendable {
    let kind: HandshakeMessage.Kind
    let bytes: [UInt8]
  }

  private enum Phase {
    case unstarted
    case awaitingInitiation
    case awaitingResponse
    case awaitingFinish
    case over
  }

  private let network: NetworkIdentity
  private let identity: LocalIdentity
  private let introduction: Introduction
  private let expected: ExpectedPeer
  private let isInitiator: Bool
  private var purpose: SessionPurpose
  private var phase: Phase
  private var transcript: Transcript
  private var ephemeral: EphemeralKey?
  private var handshakeKey: AEADKey?

  /// The dialer's side. `start()` gives the first message.
  public init(
    initiating purpose: SessionPurpose,
    expecting expected: ExpectedPeer,
    as identity: LocalIdentity,
    on network: NetworkIdentity,
    introduction: Introduction
  ) {
    self.init(network, identity, introduction, expected, purpose, isInitiator: true)
  }

  /// The listener's side.
  public init(respondingAs identity: LocalIdentity, on network: NetworkIdentity, introduction: Introduction) {
    self.init(network, identity, introduction, .anyone, .peer, isInitiator: false)
  }

  private init(
    _ network: NetworkIdentity,
    _ identity: LocalIdentity,
    _ introduction: Introduction,
    _ expected: ExpectedPeer,
    _ purpose: SessionPurpose,
    isInitiator: Bool
  ) {
    self.network = network
    self.identity = identity
    self.introduction = introduction
    self.expected = expected
    self.purpose = purpose
    self.isInitiator = isInitiator
    phase = isInitiator ? .unstarted : .awaitingInitiation
    transcript = Transcript(label: "supercloud stream 1", network: network)
  }

  /// The dialer's first message.
  public mutating func start() throws(HandshakeFailure) -> [UInt8] {
    guard phase == .unstarted, identity.key(for: purpose) != nil else { throw .purposeRefused }
    let key = EphemeralKey.generate()
    let message = HandshakeMessage.Initiation(
      version: network.version,
      purpose: purpose.rawValue,
      network: network.hash,
      ephemeral: key.publicKey,
      nonce: SecureRandom.bytes(32)
    ).bytes
    ephemeral = consume key
    transcript.absorb(message)
    phase = .awaitingResponse
    return HandshakeMessage.framed(message)
  }

  /// Takes and answers at most one message from the front of `input`. Must not be called again after it has thrown.
  public mutating func receive(_ input: inout ByteBuffer) throws(HandshakeFailure) -> Outcome {
    guard let message = try nextMessage(from: &input) else { return .incomplete }
    return try receive(message)
  }

  /// Takes the next message from the front of `input` if all of it is there. Computes nothing.
  mutating func nextMessage(from input: inout ByteBuffer) throws(HandshakeFailure) -> Message? {
    let kinds: [HandshakeMessage.Kind] =
      switch phase {
      case .awaitingInitiation: [.initiation]
      case .awaitingResponse: [.response, .refusal]
      case .awaitingFinish: [.finish]
      case .unstarted, .over: []
      }
    do throws(HandshakeFailure) {
      guard let (kind, bytes) = try HandshakeMessage.next(from: &input, accepting: kinds) else { return nil }
      if kind == .refusal { throw .refused(CloseCode(received: bytes[1])) }
      return Message(kind: kind, bytes: bytes)
    } catch {
      end()
      throw error
    }
  }

  /// Answers a message that `nextMessage` returned. Its curve operations take 50 to 200 microseconds.
  mutating func receive(_ message: Message) throws(HandshakeFailure) -> Outcome {
    do throws(HandshakeFailure) {
      switch message.kind {
      case .initiation: return try respond(to: message.bytes)
      case .response: return try finish(after: message.bytes)
      case .finish: return try conclude(with: message.bytes)
      // `nextMessage` throws on a refusal and never returns one.
      case .refusal: throw .malformed
      }
    } catch {
      end()
      throw error
    }
  }

  private mutating func end() {
    phase = .over
    ephemeral = nil
  }

  /// Answers message 1 with message 2. Everything that needs no curve operation is checked first.
  private mutating func respond(to message: [UInt8]) throws(HandshakeFailure) -> Outcome {
    guard let initiation = try? HandshakeMessage.Initiation(message) else { throw .malformed }
    guard initiation.version == network.version else { throw .unsupportedVersion }
    guard initiation.network == network.hash else { throw .wrongNetwork }
    guard let purpose = SessionPurpose(rawValue: initiation.purpose), let key = identity.key(for: purpose)
    else { throw .purposeRefused }
    self.purpose = purpose
    transcript.absorb(message)
    let ephemeral = EphemeralKey.generate()
    let opening = [HandshakeMessage.Kind.response.rawValue] + ephemeral.publicKey
    transcript.absorb(opening)
    let handshakeKey = AEADKey(try mix(ephemeral, with: initiation.ephemeral))
    self.handshakeKey = handshakeKey
    let sealed = sealIntroduction(signedBy: key, as: .handshakeResponder, under: handshakeKey, counter: 0)
    phase = .awaitingFinish
    return .reply(HandshakeMessage.framed(opening + sealed))
  }

  /// Answers message 2 with message 3 and returns the handshake's result.
  private mutating func finish(after message: [UInt8]) throws(HandshakeFailure) -> Outcome {
    guard let own = ephemeral.take(), let key = identity.key(for: purpose) else { throw .malformed }
    let opening = message.prefix(33)
    transcript.absorb(opening)
    let handshakeKey = AEADKey(try mix(own, with: Array(opening.dropFirst())))
    let peer = try openIntroduction(
      message.dropFirst(33),
      as: .handshakeResponder,
      under: handshakeKey,
      counter: 0
    )
    let sealed = sealIntroduction(signedBy: key, as: .handshakeInitiator, under: handshakeKey, counter: 1)
    let kind = [HandshakeMessage.Kind.finish.rawValue]
    phase = .over
    return .done(result(with: peer), reply: HandshakeMessage.framed(kind + sealed))
  }

  /// Takes message 3 and returns the handshake's result.
  private mutating func conclude(with message: [UInt8]) throws(HandshakeFailure) -> Outcome {
    guard let handshakeKey else { throw .malformed }
    let peer = try openIntroduction(
      message.dropFirst(),
      as: .handshakeInitiator,
      under: handshakeKey,
      counter: 1
    )
    phase = .over
    return .done(result(with: peer), reply: [])
  }

  private mutating func mix(
    _ own: borrowing EphemeralKey,
    with other: [UInt8]
  ) throws(HandshakeFailure) -> Digest {
    do throws(CryptographyError) {
      return transcript.mix(try own.sharedSecret(with: other))
    } catch {
      throw .lowOrderPoint
    }
  }

  private mutating func sealIntroduction(
    signedBy key: SigningKey,
    as role: SigningDomain,
    under handshakeKey: AEADKey,
    counter: UInt64
  ) -> [UInt8] {
    let claims = HandshakeMessage.Introduction.claims(
      key: key.publicKey,
      listenPort: introduction.listenPort,
      hello: introduction.hello
    )
    let body = HandshakeMessage.Introduction(
      key: key.publicKey,
      signature: key.sign(domain: role, chain: network.chainID, transcript.signedBody(claims)),
      listenPort: introduction.listenPort,
      hello: introduction.hello
    )
    let sealed = handshakeKey.seal(counter: counter, plaintext: body.bytes, associated: transcript.hash.bytes)
    transcript.absorb(sealed)
    return sealed
  }

  private mutating func openIntroduction(
    _ sealed: ArraySlice<UInt8>,
    as role: SigningDomain,
    under handshakeKey: AEADKey,
    counter: UInt64
  ) throws(HandshakeFailure) -> HandshakeMessage.Introduction {
    let associated = transcript.hash.bytes
    guard let plaintext = try? handshakeKey.open(counter: counter, ciphertext: sealed, associated: associated)
    else {
      throw .notAuthentic
    }
    guard let peer = try? HandshakeMessage.Introduction(plaintext) else { throw .malformed }
    // A node refuses a session with itself. But a provider's account may lease from that same provider.
    guard purpose == .lease || peer.key != identity.node.publicKey else { throw .selfConnection }
    guard expected.accepts(peer.key) else { throw .wrongPeer }
    let body = transcript.signedBody(peer.claims)
    guard peer.key.verifies(peer.signature, domain: role, chain: network.chainID, body) else {
      throw .badSignature
    }
    transcript.absorb(sealed)
    return peer
  }

  private func result(with peer: HandshakeMessage.Introduction) -> HandshakeResult {
    let (initiatorKey, responderKey) = transcript.split()
    return HandshakeResult(
      peer: peer.key,
      purpose: purpose,
      listenPort: peer.listenPort,
      hello: peer.hello,
      sendKey: isInitiator ? initiatorKey : responderKey,
      receiveKey: isInitiator ? responderKey : initiatorKey
    )
  }
}
