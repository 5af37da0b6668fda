import Cryptography
import NIOCore
import Primitives
import Wire

@testable import Transport

/// What comes before and below frames: handshakes, records, datagrams.
extension DecoderFuzzTests {
  static var transportTargets: [Target] { streamTargets + datagramTargets }

  private static let network = NetworkIdentity(chainID: "fuzz-1", genesis: .blake2b([1]))
  private static let other = SigningKey(seed: Array(repeating: 5, count: 32))!
  private static let now = Instant(nanoseconds: 1_000_000_000)

  private static func listener() -> Handshake {
    Handshake(
      respondingAs: LocalIdentity(node: key, account: key),
      on: network,
      introduction: .init(listenPort: 1, hello: [2])
    )
  }

  private static func dialer() -> Handshake {
    Handshake(
      initiating: .peer,
      expecting: .anyone,
      as: LocalIdentity(node: other),
      on: network,
      introduction: .init(listenPort: 1, hello: [2])
    )
  }

  // MARK: Streams

  private static var streamTargets: [Target] {
    let frames = Dictionary(uniqueKeysWithValues: FrameKind.allCases.map { ($0.rawValue, $0.limit) })
    let limits = FrameLimits(frames)
    let introduction = HandshakeMessage.Introduction(
      key: key.publicKey,
      signature: key.sign([1]),
      listenPort: 26_656,
      hello: [2, 3]
    ).bytes
    return [
      Target(name: "handshake, first message", corpus: handshake.prefix(1).map(\.self)) { bytes in
        var input = ByteBuffer(bytes: bytes)
        var handshake = listener()
        // A first message opens nothing, whatever it says.
        if case .done = try handshake.receive(&input) { throw FuzzFailure() }
        return nil
      },
      Target(name: "handshake, second message", corpus: handshake.suffix(1).map(\.self)) { bytes in
        var input = ByteBuffer(bytes: bytes)
        var handshake = dialer()
        _ = try handshake.start()
        do {
          guard case .incomplete = try handshake.receive(&input) else { throw FuzzFailure() }
        } catch HandshakeFailure.notAuthentic {
          // An answer to somebody else.
        }
        return nil
      },
      Target(name: "introduction", corpus: [introduction]) { bytes in
        try HandshakeMessage.Introduction(bytes).bytes
      },
      Target(name: "record's plaintext", corpus: records) { bytes in
        var assembler = FrameAssembler(limits: limits)
        var found: [InboundFrame] = []
        try assembler.receive(bytes, into: &found)
        // Memory grows with bytes that came, never with bytes that were announced.
        guard assembler.pendingBytes <= bytes.count else { throw FuzzFailure() }
        return nil
      },
      Target(name: "record stream", corpus: [stream]) { bytes in
        var opener = RecordOpener(key: .blake2b([7]))
        var input = ByteBuffer(bytes: bytes)
        while let record = try opener.next(from: &input) {
          // What opens was sealed.
          guard records.contains(record.bytes) else { throw FuzzFailure() }
        }
        return nil
      },
    ]
  }

  /// The first two messages of a handshake.
  private static let handshake: [[UInt8]] = {
    var caller = dialer()
    guard let first = try? caller.start() else { return [] }
    var input = ByteBuffer(bytes: first)
    var answerer = listener()
    guard case .reply(let second) = try? answerer.receive(&input) else { return [first] }
    return [first, second]
  }()

  private static var records: [[UInt8]] {
    var small: [UInt8] = []
    for kind in [FrameKind.status, .votes, .packet] {
      FrameHeader.append(type: kind.rawValue, length: 3, to: &small)
      small += [1, 2, 3]
    }
    var pieces: [UInt8] = []
    FrameHeader.appendBegin(type: FrameKind.candidate.rawValue, total: 6, class: .blocks, to: &pieces)
    for _ in 0..<2 {
      FrameHeader.append(type: FrameHeader.Control.piece, length: 4, to: &pieces)
      pieces += [TrafficClass.blocks.rawValue, 7, 8, 9]
    }
    var control: [UInt8] = []
    for type in [FrameHeader.Control.ping, FrameHeader.Control.pong, FrameHeader.Control.accepted] {
      FrameHeader.append(type: type, length: 0, to: &control)
    }
    FrameHeader.append(type: FrameHeader.Control.close, length: 1, to: &control)
    return [small, pieces, control + [1]]
  }

