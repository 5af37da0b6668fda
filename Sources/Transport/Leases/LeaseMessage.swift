import Primitives

/// The payload of a frame in a lease session: the number of the request, 4 bytes, then the message.
enum LeaseMessage {
  static let prefixBytes = 4

  /// The number of the request and the message. `request` is 0 for a message that is neither a request nor a
  /// response.
  static func payload(request: UInt32, _ bytes: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacity: prefixBytes + bytes.count)
    writer.write(request)
    writer.writeRaw(bytes)
    return writer.bytes
  }

  /// The event of a received frame; nil when the frame is too short for a request number.
  static func event(_ session: LeaseSession, _ type: UInt8, _ payload: [UInt8]) -> TransportEvent? {
    guard payload.count >= prefixBytes else { return nil }
    let request = payload[..<prefixBytes].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return .leaseFrame(session, request: request, type: type, bytes: Array(payload[prefixBytes...]))
  }
}
