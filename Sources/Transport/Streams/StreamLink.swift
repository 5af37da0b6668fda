import NIOCore
import Primitives

/// Which peer to connect to, and the purpose of the session.
struct DialRequest: Hashable, Sendable {
  let address: NetworkAddress
  let expected: ExpectedPeer
  let purpose: SessionPurpose
}

/// One TCP connection: moves bytes between the socket and the `StreamSession`. Lives on the event loop.
///
/// Received bytes are kept here until the endpoint handles them in a turn of the event loop. While many
/// wait, the socket is not read, so that TCP's flow control slows the peer down and memory does not grow.
final class StreamLink: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// While a link waits for a turn and holds this many received bytes, its socket is not read.
  private static let readLimit = 64 << 10

  /// Can transition to: `handshaking` → `open` → `closing`, or `handshaking` → `closing`.
  enum Phase {
    case handshaking
    case open
    case closing
  }

  private unowned let transport: StreamTransport
  /// The dial request that made this connection; nil for an inbound connection.
  let request: DialRequest?
  let remote: NetworkAddress
  /// The peer's address, for the limits per address; nil for an outbound connection.
  let source: IPEndpoint?
  private(set) var startedAt: Instant
  var session: StreamSession
  var phase: Phase = .handshaking
  /// The peer's identity, once the handshake has proved it.
  var result: HandshakeResult?
  /// The number of a lease session.
  var lease: LeaseSession?
  private(set) var lastReceived: Instant
  private(set) var closingSince: Instant = .zero
  private var pingedAt: Instant = .zero
  private var input = ByteBuffer()
  private var context: ChannelHandlerContext?
  /// Whether the link is in a queue of `StreamTransport`, to have its received bytes handled.
  var isQueued = false
  /// Whether the peer is reserved (a validator): then the link is served before others.
  var isReserved = false
  /// Whether the connection is closed. Received bytes may still wait for a turn.
  private(set) var hasEnded = false
  /// Whether the channel has asked to read while reading was suspended.
  private var isReadHeld = false
  /// Whether reading is suspended because the owner has too many unacknowledged events.
  private var isPaused = false
  /// Whether reading is suspended because the peer exceeded its rate limit.
  private var isThrottled = false
  /// When the bytes received so far will be within the rate limit.
  private var withinRateAt: Instant = .zero
  /// Bytes of events that the owner has not acknowledged.
  private var unacknowledged = 0
  /// Whether the link is in the transport's list of links to flush.
  var isDirty = false

  init(
    _ session: consuming StreamSession,
    request: DialRequest?,
    remote: NetworkAddress,
    source: IPEndpoint?,
    transport: StreamTransport,
    at now: Instant
  ) {
    self.session = session
    self.request = request
    self.remote = remote
    self.source = source
    self.transport = transport
    startedAt = now
    lastReceived = now
  }

  var isInbound: Bool { request == nil }

  var isActive: Bool { context?.channel.isActive ?? false }

  /// The remote address of the connection.
  var connectedTo: IPEndpoint? { context?.channel.remoteAddress.flatMap { IPEndpoint($0) } }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) {
    startedAt = currentInstant()
    transport.enqueue(self)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    transport.sink.counters.streamBytesReceived += bytes.readableBytes
    lastReceived = currentInstant()
    guard phase != .closing else { return }
    if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
    if mayWork { transport.enqueue(self) }
  }

  func read(context: ChannelHandlerContext) {
    guard mayRead else {
      isReadHeld = true
      return
    }
    context.read()
  }

  /// Handles about `budget` of the received bytes, or one record if it is larger. Returns how many bytes it
  /// handled and whether more are ready.
  func work(upTo budget: Int, at now: Instant) -> (used: Int, isMoreLeft: Bool) {
    let available = input.readableBytes
    var messages = 0
    var used: Int { available - input.readableBytes + messages * TransportEvent.overhead }
    var isMoreLeft = false
    do throws(StreamFailure) {
      while phase != .closing, mayWork {
        isMoreLeft = used >= budget
        guard !isMoreLeft, let event = try session.next(&input, at: now) else { break }
        if case .frames(let frames) = event { messages += frames.count }
        transport.handle(event, of: self, at: now)
      }
    } catch {
      transport.fail(self, error, at: now)
    }
    if phase == .closing || input.readableBytes == 0 {
      input = ByteBuffer()
    } else if input.readerIndex >= Self.readLimit {
      input.discardReadBytes()
    }
    if session.output.readableBytes > 0 { transport.requestFlush(self) }
    return (used, isMoreLeft && phase != .closing && mayWork)
  }

  /// Takes the outcome of a handshake step and continues the session.
  func conclude(_ outcome: Result<Handshake.Outcome, HandshakeFailure>) {
    guard phase != .closing else { return }
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
    if phase != .closing, input.readableBytes > 0 || session.isComputing {
      // The bytes that were received before the end are handled first.
      if !session.isComputing { transport.enqueue(self) }
    } else {
      transport.connectionEnded(self)
    }
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The connection was reset or timed out; `channelInactive` follows.
    context.close(promise: nil)
  }

  // MARK: Writing

  /// Writes as much as the socket takes now, with one flush.
  func flush(at now: Instant) {
    guard phase != .closing, let context, context.channel.isActive else { return }
    var hasWritten = false
    while context.channel.isWritable, let bytes = session.drain(limit: FrameLimits.piece, at: now) {
      transport.sink.counters.streamBytesSent += bytes.readableBytes
      context.write(wrapOutboundOut(bytes), promise: nil)
      hasWritten = true
    }
    if hasWritten { context.flush() }
  }

  /// The most queued bytes that are still sent when the owner closes a session.
  private static let finalBytes = 64 * 1_024

  /// Closes this node's direction, with a close message if `code` is given. The peer then closes its own.
  func close(_ code: CloseCode?, at now: Instant) {
    guard phase != .closing else { return }
    phase = .closing
    closingSince = now
    guard let context, context.channel.isActive else { return abort() }
    // Messages that the owner queued before it closed the session are still sent, up to a limit.
    if code == .done, let bytes = session.drain(limit: Self.finalBytes, at: now) {
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
    phase = .closing
    context?.channel.close(promise: nil)
  }

  // MARK: Flow control and timeouts

  /// Whether received bytes may be handled.
  private var mayWork: Bool { hasEnded || !isPaused && !isThrottled }

  /// Whether the socket may be read. In a closing session bytes are read and dropped.
  private var mayRead: Bool {
    if phase == .closing { return true }
    guard !isPaused, !isThrottled else { return false }
    return input.readableBytes < Self.readLimit || !isQueued && !session.isComputing
  }

  /// Lets the channel read if it has asked to and is allowed again.
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
    resume()
  }

  /// Counts received bytes against the rate limit. Suspends reading when they exceed it by two seconds' worth
  /// of bytes.
  func charge(_ cost: Int, perSecond: Int, at now: Instant) {
    let time = UInt64(cost) * 1_000_000_000 / UInt64(max(1, perSecond))
    withinRateAt = max(withinRateAt, now) + Interval(nanoseconds: time)
    let debt = withinRateAt.since(now).nanoseconds
    guard debt > 2_000_000_000, !isThrottled, phase == .open, let context else { return }
    isThrottled = true
    transport.sink.counters.throttled += 1
    let wait = TimeAmount.nanoseconds(Int64(clamping: debt - 2_000_000_000))
    context.eventLoop.assumeIsolated().scheduleTask(in: wait) {
      guard self.isThrottled else { return }
      self.isThrottled = false
      self.resume()
    }
  }

  /// Handles and reads bytes again after a suspension.
  private func resume() {
    guard mayWork, phase != .closing else { return }
    // Nothing could be received while reading was suspended. That time must not count as the peer's silence.
    lastReceived = currentInstant()
    transport.enqueue(self)
    resumeReading()
  }

  /// Postpones the timeouts by `pause`, a time in which this process did not run.
  func shiftTimeouts(by pause: Interval, at now: Instant) {
    lastReceived = min(now, lastReceived + pause)
    startedAt = min(now, startedAt + pause)
  }

  /// Whether nothing was received for the idle timeout. Sends a ping when nothing was received for the ping timeout.
  func checkSilence(at now: Instant, _ timing: TransportTiming) -> Bool {
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
