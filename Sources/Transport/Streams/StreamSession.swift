import NIOCore
import Primitives

/// Why a session ended by its own machine's judgement.
enum StreamFailure: Error, Hashable {
  case handshake(HandshakeFailure)
  case frame(FrameViolation)
}

/// One TCP session without IO, from the first byte of the handshake to the last record.
///
/// The owner feeds bytes with `next`, one event at a time, sends what appears in `output`, has handshake steps computed
/// and gives their outcomes to `conclude`, and decides after `.authenticated` whether a listener keeps the session:
/// `accept` or `close`.
struct StreamSession: ~Copyable {
  enum Event {
    /// To be computed, off the event loop, and its outcome given to `conclude`; until then `next` gives nothing.
    case handshake(HandshakeStep)
    /// The other end proved who it is. A listener's owner accepts or refuses now.
    case authenticated(HandshakeResult)
    /// The listener has kept the session: messages may flow.
    case opened
    /// What a record held.
    case frames([InboundFrame])
    /// The other end closed the stream properly.
    case ended(CloseCode)
  }

  private enum Phase {
    case handshaking
    /// Listener: the owner decides. Dialer: the listener decides.
    case authenticated
    case open
    case closed
  }

  struct Settings: Sendable {
    var frames: FrameLimits
    /// Of lease sessions; a listener learns the purpose from the dialer.
    var leaseFrames: FrameLimits
    var queues: QueueLimits
    var rekey = RekeyPolicy()
  }

  private let isDialer: Bool
  private let settings: Settings
  private var phase: Phase = .handshaking
  private var handshake: SharedHandshake?
  /// A step of the handshake is being computed.
  private(set) var isComputing = false
  private var hasStarted: Bool
  private var sealer: RecordSealer?
  private var opener: RecordOpener?
  private var assembler: FrameAssembler
  private var queue: OutboundQueue
  /// Bytes to send that are not records from the queue.
  private(set) var output = ByteBuffer()
  private(set) var sentMessages = 0
  private(set) var sentBytes = 0

  /// The dialer's side. The first event is the handshake's first step.
  init(dialing handshake: consuming sending Handshake, settings: Settings) {
    self.init(handshake, isDialer: true, settings: settings)
  }

  init(answering handshake: consuming sending Handshake, settings: Settings) {
    self.init(handshake, isDialer: false, settings: settings)
  }

  private init(_ handshake: consuming sending Handshake, isDialer: Bool, settings: Settings) {
    self.isDialer = isDialer
    isUntouched = !isDialer
    hasStarted = !isDialer
    self.settings = settings
    self.handshake = SharedHandshake(handshake)
    assembler = FrameAssembler(limits: settings.frames)
    queue = OutboundQueue(limits: settings.queues)
  }

  var isHandshaking: Bool { phase == .handshaking || phase == .authenticated }

  var isOpen: Bool { phase == .open }

  /// Whether the other end has not yet sent a first message.
  private(set) var isUntouched: Bool

  /// Bytes that wait to be sent or to become whole messages.
  var queuedBytes: Int { queue.totalBytes + output.readableBytes }

  var hasQueued: Bool { !queue.isEmpty }

  /// What the bytes at the front of `input` mean; nil when more are needed. Call until nil.
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
      return .handshake(HandshakeStep(handshake: handshake, task: .start))
    }
    let message: Handshake.Message?
    do throws(HandshakeFailure) {
      message = try handshake.nextMessage(from: &input)
    } catch {
      throw fail(error)
    }
    guard let message else { return nil }
    (isUntouched, isComputing) = (false, true)
    return .handshake(HandshakeStep(handshake: handshake, task: .answer(message)))
  }

  /// Takes the outcome of the step that `next` gave.
  mutating func conclude(
    _ outcome: Result<Handshake.Step, HandshakeFailure>,
    at now: Instant
  ) throws(StreamFailure) -> Event? {
    isComputing = false
    // The session may have been closed meanwhile.
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
        if let event = try judge(&frames, isFinal: record.isFinal) { return event }
      }
      return nil
    } catch {
      throw .frame(error)
    }
  }

  private mutating func judge(
    _ frames: inout [InboundFrame],
    isFinal: Bool
  ) throws(FrameViolation) -> Event? {
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
      // A listener's first word is its acceptance, alone.
      guard frames == [.accepted] else { throw .malformed }
      phase = .open
      return .opened
    }
    guard !frames.contains(.accepted) else { throw .malformed }
    return frames.isEmpty ? nil : .frames(frames)
  }

  /// The listener keeps the session.
  mutating func accept(at now: Instant) {
    guard phase == .authenticated, !isDialer else { return }
    phase = .open
    control(FrameHeader.Control.accepted, [], at: now)
  }

  /// Ends the stream in this direction, telling why, so that the other end can tell an end from a cut.
  ///
  /// During the handshake a listener refuses in the clear and a dialer says nothing. What is still queued is lost.
  mutating func close(_ code: CloseCode, at now: Instant) {
    switch phase {
    case .handshaking:
      if !isDialer { output.writeBytes(HandshakeMessage.refusal(code)) }
    case .authenticated, .open:
      control(FrameHeader.Control.close, [code.rawValue], final: true, at: now)
    case .closed:
      return
    }
    phase = .closed
    handshake = nil
  }

  mutating func ping(at now: Instant) {
    if phase == .open { control(FrameHeader.Control.ping, [], at: now) }
  }

  mutating func pong(at now: Instant) {
    // A peer that pings and does not read gets no pile of answers.
    if phase == .open, output.readableBytes < 1_024 { control(FrameHeader.Control.pong, [], at: now) }
  }

  private mutating func control(_ type: UInt8, _ payload: [UInt8], final: Bool = false, at now: Instant) {
    var record: [UInt8] = []
    FrameHeader.append(type: type, length: payload.count, to: &record)
    record.append(contentsOf: payload)
    sealer?.seal(record, final: final, at: now, into: &output)
  }

  /// Queues a message.
  ///
  /// - Precondition: `type` is below `0xF0` and `bytes` within 4 MiB; the public entry has checked both.
  mutating func enqueue(type: UInt8, bytes: [UInt8], class traffic: TrafficClass) -> OutboundQueue.Admission {
    guard phase == .open else { return .refused }
    return queue.enqueue(type: type, bytes: bytes, class: traffic)
  }

  /// What to write now: everything outside the queue, and sealed records until about `limit` bytes.
  mutating func drain(limit: Int, at now: Instant) -> ByteBuffer? {
    if phase == .open {
      while output.readableBytes < limit,
        let record = queue.nextRecord(payloadBytes: &sentBytes, messages: &sentMessages)
      {
        sealer?.seal(record, at: now, into: &output)
      }
    }
    guard output.readableBytes > 0 else { return nil }
    let bytes = output
    output = ByteBuffer()
    return bytes
  }
}
