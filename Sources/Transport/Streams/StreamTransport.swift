import Cryptography
import NIOCore
import NIOPosix
import Primitives

/// The TCP side: listens, dials, keeps the sessions. Lives on the transport's loop.
///
/// The connection logic is here; what a session's events mean for the tables is in `StreamTransport+Sessions`.
final class StreamTransport {
  let loop: any EventLoop
  let configuration: TransportConfiguration
  let sink: EventSink
  /// Told when a dialed peer session opens: where the peer answered.
  var onDialedPeer: (PeerID, IPEndpoint) -> Void = { _, _ in }
  /// Told when a peer session ends, before the owner is.
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
  /// Every connection whose channel is not fully closed.
  private var links: [ObjectIdentifier: StreamLink] = [:]
  private var admission: ConnectionAdmission
  private var listener: (any Channel)?
  private let pool: NIOThreadPool
  /// Links with bytes to work off, in the order of their turns.
  private var queues: [LinkGroup: CircularBuffer<StreamLink>] = [:]
  private var dirty: [StreamLink] = []
  private var isFlushScheduled = false
  private var emptied: EventLoopPromise<Void>?
  private var maintainedAt = currentInstant()

  init(
    loop: any EventLoop,
    configuration: TransportConfiguration,
    pool: NIOThreadPool,
    sink: EventSink
  ) {
    self.loop = loop
    self.configuration = configuration
    self.pool = pool
    self.sink = sink
    hello = configuration.hello
    admission = ConnectionAdmission(limits: configuration.connections)
  }

  var halfOpen: Int { links.values.reduce(0) { $0 + ($1.stage == .handshaking && $1.isInbound ? 1 : 0) } }

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

  /// An inbound connection that was turned away before it cost anything.
  private struct TurnedAway: Error {}

  private func adopt(_ channel: any Channel) throws {
    let now = currentInstant()
    guard let remote = channel.remoteAddress, let source = IPEndpoint(remote) else { throw TurnedAway() }
    var refusal = isShutDown ? .shutDown : admission.admit(source.address, reserved: reserved.count, at: now)
    if refusal == nil, halfOpen >= configuration.connections.halfOpen, !giveUpHandshake(at: now) {
      admission.release(source.address)
      refusal = .halfOpen
    }
    if let refusal {
      sink.counters.connectionsRefused[refusal, default: 0] += 1
      throw TurnedAway()
    }
    let handshake = Handshake(
      respondingAs: configuration.identity,
      on: configuration.network,
      introduction: introduction
    )
    let link = StreamLink(
      StreamSession(answering: handshake, settings: settings),
      ticket: nil,
      remote: source.networkAddress,
      source: source,
      transport: self,
      at: now
    )
    try channel.pipeline.syncOperations.addHandler(link)
    track(link, channel)
  }

  /// Makes room for a handshake: gives up the oldest of which not even the first message has come, else the oldest
  /// that takes longer than an honest one. An honest dialer's messages follow at once, so a flood gives up its own.
  private func giveUpHandshake(at now: Instant) -> Bool {
    let unfinished = links.values.filter { $0.stage == .handshaking && $0.isInbound }
    let untouched = unfinished.filter { $0.session.isUntouched }
    let slow = unfinished.filter { now.since($0.startedAt) >= Self.honestHandshake }
    let candidates = untouched.isEmpty ? slow : untouched
    guard let oldest = candidates.min(by: { $0.startedAt < $1.startedAt }) else { return false }
    fail(oldest, .handshake(.timedOut), at: now)
    oldest.abort()
    return true
  }

  private static let honestHandshake = Interval.seconds(1)

  private func track(_ link: StreamLink, _ channel: any Channel) {
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

  private var settings: StreamSession.Settings {
    StreamSession.Settings(
      frames: configuration.frames,
      leaseFrames: configuration.leaseFrames,
      queues: configuration.queues,
      rekey: configuration.rekey
    )
  }

  // MARK: Dialing

  func dial(_ ticket: DialTicket) {
    if let failure = objection(to: ticket) {
      sink.emit(.dialFailed(ticket.address, failure))
      return
    }
    dialing.insert(ticket.address)
    let bound = NIOLoopBound(self, eventLoop: loop)
    let timeout = TimeAmount.nanoseconds(Int64(clamping: configuration.timing.handshake.nanoseconds))
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(timeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.writeBufferWaterMark, value: Self.waterMark)
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try bound.value.prepare(channel, for: ticket) }
      }
    let address = ticket.address
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

