import Cryptography
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Testing

@testable import Transport

enum Fixture {
  static let network = NetworkIdentity(chainID: "test-1", genesis: Digest.blake2b([1, 2, 3]))
  static let otherNetwork = NetworkIdentity(chainID: "test-2", genesis: Digest.blake2b([1, 2, 3]))

  static func key(_ seed: UInt8) -> SigningKey {
    SigningKey(seed: [UInt8](repeating: seed, count: 32))!
  }

  static func identity(_ seed: UInt8, account: UInt8? = nil) -> LocalIdentity {
    LocalIdentity(node: key(seed), account: account.map { key($0) })
  }

  static let frames = FrameLimits([1: 1_000, 2: 4 << 20, 3: 64 << 10, 9: 0])

  static func buffer(_ bytes: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: bytes) }

  static let start = Instant(nanoseconds: 1_000_000_000)
}

/// Waits until `condition` holds; fails the test when it does not within the limit.
func eventually(
  _ what: Comment,
  within limit: Duration = .seconds(30),
  sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + limit
  while clock.now < deadline {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(2))
  }
  Issue.record(what, sourceLocation: sourceLocation)
  throw Overdue()
}

struct Overdue: Error {}

/// An endpoint under test and what it reported.
final class Node: Sendable {
  let endpoint: Endpoint
  private let log: EventLog
  let key: PeerID

  private init(_ endpoint: Endpoint, _ log: EventLog, _ key: PeerID) {
    self.endpoint = endpoint
    self.log = log
    self.key = key
  }

  static func start(
    _ seed: UInt8,
    account: UInt8? = nil,
    network: NetworkIdentity = Fixture.network,
    listen: NetworkAddress? = NetworkAddress(host: "127.0.0.1", port: 0),
    on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    pool: NIOThreadPool = .singleton,
    _ adjust: (inout TransportConfiguration) -> Void = { _ in }
  ) async throws -> Node {
    let identity = Fixture.identity(seed, account: account)
    var configuration = TransportConfiguration(
      network: network,
      identity: identity,
      listen: listen,
      frames: Fixture.frames
    )
    configuration.connections = .testnet
    configuration.connections.messageCost = 0
    configuration.datagrams = .testnet
    configuration.hello = [seed]
    adjust(&configuration)
    let log = EventLog()
    let endpoint = try await Endpoint.start(
      configuration,
      on: group,
      pool: pool
    ) { log.append($0) }
    return Node(endpoint, log, identity.node.publicKey)
  }

  var address: NetworkAddress { NetworkAddress(host: "127.0.0.1", port: endpoint.port) }

  var events: [TransportEvent] { log.events }

  func frames(from peer: PeerID) -> [(type: UInt8, bytes: [UInt8])] {
    events.compactMap { event in
      if case .frame(peer, let type, let bytes) = event { (type, bytes) } else { nil }
    }
  }

  func datagrams(from peer: PeerID) -> [[UInt8]] {
    events.compactMap { event in
      if case .datagram(peer, let bytes) = event { bytes } else { nil }
    }
  }

  var dialFailures: [DialFailure] {
    events.compactMap { event in
      if case .dialFailed(_, let failure) = event { failure } else { nil }
    }
  }

  func connection(to peer: PeerID) -> SessionInfo? {
    events.compactMap { event in
      if case .connected(peer, let info) = event { info } else { nil }
    }.last
  }

  func endings(of peer: PeerID) -> [DisconnectReason] {
    events.compactMap { event in
      if case .disconnected(peer, let reason) = event { reason } else { nil }
    }
  }

  /// Dials the other node and waits until both know of the session.
  func connect(to other: Node) async throws {
    endpoint.dial(other.address, expecting: .key(other.key))
    try await eventually("the nodes connect") {
      connection(to: other.key) != nil && other.connection(to: key) != nil
    }
  }
}

private final class EventLog: Sendable {
  private let stored = Mutex<[TransportEvent]>([])

  var events: [TransportEvent] { stored.withLock { $0 } }

  func append(_ batch: [TransportEvent]) {
    stored.withLock { $0 += batch }
  }
}

/// A bare connection that says what a test tells it to.
final class RawConnection: Sendable {
  private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let received = Mutex<[UInt8]>([])
    let isClosed = Atomic(false)

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = Array(unwrapInboundIn(data).readableBytesView)
      received.withLock { $0 += bytes }
    }

    func channelInactive(context: ChannelHandlerContext) {
      isClosed.store(true, ordering: .releasing)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  private let channel: any Channel
  private let collector: Collector

  private init(_ channel: any Channel, _ collector: Collector) {
    self.channel = channel
    self.collector = collector
  }

  static func open(to address: NetworkAddress) async throws -> RawConnection {
    let collector = Collector()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { $0.pipeline.addHandler(collector) }
      .connect(host: address.host, port: Int(address.port)).get()
    return RawConnection(channel, collector)
  }

  var isClosed: Bool { collector.isClosed.load(ordering: .acquiring) }

  var received: [UInt8] { collector.received.withLock { $0 } }

  func send(_ bytes: [UInt8]) {
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  func setReading(_ isOn: Bool) async throws {
    try await channel.setOption(.autoRead, value: isOn).get()
  }

  func close() async {
    try? await channel.close().get()
  }

  /// Takes what came since the last time.
  func take() -> [UInt8] {
    collector.received.withLock { received in
      defer { received = [] }
      return received
    }
  }

  /// Runs an honest handshake as the dialer; afterwards records can be sealed with the result's key.
  func shakeHands(as identity: LocalIdentity) async throws -> HandshakeResult {
    var handshake = Handshake(
      initiating: .peer,
      expecting: .anyone,
      as: identity,
      on: Fixture.network,
      introduction: .init(listenPort: 0)
    )
    send(try handshake.start())
    var input = ByteBuffer()
    for _ in 0..<15_000 {
      input.writeBytes(take())
      switch try handshake.receive(&input) {
      case .done(let result, let reply):
        send(reply)
        return result
      case .reply, .incomplete:
        try await Task.sleep(for: .milliseconds(2))
      }
    }
    throw Overdue()
  }
}
