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
      ranges.ranges.reduce(Self.identifier * (ranges.held.count + ranges.wanted.count)) {
        $0 + Self.field($1.encodedSize)
      }
    case .recordsRequest(let count): count == 0 ? 0 : 1 + Self.varint(count)
    case .probe(.ping): 0
    case .probe(.ack): 2
    case .probe(.pingRequest): Self.identifier
    case .probe(.indirectAck): 2 + Self.identifier
    }
  }

  /// With its session's sealing and the headers around it, about.
  var cost: Int { encodedSize + 60 }

  /// An identifier with its tag and length.
  static let identifier = 34

  private static func size(of objects: [SignedObject]) -> Int {
    objects.reduce(0) { $0 + field($1.encoded.count) }
  }

  private static func size(of shorts: [UInt64]) -> Int { shorts.isEmpty ? 0 : field(8 * shorts.count) }

  /// Content with its tag and length.
  static func field(_ length: Int) -> Int { 1 + varint(length) + length }

  private static func varint(_ value: Int) -> Int {
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
    let limit = length == 0 ? 0 : GossipMessage.field(length)
    return switch content {
    case .settled: limit
    case .fingerprint: limit + GossipMessage.field(16)
    case .listed(let identifiers): limit + 2 + GossipMessage.identifier * identifiers.count
    }
  }
}