  private func objection(to ticket: DialTicket) -> DialFailure? {
    if isShutDown { return .shutDown }
    guard configuration.identity.key(for: ticket.purpose) != nil else { return .handshake(.purposeRefused) }
    if ticket.purpose == .peer, case .key(let key) = ticket.expected {
      if key == configuration.identity.node.publicKey { return .handshake(.selfConnection) }
      if peers[key] != nil { return .alreadyConnected }
    }
    return dialing.contains(ticket.address) ? .alreadyDialing : nil
  }

  private func prepare(_ channel: any Channel, for ticket: DialTicket) throws {
    guard !isShutDown else { throw DialFailure.shutDown }
    let handshake = Handshake(
      initiating: ticket.purpose,
      expecting: ticket.expected,
      as: configuration.identity,
      on: configuration.network,
      introduction: introduction
    )
    let link = StreamLink(
      StreamSession(dialing: handshake, settings: settings),
      ticket: ticket,
      remote: ticket.address,
      source: nil,
      transport: self,
      at: currentInstant()
    )
    try channel.pipeline.syncOperations.addHandler(link)
    track(link, channel)
  }

  // MARK: Turns

  /// Links that take turns among each other.
  enum LinkGroup: CaseIterable {
    /// Validators': worked off first.
    case reserved
    case ordinary
  }

  /// What is worked off in a turn for each group, in bytes. A turn of full groups takes some 300 microseconds each, which
  /// is how long a vote may wait that comes when a turn has begun.
  private static let turnBudget = 128 << 10
  /// When many links wait they share the budget, but each that gets a turn is given at least this much: a record of
  /// small messages.
  private static let leastShare = 16 << 10

  var isWorkLeft: Bool { queues.values.contains { !$0.isEmpty } }

  /// Has the link's bytes worked off in a turn.
  func enqueue(_ link: StreamLink) {
    guard !link.isQueued else { return }
    link.isQueued = true
    queues[link.isReserved ? .reserved : .ordinary, default: []].append(link)
    sink.turns.request()
  }

  /// Works off the group's links, one after the other and each up to its share of the turn's budget. Who has more waits
  /// for the next turn, behind the others.
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

  /// Computes a step of a handshake on the pool, then goes on with it here.
  func compute(_ step: HandshakeStep, of link: StreamLink) {
    let bound = NIOLoopBound(link, eventLoop: loop)
    let loop = loop
    pool.submit { state in
      // A pool that was shut down computes nothing more: the handshake runs into its timeout.
      guard state == .active else { return }
      let outcome = step.run()
      loop.execute { bound.value.conclude(outcome) }
    }
  }

  // MARK: Flushing

  /// Has the link written to once this tick, however many messages it is given.
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

  /// Writes to the links that were given something to send.
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

  // MARK: Time

  /// Maintenance that comes later than this tells of this node, not of its peers.
  private static let lateness = Interval.milliseconds(500)

  /// Ends what took too long.
  func maintain(at now: Instant) {
    let timing = configuration.timing
    // A node that did not run itself heard nobody, and gives up nobody for that.
    let pause = now.since(maintainedAt)
    maintainedAt = now
    if pause > timing.maintenance + Self.lateness { for link in links.values { link.excuse(pause, at: now) } }
    for link in Array(links.values) {
      switch link.stage {
      case .handshaking:
        // The time to connect has a limit of its own.
        if link.isActive, now.since(link.startedAt) >= timing.handshake {
          fail(link, .handshake(.timedOut), at: now)
          link.abort()
        }
      case .open:
        if link.isSilent(at: now, timing) { end(link, .idle, telling: .idle, at: now) }
      case .closing:
        if now.since(link.closingSince) >= timing.linger { link.abort() }
      }
    }
  }

  /// Closes everything, telling the peers; the future ends when no connection is left.
  func shutDown() -> EventLoopFuture<Void> {
    guard !isShutDown else { return emptied?.futureResult ?? loop.makeSucceededVoidFuture() }
    isShutDown = true
    let now = currentInstant()
    let promise = loop.makePromise(of: Void.self)
    emptied = promise
    let listenerClosed = stopListening()
    for link in Array(links.values) {
      switch link.stage {
      case .open: end(link, .closedHere(.shutdown), telling: .shutdown, at: now)
      case .handshaking:
        fail(link, .handshake(.connectionLost), at: now)
        link.abort()
      case .closing: break
      }
    }
    // Connections that are gone, with bytes that nobody will work off any more.
    let queued = queues.values.flatMap { $0 }
    for link in queued where link.hasEnded { connectionEnded(link) }
    if links.isEmpty { promise.succeed() }
    return promise.futureResult.and(listenerClosed.recover { _ in }).map { _ in }
  }
}
