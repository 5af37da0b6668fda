import Cryptography
import NIOCore
import NIOPosix
import Primitives

/// The TCP side: listens, dials, and keeps the table of sessions. Lives on the event loop.
///
/// `StreamTransport+Sessions` handles the events of sessions.
final class StreamTransport {
  let loop: any EventLoop
  let configuration: TransportConfiguration
  let sink: EventSink
  /// Called when a session that this node dialed is open, with the peer's address.
  var onDialedPeer: (PeerID, IPEndpoint) -> Void = { _, _ in }
  /// Called when a peer session ends, before the owner is told.
  var onPeerEnd: (PeerID) -> Void = { _ in }
  var hello: [UInt8]
  var listenPort: UInt16 = 0
  var reserved: Set<PeerID> = [] {
    didSet { for (peer, link) in peers { link.isReserved = reserved.contains(peer) } }
  }
  var banned: Set<PeerID> = []
  var peers: [PeerID: StreamLink] = [:]
  var leases: [LeaseSession: StreamLink] = [:]
  var nextLease: UInt64 = 1
  var dialing: Set<NetworkAddress> = []
  private(set) var isShutDown = false
  /// All connections whose channels are not closed.
  private var links: [ObjectIdentifier: StreamLink] = [:]
  private var admission: ConnectionAdmission
  private var listener: (any Channel)?
  private let pool: NIOThreadPool
  /// Links with received bytes to handle, in the order in which they are served.
  private var queues: [LinkGroup: CircularBuffer<StreamLink>] = [:]
  private var dirty: [StreamLink] = []
  private var isFlushScheduled = false
  private var emptied: EventLoopPromise<Void>?
  private var maintainedAt = currentInstant()

  init(loop: any EventLoop, configuration: TransportConfiguration, pool: NIOThreadPool, sink: EventSink) {
    self.loop = loop
    self.configuration = configuration
    self.pool = pool
    self.sink = sink
    hello = configuration.hello
    admission = ConnectionAdmission(limits: configuration.connections)
  }

  var halfOpen: Int { links.values.count { $0.phase == .handshaking && $0.isInbound } }

  // MARK: Listening

