/// The framing inside records: a record's plaintext is a sequence of {type, 3-byte length, payload}.
enum FrameHeader {
  static let count = 4

  /// The types of control frames.
  enum Control {
    /// Begins a message in pieces: {class, type, 4-byte total}.
    static let begin: UInt8 = 0xF0
    /// Continues the message of a class: {class, bytes}.
    static let piece: UInt8 = 0xF1
    static let ping: UInt8 = 0xF2
    static let pong: UInt8 = 0xF3
    /// Closes the stream: {close code}.
    static let close: UInt8 = 0xF4
    /// The listener accepts the session. This is the only frame of its first record.
    static let accepted: UInt8 = 0xF5
  }

  static let beginCount = 6

  static func append(type: UInt8, length: Int, to record: inout [UInt8]) {
    record.append(type)
    record.append(UInt8(truncatingIfNeeded: length >> 16))
    record.append(UInt8(truncatingIfNeeded: length >> 8))
    record.append(UInt8(truncatingIfNeeded: length))
  }

  static func appendBegin(type: UInt8, total: Int, class traffic: TrafficClass, to record: inout [UInt8]) {
    append(type: Control.begin, length: beginCount, to: &record)
    record.append(traffic.rawValue)
    record.append(type)
    for shift in [24, 16, 8, 0] { record.append(UInt8(truncatingIfNeeded: total >> shift)) }
  }
}
