import Cryptography
import NIOCore
import NIOPosix
import Primitives

/// A call to the endpoint, to be performed on its event loop.
enum EndpointCommand {
  case send(OutboundMessage)
  case datagram(PeerID, [UInt8])
  case lease(LeaseSession, request: UInt32, type: UInt8, bytes: [UInt8])
  case dial(DialRequest)
  case disconnect(PeerID, CloseCode)
  case closeLease(LeaseSession, CloseCode)
  case acknowledge(peers: [PeerID: Int], leases: [LeaseSession: Int], datagrams: Int)
  case policy(reserved: Set<PeerID>?, banned: Set<PeerID>?)
  case hello([UInt8])

  /// The traffic class under which a refused command is counted as an unsent message.
  var traffic: TrafficClass {
    switch self {
    case .send(let message): message.traffic
    case .lease: .lease
    default: .gossip
    }
  }

  /// The bytes of memory that the command occupies until it is performed.
  var cost: Int {
    switch self {
    case .send(let message): message.bytes.count + TransportEvent.overhead
    case .datagram(_, let bytes), .lease(_, _, _, let bytes): bytes.count + TransportEvent.overhead
    default: 0
    }
  }
}

/// The TCP side and the UDP side together. Lives on the event loop.
final class EndpointCore {
  let streams: StreamTransport
  let datagrams: DatagramTransport?
  let sink: EventSink
  private(set) var isShutDown = false
  private var maintenance: RepeatedTask?
  private let configuration: TransportConfiguration

  init(
    loop: any EventLoop,
    configuration: TransportConfiguration,
    epochNanoseconds: UInt64,
    pool: NIOThreadPool,
    handler: @escaping @Sendable ([TransportEvent]) -> Void
  ) {
    self.configuration = configuration
    let turns = TurnScheduler(loop: loop)
    sink = EventSink(turns: turns, handler: handler)
    streams = StreamTransport(loop: loop, configuration: configuration, pool: pool, sink: sink)
    if let settings = configuration.datagrams, configuration.listen != nil {
      let now = currentInstant()
      let endpoint = DatagramEndpoint(
        identity: configuration.identity.node,
        network: configuration.network,
        settings: settings,
        epochNanoseconds: epochNanoseconds &- now.nanoseconds,
        at: now
      )
      datagrams = DatagramTransport(
        endpoint: endpoint,
        pool: pool,
        sink: sink,
        acknowledgesEvents: configuration.acknowledgesEvents
      )
    } else {
      datagrams = nil
    }
    if let datagrams { tieToStreams(datagrams) }
    turns.turn = { [weak self] in self?.takeTurn() ?? false }
  }

  /// Decrypts and delivers what the sockets have received. The validators' links come first: their messages
  /// are delivered before anything else is decrypted. Returns whether work is left for the next turn.
  private func takeTurn() -> Bool {
    let now = currentInstant()
    streams.work(on: .reserved, at: now)
    sink.deliver()
    streams.flushDirty()
    datagrams?.work(at: now)
    streams.work(on: .ordinary, at: now)
    sink.deliver()
    streams.flushDirty()
    // A link that becomes writable while it is flushed asks for another flush.
    return !sink.isEmpty || streams.isWorkLeft || streams.hasUnflushed || datagrams?.isWorkLeft ?? false
  }

  /// Ties datagram sessions to streams: only a peer with a stream can open one, and it ends with the stream.
  private func tieToStreams(_ datagrams: DatagramTransport) {
    let streams = streams
    // Weak, since a running handshake computation keeps the UDP side in memory and may outlive the TCP side.
    datagrams.endpoint.admits = { [weak streams] peer in streams?.peers[peer] != nil }
    streams.onPeerEnd = { [unowned datagrams] peer in datagrams.close(peer) }
    streams.onDialedPeer = { [unowned datagrams] peer, address in datagrams.open(peer, at: address) }
  }