  private static let stream: [UInt8] = {
    var sealer = RecordSealer(key: .blake2b([7]), policy: RekeyPolicy(), at: now)
    var output = ByteBuffer()
    for record in records { sealer.seal(record, at: now, into: &output) }
    return Array(output.readableBytesView)
  }()

  // MARK: Datagrams

  private static let addresses = (
    IPEndpoint(address: IPAddress(v4: 0x0A00_0001), port: 9),
    IPEndpoint(address: IPAddress(v4: 0x0A00_0002), port: 9)
  )

  private static func endpoint(_ identity: SigningKey) -> DatagramEndpoint {
    DatagramEndpoint(
      identity: identity,
      network: network,
      settings: .testnet,
      epochNanoseconds: 1_700_000_000_000_000_000,
      at: now
    )
  }

  private static let initiation: [UInt8] = {
    var message: [UInt8] = []
    _ = DatagramHandshake.initiate(
      to: key.publicKey,
      as: other,
      on: network,
      sender: 7,
      timestamp: 1_700_000_001_000_000_000,
      cookie: nil,
      message: &message
    )
    return message
  }()

  private static var datagramTargets: [Target] {
    [
      Target(name: "datagram", corpus: [initiation, [4] + Array(repeating: 9, count: 60)]) { bytes in
        try receive(bytes)
        return nil
      },
      // Whoever knows the node can make the first code, so what is behind it is reached by all.
      Target(name: "datagram, first code right", corpus: [initiation]) { bytes in
        guard bytes.count == DatagramMessage.initiationCount else { throw DecodingError.truncated }
        let claims = bytes[..<(DatagramMessage.Initiation.claimsCount + 64)]
        let mac = DatagramMAC(recipient: key.publicKey, network: network).code(over: claims)
        try receive([DatagramMessage.initiation] + claims.dropFirst() + mac + bytes.suffix(16))
        return nil
      },
      Target(
        name: "datagram within a session",
        corpus: [[1, 0, 0, 0, 90, 0, 0, 0, 100], [0], [2]],
        decode: control
      ),
    ]
  }

  /// No answer is longer than what was sent, and nothing is delivered from who proved nothing.
  private static func receive(_ bytes: [UInt8]) throws {
    var turn = DatagramEndpoint.Turn(at: now)
    let target = endpoint(key)
    target.receive(bytes, from: addresses.0, &turn)
    compute(&turn, of: target)
    var answered = 0
    for effect in turn.effects {
      guard case .transmit(let answer, _) = effect else { throw FuzzFailure() }
      answered += answer.count
    }
    guard answered <= bytes.count else { throw FuzzFailure() }
  }

  /// Computes the steps of handshakes among the effects, in their places.
  private static func compute(_ turn: inout DatagramEndpoint.Turn, of endpoint: DatagramEndpoint) {
    let wanted = turn.effects
    turn.effects = []
    for effect in wanted {
      guard case .compute(let step) = effect else {
        turn.effects.append(effect)
        continue
      }
      let outcome = step.run(as: endpoint.identity, on: endpoint.network, at: now)
      endpoint.conclude(outcome, &turn)
    }
  }

  /// The bytes as a control message of a peer that opened a session properly.
  @Sendable private static func control(_ bytes: [UInt8]) throws -> [UInt8]? {
    let (dialer, listener) = (endpoint(other), endpoint(key))
    var turn = DatagramEndpoint.Turn(at: now)
    func pass(_ target: DatagramEndpoint, from source: IPEndpoint) {
      let sent = turn.effects
      turn.effects = []
      for case .transmit(let bytes, _) in sent { target.receive(bytes, from: source, &turn) }
      compute(&turn, of: target)
    }
    dialer.open(key.publicKey, at: addresses.1, &turn)
    compute(&turn, of: dialer)
    pass(listener, from: addresses.0)
    pass(dialer, from: addresses.1)
    guard let peer = dialer.peers[key.publicKey], peer.isUp else { throw FuzzFailure() }
    turn.effects = []
    dialer.transmit(peer, DatagramMessage.control, Array(bytes.prefix(1_100)), &turn)
    pass(listener, from: addresses.0)
    guard let known = listener.peers[other.publicKey] else { return nil }
    guard (0...1_000).contains(known.lossPerMille), known.datagramsPerSecond > 0 else { throw FuzzFailure() }
    return nil
  }
}
