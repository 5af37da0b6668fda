import NIOCore
import Primitives

/// Why a session's state machine ended it.
enum StreamFailure: Error, Hashable {
  case handshake(HandshakeFailure)
  case frame(FrameViolation)
}

/// A state machine of one TCP session without IO, from the first byte of the handshake to the last record.
///
/// The caller passes received bytes to `next`, which returns one event at a time, and sends the bytes that
/// `drain` returns. It computes handshake steps on another thread and passes their outcomes to `conclude`.
/// After `.authenticated` a listener calls `accept` or `close`.
struct StreamSession: ~Copyable {
  enum Event {
    /// Compute this step, not on the event loop, and pass its outcome to `conclude`. Until then `next` returns nil.
    case handshake(HandshakeStep)
    /// The peer has proved its key. A listener accepts or closes the session now.
    case authenticated(HandshakeResult)
    /// The listener has accepted the session: messages can be sent.
    case opened
    /// The frames of a record.
    case frames([InboundFrame])
    /// The peer closed the stream with a close message.
    case ended(CloseCode)
  }

  private enum Phase {
    case handshaking
    /// The handshake is done; the listener has not accepted yet.
    case authenticated
    case open
    case closed
  }

  private let isDialer: Bool
  private let settings: TransportConfiguration
  private var phase: Phase = .handshaking
  private var handshake: SharedHandshake?
  /// Whether a step of the handshake is in computation.
  private(set) var isComputing = false
  private var hasStarted: Bool
  private var sealer: RecordSealer?
  private var opener: RecordOpener?
  private var assembler: FrameAssembler
  private var queue: OutboundQueue
  /// Handshake messages and control frames that are ready to be sent.
  private(set) var output = ByteBuffer()

  /// The first event of a dialer's session is the handshake's first step.
  init(_ handshake: consuming sending Handshake, isDialer: Bool, settings: TransportConfiguration) {
    self.isDialer = isDialer
    isUntouched = !isDialer
    hasStarted = !isDialer
    self.settings = settings
    self.handshake = SharedHandshake(handshake)
    assembler = FrameAssembler(limits: settings.frames)
    queue = OutboundQueue(limits: settings.queues)
  }

  /// Whether this is a listener's session that has not received its first message.
  private(set) var isUntouched: Bool

  /// How many bytes wait to be sent.
  var queuedBytes: Int { queue.totalBytes + output.readableBytes }

  /// Returns the next event from the front of `input`; nil when more bytes are needed. Call it until nil.
  mutating func next(_ input: inout ByteBuffer, at now: Instant) throws(StreamFailure) -> Event? {
    switch phase {
    case .handshaking: return try handshakeStep(&input)
    case .authenticated: return isDialer ? try record(&input) : nil
    case .open: return try record(&input)
    case .closed:
      input.clear()
      return nil
    }
  }

  private mutating func handshakeStep(_ input: inout ByteBuffer) throws(StreamFailure) -> Event? {
    guard !isComputing, let handshake else { return nil }
    guard hasStarted else {
      (hasStarted, isComputing) = (true, true)
      return .handshake(HandshakeStep(handshake: handshake, message: nil))
    }
    let message: Handshake.Message?
    do throws(HandshakeFailure) { message = try handshake.nextMessage(from: &input) } catch {
      throw fail(error)
    }
    guard let message else { return nil }
    (isUntouched, isComputing) = (false, true)
    return .handshake(HandshakeStep(handshake: handshake, message: message))
  }

  /// Takes the outcome of the step that `next` returned.
  mutating func conclude(
    _ outcome: Result<Handshake.Outcome, HandshakeFailure>,
    at now: Instant
  ) throws(StreamFailure) -> Event? {
    isComputing = false
    // The session may have been closed while the step was computed.
    guard phase == .handshaking else { return nil }
    switch outcome {
    case .failure(let failure): throw fail(failure)
    case .success(.incomplete): return nil
    case .success(.reply(let bytes)):
      output.writeBytes(bytes)
      return nil
    case .success(.done(let result, let reply)):
      output.writeBytes(reply)
      handshake = nil
      sealer = RecordSealer(key: result.sendKey, policy: settings.rekey, at: now)
      opener = RecordOpener(key: result.receiveKey)
      // A listener learns the purpose from the dialer.
      if result.purpose == .lease {
        assembler = FrameAssembler(limits: settings.leaseFrames.extended(by: LeaseMessage.prefixBytes))
      }
      phase = .authenticated
      return .authenticated(result)
    }
  }