  func startMaintenance() {
    let bound = NIOLoopBound(self, eventLoop: sink.loop)
    let interval = TimeAmount.nanoseconds(Int64(clamping: configuration.timing.maintenance.nanoseconds))
    maintenance = sink.loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      let core = bound.value
      let now = currentInstant()
      core.streams.maintain(at: now)
      core.datagrams?.tick(at: now)
    }
  }

  func shutDown() -> EventLoopFuture<Void> {
    isShutDown = true
    let bound = NIOLoopBound(self, eventLoop: sink.loop)
    datagrams?.closeAll()
    return streams.shutDown().flatMap {
      bound.value.datagrams?.close() ?? bound.value.sink.loop.makeSucceededVoidFuture()
    }.map {
      bound.value.maintenance?.cancel()
      bound.value.sink.deliver()
    }
  }

  /// Performs a command. Resulting events are delivered in a later turn, so this never calls the owner.
  func perform(_ command: EndpointCommand) {
    guard !isShutDown else { return }
    switch command {
    case .send(let message):
      streams.send(message.type, message.bytes, class: message.traffic, over: streams.peers[message.peer])
    case .datagram(let peer, let bytes): datagrams?.send(peer, bytes)
    case .lease(let session, let request, let type, let bytes):
      streams.sendLease(session, request: request, type: type, bytes: bytes)
    case .dial(let request): streams.dial(request)
    case .disconnect(let peer, let code):
      datagrams?.close(peer)
      if let link = streams.peers[peer] {
        streams.end(link, .closedHere(code), telling: code, at: currentInstant())
      }
    case .closeLease(let session, let code):
      if let link = streams.leases[session] {
        streams.end(link, .closedHere(code), telling: code, at: currentInstant())
      }
    case .acknowledge(let peers, let leases, let datagrams): acknowledge(peers, leases, datagrams)
    case .policy(let reserved, let banned):
      if let reserved { streams.reserved = reserved }
      if let banned { ban(banned) }
    case .hello(let bytes): streams.hello = bytes
    }
  }

  private func acknowledge(_ peers: [PeerID: Int], _ leases: [LeaseSession: Int], _ datagrams: Int) {
    for (peer, cost) in peers {
      streams.peers[peer]?.acknowledged(cost, limit: configuration.unacknowledgedLimit)
    }
    for (session, cost) in leases {
      streams.leases[session]?.acknowledged(cost, limit: configuration.unacknowledgedLimit)
    }
    self.datagrams?.acknowledged(datagrams)
  }

  private func ban(_ banned: Set<PeerID>) {
    streams.banned = banned
    let now = currentInstant()
    for (peer, link) in streams.peers where banned.contains(peer) {
      streams.end(link, .closedHere(.banned), telling: .banned, at: now)
    }
    for peer in banned { datagrams?.close(peer) }
  }

  func counters() -> TransportCounters {
    var counters = sink.counters
    counters.peers = streams.peers.count
    counters.inboundPeers = streams.inboundPeers
    counters.leases = streams.leases.count
    counters.halfOpen = streams.halfOpen
    if let endpoint = datagrams?.endpoint {
      counters.datagramSessions = endpoint.peers.values.count { $0.isUp }
      counters.datagramsUnsent += endpoint.pacingDrops
      counters.datagramDrops = endpoint.drops
    }
    return counters
  }

  func statuses() -> [SessionStatus] {
    streams.peers.compactMap { peer, link in
      guard let result = link.result else { return nil }
      let datagram = datagrams?.endpoint.peers[peer]
      return SessionStatus(
        peer: peer,
        info: streams.info(of: link, result),
        queuedBytes: link.session.queuedBytes,
        hasDatagramSession: datagram.map { $0.isUp && $0.isUsable } ?? false,
        datagramLossPerMille: datagram?.lossPerMille ?? 0
      )
    }.sorted { $0.peer < $1.peer }
  }
}
