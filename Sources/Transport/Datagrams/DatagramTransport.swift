import Cryptography
import NIOCore
import NIOPosix
import Primitives
import Synchronization

/// The peers with a usable datagram session; any thread may ask.
final class DatagramPresence: Sendable {
  private let peers = Mutex<Set<PeerID>>([])

  func contains(_ peer: PeerID) -> Bool { peers.withLock { $0.contains(peer) } }

  func set(_ peer: PeerID, isUp: Bool) {
    peers.withLock { peers in
      if isUp { peers.insert(peer) } else { peers.remove(peer) }
    }
  }
}

/// The UDP socket of the `DatagramEndpoint`. Lives on the event loop. Received datagrams wait for `work`,
/// which is called once per turn of the loop, after the validators' TCP links have been served.
final class DatagramTransport: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>
  typealias OutboundOut = AddressedEnvelope<ByteBuffer>

  /// The most bytes of delivered datagrams that the endpoint's owner may not have acknowledged yet; datagrams
  /// beyond that are dropped without decryption.
  private static let unacknowledgedLimit = 4 << 20
  /// One read takes up to `vectorCount` datagrams of up to `vectorBytes` bytes each. The kernel cuts off a
  /// longer datagram, which is then dropped because of its length.
  private static let vectorCount = 32
  private static let vectorBytes = 2_048
  /// The most datagrams that are decrypted in one turn of the event loop.
  private static let turnBudget = 32
  private static let backlogInterval = TimeAmount.milliseconds(2)

  let endpoint: DatagramEndpoint
  let presence = DatagramPresence()
  private let pool: NIOThreadPool
  private let sink: EventSink
  private let acknowledgesEvents: Bool
  private var inbox = DatagramInbox()
  private var channel: (any Channel)?
  private var isV6 = false
  private var spareEffects: [DatagramEndpoint.Effect] = []
  private var addresses: [IPEndpoint: SocketAddress] = [:]
  private var unacknowledged = 0
  private var isDraining = false
  private var isFlushScheduled = false
  /// Datagrams given to the channel since the last flush.
  private var unflushed = 0

  init(endpoint: DatagramEndpoint, pool: NIOThreadPool, sink: EventSink, acknowledgesEvents: Bool) {
    self.endpoint = endpoint
    self.pool = pool
    self.sink = sink
    self.acknowledgesEvents = acknowledgesEvents
  }

  func bind(to address: SocketAddress) -> EventLoopFuture<Void> {
    let bound = NIOLoopBound(self, eventLoop: sink.loop)
    return DatagramBootstrap(group: sink.loop)
      // The kernel lowers these buffer sizes to its own maximum.
      .channelOption(.socketOption(.so_rcvbuf), value: 4 << 20)
      .channelOption(.socketOption(.so_sndbuf), value: 1 << 20)
      .channelOption(.writeBufferWaterMark, value: .init(low: 1 << 20, high: 4 << 20))
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelOption(.datagramVectorReadMessageCount, value: Self.vectorCount)
      .channelOption(
        .recvAllocator,
        value: FixedSizeRecvByteBufferAllocator(capacity: Self.vectorCount * Self.vectorBytes)
      )
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
      }
      .bind(to: address)
      .map { channel in
        bound.value.channel = channel
        bound.value.isV6 = channel.localAddress?.protocol == .inet6
      }
  }

  func close() -> EventLoopFuture<Void> {
    guard let channel else { return sink.loop.makeSucceededVoidFuture() }
    self.channel = nil
    return channel.close().recover { _ in }
  }

  // MARK: Channel events

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    sink.counters.datagramsReceived += 1
    sink.counters.datagramBytesReceived += envelope.data.readableBytes
    guard let source = IPEndpoint(envelope.remoteAddress) else { return endpoint.count(.source) }
    guard inbox.append(envelope.data, from: source) else { return endpoint.count(.backlog) }
    sink.turns.request()
  }

  var isWorkLeft: Bool { !inbox.isEmpty }

  /// Decrypts and handles up to `turnBudget` received datagrams.
  func work(at now: Instant) {
    for _ in 0..<Self.turnBudget {
      guard let (source, data) = inbox.popFirst() else { return }
      receive(data, from: source, at: now)
    }
  }

  private func receive(_ data: ByteBuffer, from source: IPEndpoint, at now: Instant) {
    guard unacknowledged <= Self.unacknowledgedLimit else { return endpoint.count(.backlog) }
    let bytes = Array(data.readableBytesView)
    run(at: now) { endpoint.receive(bytes, from: source, &$0) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Errors concern single datagrams, such as an unreachable host. The socket stays open.
  }

  // MARK: Calls of the endpoint

  func open(_ peer: PeerID, at address: IPEndpoint) { run { endpoint.open(peer, at: address, &$0) } }

  func close(_ peer: PeerID) { run { endpoint.close(peer, &$0) } }

  func send(_ peer: PeerID, _ bytes: [UInt8]) {
    run { if !endpoint.send(peer, bytes, &$0) { sink.counters.datagramsUnsent += 1 } }
  }

  func tick(at now: Instant) { run(at: now) { endpoint.tick(&$0) } }

  func acknowledged(_ cost: Int) { unacknowledged = max(0, unacknowledged - cost) }

  /// Closes every session with a message to the peer.
  func closeAll() {
    for peer in Array(endpoint.peers.keys) { close(peer) }
    flush()
  }

  /// Calls the endpoint and performs what it wants.
  private func run(at now: Instant = currentInstant(), _ call: (inout DatagramEndpoint.Turn) -> Void) {
    var turn = DatagramEndpoint.Turn(at: now, effects: spareEffects)
    spareEffects = []
    call(&turn)
    for effect in turn.effects {
      switch effect {
      case .transmit(let bytes, let target): transmit(bytes, to: target)
      case .compute(let step): compute(step)
      case .deliver(let peer, let bytes):
        let event = TransportEvent.datagram(peer, bytes: bytes)
        if acknowledgesEvents { unacknowledged += event.cost }
        sink.emit(event)
      case .up(let peer):
        presence.set(peer, isUp: true)
        sink.emit(.datagramSessionUp(peer))
      case .down(let peer):
        presence.set(peer, isUp: false)
        sink.emit(.datagramSessionDown(peer))
      case .usable(let peer, let isUsable): presence.set(peer, isUp: isUsable)
      }
    }
    spareEffects = turn.effects
    spareEffects.removeAll(keepingCapacity: true)
    if endpoint.hasBacklog { scheduleDrain() }
  }

  /// Computes a handshake step on the thread pool and passes its outcome to the endpoint on the event loop.
  private func compute(_ step: DatagramStep) {
    let (identity, network) = (endpoint.identity, endpoint.network)
    let (bound, loop) = (NIOLoopBound(self, eventLoop: sink.loop), sink.loop)
    pool.submit { state in
      guard state == .active else { return }
      let outcome = step.run(as: identity, on: network, at: currentInstant())
      loop.execute {
        let transport = bound.value
        transport.run { transport.endpoint.conclude(outcome, &$0) }
      }
    }
  }

  private func transmit(_ bytes: [UInt8], to target: IPEndpoint) {
    guard let channel, channel.isWritable, let address = address(of: target) else {
      sink.counters.datagramsUnsent += 1
      return
    }
    sink.counters.datagramsSent += 1
    sink.counters.datagramBytesSent += bytes.count
    let envelope = AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: bytes))
    channel.write(envelope, promise: nil)
    unflushed += 1
    if unflushed >= Self.vectorCount { flush() }
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    sink.loop.assumeIsolated().execute {
      self.isFlushScheduled = false
      if self.unflushed > 0 { self.flush() }
    }
  }

  private func flush() {
    unflushed = 0
    channel?.flush()
  }

  private func address(of target: IPEndpoint) -> SocketAddress? {
    if let known = addresses[target] { return known }
    guard let address = target.socketAddress(ofV6Socket: isV6) else { return nil }
    if addresses.count >= 8_192 { addresses.removeAll() }
    addresses[target] = address
    return address
  }

  private func scheduleDrain() {
    guard !isDraining else { return }
    isDraining = true
    sink.loop.assumeIsolated().scheduleTask(in: Self.backlogInterval) {
      self.isDraining = false
      self.run { self.endpoint.drainBacklog(&$0) }
    }
  }
}
