import NIOCore
import Primitives

/// What a dial was for.
struct DialTicket: Hashable, Sendable {
  let address: NetworkAddress
  let expected: ExpectedPeer
  let purpose: SessionPurpose
}

/// One TCP connection on its event loop: moves bytes between the socket and the session's machine.
final class StreamLink: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Can transition to: `handshaking` → `open` → `closing`, or `handshaking` → `closing`.
  enum Stage {
    case handshaking
    case open
    case closing
  }

  private unowned let transport: StreamTransport
  /// Nil for an inbound connection.
  let ticket: DialTicket?
  let remote: NetworkAddress
  /// The host that counts for limits and datagrams.
  let source: IPEndpoint?
  private(set) var startedAt: Instant
  var session: StreamSession
  var stage: Stage = .handshaking
  /// Who the other end is, once proven.
  var result: HandshakeResult?
  /// The number of a lease session.
  var lease: LeaseSession?
  private(set) var lastReceived: Instant
  private(set) var closingSince: Instant = .zero
  private var pingedAt: Instant = .zero
  private var input = ByteBuffer()
  private var context: ChannelHandlerContext?
  private var isPaused = false
  /// Not read from, because it sent more than its share.
  private var isThrottled = false
  /// When what it has sent is paid for.
  private var paidAt: Instant = .zero
  /// Bytes handed to the owner and not yet worked off.
  private var unacknowledged = 0
  /// Already in the transport's list of links to flush.
  var isDirty = false

  init(
    _ session: consuming StreamSession,
    ticket: DialTicket?,
    remote: NetworkAddress,
    source: IPEndpoint?,
    transport: StreamTransport,
    at now: Instant
  ) {
    self.session = session
    self.ticket = ticket
    self.remote = remote
    self.source = source
    self.transport = transport
    startedAt = now
    lastReceived = now
  }

  var isInbound: Bool { ticket == nil }

  var isActive: Bool { context?.channel.isActive ?? false }

  /// The address that answered, of a dialed connection.
  var connectedTo: IPEndpoint? { context?.channel.remoteAddress.flatMap { IPEndpoint($0) } }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    startedAt = currentInstant()
    transport.requestFlush(self)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    transport.sink.counters.streamBytesReceived += bytes.readableBytes
    let now = currentInstant()
    lastReceived = now
    guard stage != .closing else { return }
    if input.readableBytes == 0 {
      input = bytes
    } else {
      input.writeBuffer(&bytes)
    }
    process(at: now)
  }

  /// Takes everything out of the input that is whole.
  private func process(at now: Instant) {
    do throws(StreamFailure) {
      while stage != .closing, let event = try session.next(&input, at: now) {
        transport.handle(event, of: self, at: now)
      }
    } catch {
      transport.fail(self, error, at: now)
    }
    if stage == .closing || input.readableBytes == 0 {
      input = ByteBuffer()
    } else {
      input.discardReadBytes()
    }
    if session.output.readableBytes > 0 { transport.requestFlush(self) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { transport.requestFlush(self) }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    transport.connectionEnded(self)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Resets and timeouts of the connection; its end follows.
    context.close(promise: nil)
  }

  // MARK: Writing

  /// Writes what the socket takes now, with one flush.
  func flush(at now: Instant) {
    guard stage != .closing, let context, context.channel.isActive else { return }
    var hasWritten = false
    while context.channel.isWritable, let bytes = session.drain(limit: FrameLimits.piece, at: now) {
      transport.sink.counters.streamBytesSent += bytes.readableBytes
      context.write(wrapOutboundOut(bytes), promise: nil)
      hasWritten = true
    }
    if hasWritten { context.flush() }
  }

  /// Queued bytes that are sent before a session's end.
  private static let farewellBytes = 64 * 1_024

  /// Ends this direction, telling why when `code` is given, and waits a little for the other one to end.
  func close(_ code: CloseCode?, at now: Instant) {
    guard stage != .closing else { return }
    stage = .closing
    closingSince = now
    guard let context, context.channel.isActive else { return abort() }
    // What the owner said before it hung up still goes, as far as it is not much.
    if code == .done, let bytes = session.drain(limit: Self.farewellBytes, at: now) {
      transport.sink.counters.streamBytesSent += bytes.readableBytes
      context.write(wrapOutboundOut(bytes), promise: nil)
    }
    if let code { session.close(code, at: now) }
    if let bytes = session.drain(limit: 0, at: now) {
      transport.sink.counters.streamBytesSent += bytes.readableBytes
      context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }
    context.close(mode: .output, promise: nil)
    (isPaused, isThrottled) = (false, false)
    setReading(true)
  }

  /// Ends both directions at once.
  func abort() {
    stage = .closing
    context?.channel.close(promise: nil)
  }

  // MARK: Back-pressure and silence

  func delivered(_ cost: Int, limit: Int) {
    unacknowledged += cost
    guard unacknowledged > limit, !isPaused else { return }
    isPaused = true
    setReading(false)
  }

  func acknowledged(_ cost: Int, limit: Int) {
    unacknowledged = max(0, unacknowledged - cost)
    if unacknowledged <= limit / 2 { resume() }
  }

  /// Counts what came, and stops reading for as long as it takes to pay for more than two seconds' worth.
  func charge(_ cost: Int, perSecond: Int, at now: Instant) {
    let time = UInt64(cost) * 1_000_000_000 / UInt64(max(1, perSecond))
    paidAt = max(paidAt, now) + Interval(nanoseconds: time)
    let debt = paidAt.since(now).nanoseconds
    guard debt > 2_000_000_000, !isThrottled, stage == .open, let context else { return }
    isThrottled = true
    setReading(false)
    transport.sink.counters.throttled += 1
    let wait = TimeAmount.nanoseconds(Int64(clamping: debt - 2_000_000_000))
    context.eventLoop.assumeIsolated().scheduleTask(in: wait) {
      guard self.isThrottled else { return }
      self.isThrottled = false
      guard !self.isPaused else { return }
      self.lastReceived = currentInstant()
      self.setReading(true)
    }
  }

  private func resume() {
    guard isPaused else { return }
    isPaused = false
    guard !isThrottled else { return }
    // Silence that this node asked for is not the peer's.
    lastReceived = currentInstant()
    setReading(true)
  }

  private func setReading(_ isOn: Bool) {
    guard let context, context.channel.isActive else { return }
    do {
      try context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    } catch {
      context.close(promise: nil)
    }
  }

  /// Time in which this node did not run is not the peer's silence.
  func excuse(_ pause: Interval, at now: Instant) {
    lastReceived = min(now, lastReceived + pause)
    startedAt = min(now, startedAt + pause)
  }

  /// Whether the peer was silent for too long; pings it before that.
  func isSilent(at now: Instant, _ timing: TransportTiming) -> Bool {
    guard !isPaused, !isThrottled else { return false }
    let silence = now.since(lastReceived)
    if silence >= timing.idle { return true }
    if silence >= timing.ping, now.since(pingedAt) >= timing.ping {
      pingedAt = now
      session.ping(at: now)
      transport.requestFlush(self)
    }
    return false
  }
}
