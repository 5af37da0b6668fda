/// A message or control frame of a record.
enum InboundFrame: Hashable, Sendable {
  case message(type: UInt8, bytes: [UInt8])
  case ping
  case pong
  case accepted
  case close(CloseCode)
}

/// Reassembles messages from the plaintext of records. Lengths are checked before they are used.
///
/// At most one message of each class is incomplete at a time, and its memory grows only with the bytes received. So a peer can
/// occupy at most five times the size of its largest message.
struct FrameAssembler: Sendable {
  private struct Partial {
    let type: UInt8
    let total: Int
    var bytes: [UInt8]
  }

  private let limits: FrameLimits
  private var partials: [Partial?]

  init(limits: FrameLimits) {
    self.limits = limits
    partials = Array(repeating: nil, count: TrafficClass.allCases.count)
  }

  /// Bytes of incomplete messages.
  var pendingBytes: Int { partials.reduce(0) { $0 + ($1?.bytes.count ?? 0) } }

  /// Parses one record. Appends its control frames, and the messages that are complete with it, to `frames`.
  mutating func receive(_ record: [UInt8], into frames: inout [InboundFrame]) throws(FrameViolation) {
    var position = 0
    var count = 0
    while position < record.count {
      guard record.count - position >= FrameHeader.count else { throw .malformed }
      count += 1
      guard count <= FrameLimits.framesPerRecord else { throw .malformed }
      let type = record[position]
      let length =
        Int(record[position + 1]) << 16 | Int(record[position + 2]) << 8 | Int(record[position + 3])
      position += FrameHeader.count
      guard length <= record.count - position else { throw .malformed }
      let payload = record[position..<position + length]
      position += length
      if type < FrameLimits.firstReservedType {
        if try admits(type, length: length) { frames.append(.message(type: type, bytes: Array(payload))) }
      } else {
        try control(type, payload, into: &frames)
      }
    }
  }

  /// Whether to take a frame: false for an unknown optional type, whose frames are skipped. Throws for any
  /// other unknown type and for a frame that is too large.
  private func admits(_ type: UInt8, length: Int) throws(FrameViolation) -> Bool {
    guard let maximum = limits.maximum(of: type) else {
      guard type >= FrameLimits.firstOptionalType else { throw .unknownType }
      return false
    }
    guard length <= maximum else { throw .tooLarge }
    return true
  }

  private mutating func control(
    _ type: UInt8,
    _ payload: ArraySlice<UInt8>,
    into frames: inout [InboundFrame]
  ) throws(FrameViolation) {
    switch type {
    case FrameHeader.Control.begin: try begin(payload)
    case FrameHeader.Control.piece: if let message = try append(payload) { frames.append(message) }
    case FrameHeader.Control.ping:
      guard payload.isEmpty else { throw .malformed }
      // Several pings in one record are answered once.
      if frames.last != .ping { frames.append(.ping) }
    case FrameHeader.Control.pong:
      guard payload.isEmpty else { throw .malformed }
      if frames.last != .pong { frames.append(.pong) }
    case FrameHeader.Control.close:
      guard payload.count == 1, let code = payload.first else { throw .malformed }
      frames.append(.close(CloseCode(received: code)))
    case FrameHeader.Control.accepted:
      guard payload.isEmpty else { throw .malformed }
      frames.append(.accepted)
    default: throw .unknownType
    }
  }

  private mutating func begin(_ payload: ArraySlice<UInt8>) throws(FrameViolation) {
    guard payload.count == FrameHeader.beginCount else { throw .malformed }
    let fields = Array(payload)
    let total = fields[2...].reduce(0) { $0 << 8 | Int($1) }
    guard let slot = TrafficClass(rawValue: fields[0]).map({ Int($0.rawValue) }), total > 0 else {
      throw .malformed
    }
    let type = fields[1]
    // A message in pieces must have a known type: to skip one, the assembler would have to keep track of it.
    guard type < FrameLimits.firstReservedType, let maximum = limits.maximum(of: type) else {
      throw .unknownType
    }
    guard total <= maximum else { throw .tooLarge }
    guard partials[slot] == nil else { throw .fragment }
    partials[slot] = Partial(type: type, total: total, bytes: [])
  }

  private mutating func append(_ payload: ArraySlice<UInt8>) throws(FrameViolation) -> InboundFrame? {
    guard let first = payload.first, let slot = TrafficClass(rawValue: first).map({ Int($0.rawValue) }) else {
      throw .malformed
    }
    // Taken out of its slot, so that the array is uniquely referenced and appending does not copy it.
    guard var partial = partials[slot].take() else { throw .fragment }
    let bytes = payload.dropFirst()
    guard !bytes.isEmpty, bytes.count <= partial.total - partial.bytes.count else { throw .fragment }
    partial.bytes.append(contentsOf: bytes)
    guard partial.bytes.count == partial.total else {
      partials[slot] = partial
      return nil
    }
    return .message(type: partial.type, bytes: partial.bytes)
  }
}