  /// Listens at `address`; the future's value is the bound port.
  func listen(at address: SocketAddress) -> EventLoopFuture<UInt16> {
    let bound = NIOLoopBound(self, eventLoop: loop)
    return ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.writeBufferWaterMark, value: Self.waterMark)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try bound.value.adopt(channel) }
      }
      .bind(to: address)
      .map { channel in
        let transport = bound.value
        transport.listener = channel
        transport.listenPort = UInt16(clamping: channel.localAddress?.port ?? 0)
        return transport.listenPort
      }
  }

  func stopListening() -> EventLoopFuture<Void> {
    guard let listener else { return loop.makeSucceededVoidFuture() }
    self.listener = nil
    return listener.close()
  }

  private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 256 << 10)

  /// The error by which an inbound connection is refused before its handshake.
  private struct Refused: Error {}

  private func adopt(_ channel: any Channel) throws {
    let now = currentInstant()
    guard let remote = channel.remoteAddress, let source = IPEndpoint(remote) else { throw Refused() }
    var refusal = isShutDown ? .shutDown : admission.admit(source.address, reserved: reserved.count, at: now)
    if refusal == nil, halfOpen >= configuration.connections.halfOpen, !abortSlowHandshake(at: now) {
      admission.release(source.address)
      refusal = .halfOpen
    }
    if let refusal {
      sink.counters.connectionsRefused[refusal, default: 0] += 1
      throw Refused()
    }
    let handshake = Handshake(
      respondingAs: configuration.identity,
      on: configuration.network,
      introduction: introduction
    )
    let link = StreamLink(
      StreamSession(handshake, isDialer: false, settings: configuration),
      request: nil,
      remote: source.networkAddress,
      source: source,
      transport: self,
      at: now
    )
    try add(link, to: channel)
  }

  /// Aborts an inbound handshake to make room for a new one: the oldest that has sent no first message, else
  /// the oldest that takes longer than an honest one needs. Honest dialers send at once, so a flood of silent
  /// connections aborts only silent ones. Returns false if there is none to abort.
  private func abortSlowHandshake(at now: Instant) -> Bool {
    let unfinished = links.values.filter { $0.phase == .handshaking && $0.isInbound }
    let untouched = unfinished.filter { $0.session.isUntouched }
    let slow = unfinished.filter { now.since($0.startedAt) >= Self.honestHandshake }
    let candidates = untouched.isEmpty ? slow : untouched
    guard let oldest = candidates.min(by: { $0.startedAt < $1.startedAt }) else { return false }
    fail(oldest, .handshake(.timedOut), at: now)
    oldest.abort()
    return true
  }

  private static let honestHandshake = Interval.seconds(1)

  private func add(_ link: StreamLink, to channel: any Channel) throws {
    try channel.pipeline.syncOperations.addHandler(link)
    links[ObjectIdentifier(link)] = link
    channel.closeFuture.assumeIsolated().whenComplete { _ in
      self.links[ObjectIdentifier(link)] = nil
      if link.isInbound, let source = link.source { self.admission.release(source.address) }
      if self.links.isEmpty { self.emptied?.succeed() }
    }
  }

  var introduction: Handshake.Introduction {
    Handshake.Introduction(listenPort: configuration.advertisedPort ?? listenPort, hello: hello)
  }

  // MARK: Dialing

  func dial(_ request: DialRequest) {
    if let failure = reasonNotToDial(request) {
      sink.emit(.dialFailed(request.address, failure))
      return
    }
    dialing.insert(request.address)
    let bound = NIOLoopBound(self, eventLoop: loop)
    let timeout = TimeAmount.nanoseconds(Int64(clamping: configuration.timing.handshake.nanoseconds))
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(timeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.writeBufferWaterMark, value: Self.waterMark)
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try bound.value.prepare(channel, for: request) }
      }
    let address = request.address
    let connection =
      if let literal = try? SocketAddress(ipAddress: address.host, port: Int(address.port)) {
        bootstrap.connect(to: literal)
      } else {
        bootstrap.connect(host: address.host, port: Int(address.port))
      }
    connection.assumeIsolated().whenFailure { error in
      guard self.dialing.remove(address) != nil else { return }
      self.sink.emit(.dialFailed(address, self.isShutDown ? .shutDown : .unreachable("\(error)")))
    }
  }

  private func reasonNotToDial(_ request: DialRequest) -> DialFailure? {
    if isShutDown { return .shutDown }
    guard configuration.identity.key(for: request.purpose) != nil else { return .handshake(.purposeRefused) }
    if request.purpose == .peer, case .key(let key) = request.expected {
      if key == configuration.identity.node.publicKey { return .handshake(.selfConnection) }
      if peers[key] != nil { return .alreadyConnected }
    }
    return dialing.contains(request.address) ? .alreadyDialing : nil
  }

  private func prepare(_ channel: any Channel, for request: DialRequest) throws {
    guard !isShutDown else { throw DialFailure.shutDown }
    let handshake = Handshake(
      initiating: request.purpose,
      expecting: request.expected,
      as: configuration.identity,
      on: configuration.network,
      introduction: introduction
    )
    let link = StreamLink(
      StreamSession(handshake, isDialer: true, settings: configuration),
      request: request,
      remote: request.address,
      source: nil,
      transport: self,
      at: currentInstant()
    )
    try add(link, to: channel)
  }

  // MARK: Turns

  /// Links that are served in one round robin.
  enum LinkGroup: CaseIterable {
    /// Links of reserved peers, the validators: served first.
    case reserved
    case ordinary
  }

  /// The most bytes of each group that are handled in a turn. They take some 300 microseconds, so a vote that
  /// arrives at the beginning of a turn waits that long.
  private static let turnBudget = 128 << 10
  /// The waiting links share the budget equally, but a link's share is never smaller than this many bytes.
  private static let leastShare = 16 << 10

  var isWorkLeft: Bool { queues.values.contains { !$0.isEmpty } }

  /// Queues the link to have its received bytes handled in a turn.
  func enqueue(_ link: StreamLink) {
    guard !link.isQueued else { return }
    link.isQueued = true
    queues[link.isReserved ? .reserved : .ordinary, default: []].append(link)
    sink.turns.request()
  }

  /// Handles the received bytes of the group's links, one link after the other, each up to its share of the
  /// turn's budget. A link with bytes left goes to the end of the queue.
  func work(on group: LinkGroup, at now: Instant) {
    let count = queues[group]?.count ?? 0
    guard count > 0 else { return }
    let share = max(Self.leastShare, Self.turnBudget / count)
    var budget = Self.turnBudget
    for _ in 0..<count where budget > 0 {
      guard let link = queues[group]?.popFirst() else { return }
      link.isQueued = false
      let (used, isMoreLeft) = link.work(upTo: share, at: now)
      budget -= used
      if isMoreLeft {
        enqueue(link)
      } else if link.hasEnded {
        connectionEnded(link)
      }
      link.resumeReading()
    }
  }

  /// Computes a handshake step on the thread pool and passes its outcome to the link on the event loop.
  func compute(_ step: HandshakeStep, of link: StreamLink) {
    let bound = NIOLoopBound(link, eventLoop: loop)
    let loop = loop
    pool.submit { state in
      // A pool that was shut down computes nothing. The handshake then times out.
      guard state == .active else { return }
      let outcome = step.run()
      loop.execute { bound.value.conclude(outcome) }
    }
  }

  // MARK: Flushing

  /// Whether links wait to be flushed.
  var hasUnflushed: Bool { !dirty.isEmpty }

  /// Schedules one flush of the link, even if more messages are queued before it happens.
  func requestFlush(_ link: StreamLink) {
    guard !link.isDirty else { return }
    link.isDirty = true
    dirty.append(link)
    // A turn flushes before it ends.
    guard !isFlushScheduled, !sink.turns.isRunning else { return }
    isFlushScheduled = true
    loop.assumeIsolated().execute {
      self.isFlushScheduled = false
      self.flushDirty()
    }
  }

  /// Writes to the links that have something to send.
  func flushDirty() {
    guard !dirty.isEmpty else { return }
    let batch = dirty
    dirty.removeAll(keepingCapacity: true)
    let now = currentInstant()
    for link in batch {
      link.isDirty = false
      link.flush(at: now)
    }
  }

  // MARK: Timeouts

  /// When maintenance runs later than planned by this much, the process is taken to have been suspended.
  private static let lateness = Interval.milliseconds(500)

  /// Ends sessions and handshakes whose timeouts have passed.
  func maintain(at now: Instant) {
    let timing = configuration.timing
    // If this process did not run for a while, it received nothing meanwhile. That time is not counted as silence.
    let pause = now.since(maintainedAt)
    maintainedAt = now
    if pause > timing.maintenance + Self.lateness {
      for link in links.values { link.shiftTimeouts(by: pause, at: now) }
    }
    for link in Array(links.values) {
      switch link.phase {
      case .handshaking:
        // While the connection is not established, the timeout of the connection attempt applies instead.
        if link.isActive, now.since(link.startedAt) >= timing.handshake {
          fail(link, .handshake(.timedOut), at: now)
          link.abort()
        }
      case .open: if link.checkSilence(at: now, timing) { end(link, .idle, telling: .idle, at: now) }
      case .closing: if now.since(link.closingSince) >= timing.linger { link.abort() }
      }
    }
  }

  /// Closes all sessions with a message to the peers. The future completes when all connections are closed.
  func shutDown() -> EventLoopFuture<Void> {
    guard !isShutDown else { return emptied?.futureResult ?? loop.makeSucceededVoidFuture() }
    isShutDown = true
    let now = currentInstant()
    let promise = loop.makePromise(of: Void.self)
    emptied = promise
    let listenerClosed = stopListening()
    for link in Array(links.values) {
      switch link.phase {
      case .open: end(link, .closedHere(.shutdown), telling: .shutdown, at: now)
      case .handshaking:
        fail(link, .handshake(.connectionLost), at: now)
        link.abort()
      case .closing: break
      }
    }
    // Ends the closed connections that still wait for a turn; their received bytes are dropped.
    let queued = queues.values.flatMap { $0 }
    for link in queued where link.hasEnded { connectionEnded(link) }
    if links.isEmpty { promise.succeed() }
    return promise.futureResult.and(listenerClosed.recover { _ in }).map { _ in }
  }
}
