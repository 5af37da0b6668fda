import NIOCore
import Primitives

/// Why a session ended by its own machine's judgement.
enum StreamFailure: Error, Hashable {
  case handshake(HandshakeFailure)
  case frame(FrameViolation)
}

/// One TCP session without IO, from the first byte of the handshake to the last record.
///
/// The owner feeds bytes with `next`, one event at a time, sends what appears in `output`, and decides after
/// `.authenticated` whether a listener keeps the session: `accept` or `refuse`.
struct StreamSession: ~Copyable {
  enum Event {
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
  private var handshake: Handshake?
  private var sealer: RecordSealer?
  private var opener: RecordOpener?
  private var assembler: FrameAssembler
  private var queue: OutboundQueue
  /// Bytes to send that are not records from the queue.
  private(set) var output = ByteBuffer()
  private(set) var sentMessages = 0
  private(set) var sentBytes = 0

  init(dialing handshake: consuming Handshake, settings: Settings) throws(HandshakeFailure) {
    self.init(handshake, isDialer: true, settings: settings)
    let message = try self.handshake?.start() ?? []
    output.writeBytes(message)
  }

  init(answering handshake: consuming Handshake, settings: Settings) {
    self.init(handshake, isDialer: false, settings: settings)
  }

  private init(_ handshake: consuming Handshake, isDialer: Bool, settings: Settings) {
    self.isDialer = isDialer
    isUntouched = !isDialer
    self.settings = settings
    self.handshake = consume handshake
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
    case .handshaking: return try handshakeStep(&input, at: now)
    case .authenticated: return isDialer ? try record(&input) : nil
    case .open: return try record(&input)
    case .closed:
      input.clear()
      return nil
    }
  }

  private mutating func handshakeStep(
    _ input: inout ByteBuffer,
    at now: Instant
  ) throws(StreamFailure) -> Event? {
    while true {
      let step: Handshake.Step
      do throws(HandshakeFailure) {
        step = try handshake?.receive(&input) ?? .incomplete
      } catch {
        if !isDialer, let code = error.refusal { output.writeBytes(HandshakeMessage.refusal(code)) }
        phase = .closed
        throw .handshake(error)
      }
      switch step {
      case .incomplete:
        return nil
      case .reply(let bytes):
        isUntouched = false
        output.writeBytes(bytes)
      case .done(let result, let reply):
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
