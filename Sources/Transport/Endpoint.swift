import Cryptography
import Glibc
import Logging
import NIOCore
import NIOPosix
import Primitives
import Synchronization

/// A message for a peer's stream.
public struct OutboundMessage: Sendable {
  public let peer: PeerID
  /// The frame type: below `0xF0`, and in the table of `TransportConfiguration.frames`.
  public let type: UInt8
  public let bytes: [UInt8]
  public let traffic: TrafficClass

  public init(to peer: PeerID, type: UInt8, bytes: [UInt8], class traffic: TrafficClass) {
    self.peer = peer
    self.type = type
    self.bytes = bytes
    self.traffic = traffic
  }
}

/// A node's connections to other nodes: TCP and UDP sessions behind one object that any thread may call. The
/// code that starts the endpoint is called its owner and receives all events in a handler.
///
/// All sockets live on one event loop of the group. A call on that loop takes effect at once. A call on another
/// thread goes through a mailbox, which wakes the loop only when it sleeps: it costs some tens of nanoseconds
/// and returns at once. Outcomes come as events. The handler is called on the loop, once or twice per turn with
/// the events of the turn in their order, and never from within a call to the endpoint; it must not block.
public final class Endpoint: Sendable {
  /// How many bytes of commands may wait for the loop; messages beyond that are refused.
  private static let mailboxBytes = 64 << 20
  /// The largest payload of a datagram, in bytes.
  public static let maximumDatagram = DatagramMessage.maximum - DatagramMessage.minimumDataCount

  /// A logger that logs nothing.
  public static var silentLogger: Logger {
    Logger(label: "transport", factory: { _ in SwiftLogNoOpLogHandler() })
  }

  /// The bound port, the same for TCP and UDP; 0 when the endpoint does not listen.
  public let port: UInt16
  /// This node's key.
  public let identity: PeerID
  private let loop: any EventLoop
  private let core: NIOLoopBound<EndpointCore>
  private let presence: DatagramPresence?
  private let mailbox: Mailbox<EndpointCommand>
  /// How many messages of each class were refused because too many bytes waited for the event loop.
  private let refused = Mutex<[TrafficClass: Int]>([:])

  private init(
    port: UInt16,
    identity: PeerID,
    loop: any EventLoop,
    core: NIOLoopBound<EndpointCore>,
    presence: DatagramPresence?
  ) {
    self.port = port
    self.identity = identity
    self.loop = loop
    self.core = core
    self.presence = presence
    mailbox = Mailbox(loop: loop, limit: Self.mailboxBytes, cost: { $0.cost }) { commands in
      for command in commands { core.value.perform(command) }
    }
  }

  // MARK: Life

  /// Binds the ports and starts. Throws when the address cannot be bound.
  ///
  /// `pool` computes the handshakes, whose curve operations take 50 to 200 microseconds each, so that the
  /// event loop can serve open sessions meanwhile.
  public static func start(
    _ configuration: TransportConfiguration,
    on group: any EventLoopGroup,
    pool: NIOThreadPool = .singleton,
    logger: Logger = Endpoint.silentLogger,
    handler: @escaping @Sendable ([TransportEvent]) -> Void
  ) async throws(TransportError) -> Endpoint {
    let loop = group.next()
    let failure = configuration.listen ?? NetworkAddress(host: "", port: 0)
    let epoch = wallClockNanoseconds()
    do {
      let core = try await loop.submit {
        let core = EndpointCore(
          loop: loop,
          configuration: configuration,
          epochNanoseconds: epoch,
          pool: pool,
          handler: handler
        )
        return NIOLoopBound(core, eventLoop: loop)
      }.get()
      var port: UInt16 = 0
      if let address = configuration.listen {
        port = try await bind(core, address, on: loop)
        logger.info("listening", metadata: ["port": "\(port)"])
      }
      let presence = try await loop.submit {
        core.value.startMaintenance()
        return core.value.datagrams?.presence
      }.get()
      let identity = configuration.identity.node.publicKey
      return Endpoint(port: port, identity: identity, loop: loop, core: core, presence: presence)
    } catch {
      throw error as? TransportError ?? .bindFailed(failure, "\(error)")
    }
  }

  /// Binds TCP, then UDP at the same port number. With port 0 the system chooses the number; if its UDP port
  /// is in use, another number is tried, up to 16 times.
  private static func bind(
    _ core: NIOLoopBound<EndpointCore>,
    _ address: NetworkAddress,
    on loop: any EventLoop
  ) async throws(TransportError) -> UInt16 {
    let target: SocketAddress
    do {
      target = try SocketAddress.makeAddressResolvingHost(address.host, port: Int(address.port))
    } catch {
      throw .addressNotAvailable(address)
    }
    var attempts = address.port == 0 ? 16 : 1
    while true {
      attempts -= 1
      do {
        return try await loop.flatSubmit { bindOnce(core, target) }.get()
      } catch {
        try? await loop.flatSubmit { core.value.streams.stopListening() }.get()
        let reason = describe(error, address)
        guard attempts > 0, reason == .addressInUse(address) else { throw reason }
      }
    }
  }

  private static func bindOnce(
    _ core: NIOLoopBound<EndpointCore>,
    _ target: SocketAddress
  ) -> EventLoopFuture<UInt16> {
    core.value.streams.listen(at: target).flatMap { port in
      let loop = core.value.sink.loop
      guard let datagrams = core.value.datagrams else { return loop.makeSucceededFuture(port) }
      var twin = target
      twin.port = Int(port)
      return datagrams.bind(to: twin).map { port }
    }
  }

