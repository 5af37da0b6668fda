import NIOCore
import Primitives

/// What a dial was for.
struct DialTicket: Hashable, Sendable {
  let address: NetworkAddress
  let expected: ExpectedPeer
  let purpose: SessionPurpose
}

/// One TCP connection on its event loop: moves bytes between the socket and the session's machine.
///
/// What the socket brings is gathered here and worked off in the endpoint's turns. A link with much to work off is not
/// read from meanwhile, so that its peer waits and not this node's memory grows.
final class StreamLink: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// A link with a turn to come is not read from beyond this many bytes.
  private static let readLimit = 64 << 10

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
  /// Waits for a turn.
  var isQueued = false
  /// Read before others: the peer is a validator.
  var isReserved = false
  /// The connection is gone; what came before is still to be worked off.
  private(set) var hasEnded = false
  /// The channel wanted to read and was told to wait.
  private var isReadHeld = false
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
    transport.enqueue(self)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    transport.sink.counters.streamBytesReceived += bytes.readableBytes
    lastReceived = currentInstant()
    guard stage != .closing else { return }
    if input.readableBytes == 0 {
      input = bytes
    } else {
      input.writeBuffer(&bytes)
    }
    if mayWork { transport.enqueue(self) }
  }

  func read(context: ChannelHandlerContext) {
    guard mayRead else {
      isReadHeld = true
      return
    }
    context.read()
  }

  /// Works off about `budget` bytes of what has come, at least one record if there is one. Returns how many it was and
  /// whether more can be worked off at once.
  func work(upTo budget: Int, at now: Instant) -> (used: Int, isMoreLeft: Bool) {
    let available = input.readableBytes
    var messages = 0
    var used: Int { available - input.readableBytes + messages * TransportEvent.overhead }
    var isMoreLeft = false
    do throws(StreamFailure) {
      while stage != .closing, mayWork {
        isMoreLeft = used >= budget
        guard !isMoreLeft, let event = try session.next(&input, at: now) else { break }
        if case .frames(let frames) = event { messages += frames.count }
        transport.handle(event, of: self, at: now)
      }
    } catch {
      transport.fail(self, error, at: now)
    }
    if stage == .closing || input.readableBytes == 0 {
      input = ByteBuffer()
    } else if input.readerIndex >= Self.readLimit {
      input.discardReadBytes()
    }
    if session.output.readableBytes > 0 { transport.requestFlush(self) }
    return (used, isMoreLeft && stage != .closing && mayWork)
  }

  /// Goes on after a step of the handshake.
  func conclude(_ outcome: Result<Handshake.Step, HandshakeFailure>) {
    guard stage != .closing else { return }
    let now = currentInstant()
    do throws(StreamFailure) {
      if let event = try session.conclude(outcome, at: now) { transport.handle(event, of: self, at: now) }
    } catch {
      transport.fail(self, error, at: now)
    }
    if session.output.readableBytes > 0 { transport.requestFlush(self) }
    transport.enqueue(self)
    resumeReading()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { transport.requestFlush(self) }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    hasEnded = true
    if stage != .closing, input.readableBytes > 0 || session.isComputing {
      // The end comes after what was sent before it.
      if !session.isComputing { transport.enqueue(self) }
    } else {
      transport.connectionEnded(self)
    }
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
    resumeReading()
  }

  /// Ends both directions at once.
  func abort() {
    stage = .closing
    context?.channel.close(promise: nil)
  }

  // MARK: Back-pressure and silence

  /// Whether what has come may be worked off.
  private var mayWork: Bool { hasEnded || !isPaused && !isThrottled }

  /// Whether the socket may be read from. What comes after the end of a session is read, too, and dropped.
  private var mayRead: Bool {
    if stage == .closing { return true }
    guard !isPaused, !isThrottled else { return false }
    return input.readableBytes < Self.readLimit || !isQueued && !session.isComputing
  }

  /// Lets the channel read if it wanted to and may again.
  func resumeReading() {
    guard isReadHeld, mayRead, let context else { return }
    isReadHeld = false
    context.read()
  }

  func delivered(_ cost: Int, limit: Int) {
    unacknowledged += cost
    if unacknowledged > limit { isPaused = true }
  }

  func acknowledged(_ cost: Int, limit: Int) {
    unacknowledged = max(0, unacknowledged - cost)
    guard isPaused, unacknowledged <= limit / 2 else { return }
    isPaused = false
    goOn()
  }

  /// Counts what came, and stops reading for as long as it takes to pay for more than two seconds' worth.
  func charge(_ cost: Int, perSecond: Int, at now: Instant) {
    let time = UInt64(cost) * 1_000_000_000 / UInt64(max(1, perSecond))
    paidAt = max(paidAt, now) + Interval(nanoseconds: time)
    let debt = paidAt.since(now).nanoseconds
    guard debt > 2_000_000_000, !isThrottled, stage == .open, let context else { return }
    isThrottled = true
    transport.sink.counters.throttled += 1
    let wait = TimeAmount.nanoseconds(Int64(clamping: debt - 2_000_000_000))
    context.eventLoop.assumeIsolated().scheduleTask(in: wait) {
      guard self.isThrottled else { return }
      self.isThrottled = false
      self.goOn()
    }
  }

  /// Works and reads again after a pause.
  private func goOn() {
    guard mayWork, stage != .closing else { return }
    // Silence that this node asked for is not the peer's.
    lastReceived = currentInstant()
    transport.enqueue(self)
    resumeReading()
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
