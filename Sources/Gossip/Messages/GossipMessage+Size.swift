import Chain
import Cryptography

extension GossipMessage {
  /// Bytes of the frame's payload, counted without encoding it.
  public var encodedSize: Int {
    switch self {
    case .packet(let packet):
      Self.size(of: packet.objects) + Self.size(of: packet.digests) + Self.size(of: packet.wants)
        + Self.size(of: packet.stops) + Self.size(of: packet.starts)
    case .objects(let objects), .records(let objects): Self.size(of: objects)
    case .ranges(let ranges):
      ranges.ranges.reduce(Self.identifierSize * (ranges.held.count + ranges.wanted.count)) {
        $0 + Self.fieldSize($1.encodedSize)
      }
    case .recordsRequest(let count): count == 0 ? 0 : 1 + Self.varintSize(count)
    case .probe(.ping): 0
    case .probe(.ack): 2
    case .probe(.pingRequest): Self.identifierSize
    case .probe(.indirectAck): 2 + Self.identifierSize
    }
  }

  /// About the bytes on the wire, with the session's encryption and the headers.
  var cost: Int { encodedSize + 60 }

  /// Bytes of an identifier with its tag and length.
  static let identifierSize = 34

  private static func size(of objects: [SignedObject]) -> Int {
    objects.reduce(0) { $0 + fieldSize($1.encoded.count) }
  }

  private static func size(of shorts: [UInt64]) -> Int { shorts.isEmpty ? 0 : fieldSize(8 * shorts.count) }

  /// Bytes of content with its tag and length.
  static func fieldSize(_ length: Int) -> Int { 1 + varintSize(length) + length }

  private static func varintSize(_ value: Int) -> Int {
    var rest = value >> 7
    var bytes = 1
    while rest > 0 {
      rest >>= 7
      bytes += 1
    }
    return bytes
  }
}

extension RangeMessage.Range {
  fileprivate var encodedSize: Int {
    // Zeros at the end of the upper limit are not written.
    let length = upper.map { 32 - $0.bytes.reversed().prefix { $0 == 0 }.count } ?? 0
    let limit = length == 0 ? 0 : GossipMessage.fieldSize(length)
    return switch content {
    case .settled: limit
    case .fingerprint: limit + GossipMessage.fieldSize(16)
    case .listed(let identifiers): limit + 2 + GossipMessage.identifierSize * identifiers.count
    }
  }
}