  private static func describe(_ error: any Error, _ address: NetworkAddress) -> TransportError {
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE: .addressInUse(address)
    case EADDRNOTAVAIL: .addressNotAvailable(address)
    case EACCES: .bindFailed(address, "not permitted, since ports below 1024 belong to root")
    default: .bindFailed(address, "\(error)")
    }
  }

  private static func wallClockNanoseconds() -> UInt64 {
    var time = timespec()
    guard clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }

  /// Closes every session with a message to the peer, then every socket. Returns when all sockets are closed and the last
  /// events are delivered.
  public func shutdown() async {
    // Commands that were posted before the shutdown are performed first.
    let core = core
    let last = mailbox.close()
    try? await loop.flatSubmit {
      for command in last { core.value.perform(command) }
      return core.value.shutDown()
    }.get()
  }

  // MARK: Commands

  /// Opens a session; `.connected`, `.leaseOpened` or `.dialFailed` follows.
  public func dial(
    _ address: NetworkAddress,
    expecting expected: ExpectedPeer,
    purpose: SessionPurpose = .peer
  ) {
    post(.dial(DialRequest(address: address, expected: expected, purpose: purpose)))
  }

  /// Queues a message on the peer's stream. Without a session, or when the queue is full, it counts as
  /// unsent.
  public func send(to peer: PeerID, type: UInt8, bytes: [UInt8], class traffic: TrafficClass) {
    post(.send(OutboundMessage(to: peer, type: type, bytes: bytes, class: traffic)))
  }

  /// Queues many messages at once.
  public func send(_ messages: [OutboundMessage]) { post(contentsOf: messages.lazy.map { .send($0) }) }

  /// Sends a datagram of at most `maximumDatagram` bytes in the peer's datagram session. Returns false when there is no such
  /// session or there are too many bytes; the caller should then use `send`. True does not mean that the datagram arrives.
  @discardableResult
  public func sendDatagram(to peer: PeerID, bytes: [UInt8]) -> Bool {
    guard bytes.count <= Self.maximumDatagram, presence?.contains(peer) ?? false else { return false }
    post(.datagram(peer, bytes))
    return true
  }

  /// Whether there is a datagram session whose datagrams reach the peer.
  public func hasDatagramSession(with peer: PeerID) -> Bool { presence?.contains(peer) ?? false }

  /// Ends the peer's stream and datagram session; `.disconnected` follows if there was one.
  public func disconnect(_ peer: PeerID, reason: CloseCode = .done) { post(.disconnect(peer, reason)) }

  /// Sends the response to the lease session's request with that number; `request` 0 marks a pushed message.
  public func sendLease(_ session: LeaseSession, request: UInt32 = 0, type: UInt8, bytes: [UInt8]) {
    post(.lease(session, request: request, type: type, bytes: bytes))
  }

  public func closeLease(_ session: LeaseSession, reason: CloseCode = .done) {
    post(.closeLease(session, reason))
  }

  /// Sets the reserved peers, usually the validators. They do not count towards the limit of inbound
  /// sessions, and their messages are handled before others.
  public func setReserved(_ peers: Set<PeerID>) { post(.policy(reserved: peers, banned: nil)) }

  /// Sets the peers that are banned: disconnected now, and refused when they connect or are dialed.
  public func setBanned(_ peers: Set<PeerID>) { post(.policy(reserved: nil, banned: peers)) }

  /// Sets the bytes with which this node introduces itself in later handshakes, at most 1,024.
  public func setHello(_ bytes: [UInt8]) { post(.hello(bytes)) }

  /// Tells the endpoint that the owner has handled these events. Only needed with `acknowledgesEvents`.
  public func acknowledge(_ events: [TransportEvent]) {
    var peers: [PeerID: Int] = [:]
    var leases: [LeaseSession: Int] = [:]
    var datagrams = 0
    for event in events {
      switch event {
      case .frame(let peer, _, _): peers[peer, default: 0] += event.cost
      case .leaseFrame(let session, _, _, _): leases[session, default: 0] += event.cost
      case .datagram: datagrams += event.cost
      default: break
      }
    }
    guard !peers.isEmpty || !leases.isEmpty || datagrams > 0 else { return }
    post(.acknowledge(peers: peers, leases: leases, datagrams: datagrams))
  }

  // MARK: Questions

  /// Counts since the start, and the present numbers of sessions.
  public func counters() async -> TransportCounters {
    let core = core
    var counters = (try? await loop.submit { core.value.counters() }.get()) ?? TransportCounters()
    counters.unsent.merge(refused.withLock { $0 }, uniquingKeysWith: +)
    return counters
  }

  /// The connected peers, in the order of their keys.
  public func peers() async -> [SessionStatus] {
    let core = core
    return (try? await loop.submit { core.value.statuses() }.get()) ?? []
  }

  // MARK: Passing commands to the loop

  private func post(_ command: EndpointCommand) { post(contentsOf: CollectionOfOne(command)) }

  private func post(contentsOf commands: some Sequence<EndpointCommand>) {
    if loop.inEventLoop {
      let core = core.value
      for command in commands { core.perform(command) }
    } else {
      let unsent = mailbox.post(contentsOf: commands)
      guard !unsent.isEmpty else { return }
      refused.withLock { refused in
        for command in unsent { refused[command.traffic, default: 0] += 1 }
      }
    }
  }
}