  private mutating func fail(_ failure: HandshakeFailure) -> StreamFailure {
    if !isDialer, let code = failure.refusal { output.writeBytes(HandshakeMessage.refusal(code)) }
    phase = .closed
    return .handshake(failure)
  }

  private mutating func record(_ input: inout ByteBuffer) throws(StreamFailure) -> Event? {
    do throws(FrameViolation) {
      while let record = try opener?.next(from: &input) {
        var frames: [InboundFrame] = []
        try assembler.receive(record.bytes, into: &frames)
        if let event = try event(of: frames, isFinal: record.isFinal) { return event }
      }
      return nil
    } catch {
      throw .frame(error)
    }
  }

  private mutating func event(of frames: [InboundFrame], isFinal: Bool) throws(FrameViolation) -> Event? {
    for frame in frames {
      if case .close(let code) = frame {
        phase = .closed
        return .ended(code)
      }
    }
    if isFinal {
      phase = .closed
      return .ended(.unspecified)
    }
    if phase == .authenticated {
      // The first record from a listener must hold the accepted frame and nothing else.
      guard frames == [.accepted] else { throw .malformed }
      phase = .open
      return .opened
    }
    guard !frames.contains(.accepted) else { throw .malformed }
    return frames.isEmpty ? nil : .frames(frames)
  }

  /// Accepts the session, as a listener.
  mutating func accept(at now: Instant) {
    guard phase == .authenticated, !isDialer else { return }
    phase = .open
    control(FrameHeader.Control.accepted, [], at: now)
  }

  /// Ends this direction of the stream with a close message, which proves that the stream was not cut off.
  ///
  /// During the handshake a listener sends an unencrypted refusal and a dialer sends nothing. Queued messages are dropped.
  mutating func close(_ code: CloseCode, at now: Instant) {
    switch phase {
    case .handshaking: if !isDialer { output.writeBytes(HandshakeMessage.refusal(code)) }
    case .authenticated, .open: control(FrameHeader.Control.close, [code.rawValue], final: true, at: now)
    case .closed: return
    }
    phase = .closed
    handshake = nil
  }

  mutating func ping(at now: Instant) {
    if phase == .open { control(FrameHeader.Control.ping, [], at: now) }
  }

  mutating func pong(at now: Instant) {
    // A peer that pings but does not read cannot make pongs pile up.
    if phase == .open, output.readableBytes < 1_024 { control(FrameHeader.Control.pong, [], at: now) }
  }

  private mutating func control(_ type: UInt8, _ payload: [UInt8], final: Bool = false, at now: Instant) {
    var record: [UInt8] = []
    FrameHeader.append(type: type, length: payload.count, to: &record)
    record.append(contentsOf: payload)
    sealer?.seal(record, final: final, at: now, into: &output)
  }

  /// Queues a message. Its type is below `0xF0` and its bytes within 4 MiB: the public entry checked both.
  mutating func enqueue(type: UInt8, bytes: [UInt8], class traffic: TrafficClass) -> OutboundQueue.Admission {
    guard phase == .open else { return .refused }
    return queue.enqueue(type: type, bytes: bytes, class: traffic)
  }

  /// The bytes to write now: all of `output`, then encrypted records of queued messages up to about `limit` bytes.
  mutating func drain(limit: Int, at now: Instant) -> ByteBuffer? {
    if phase == .open {
      while output.readableBytes < limit,
        let record = queue.nextRecord()
      { sealer?.seal(record, at: now, into: &output) }
    }
    guard output.readableBytes > 0 else { return nil }
    let bytes = output
    output = ByteBuffer()
    return bytes
  }
}
