public import Chain
import Cryptography
public import Primitives
public import Wire

extension GossipMessage {
  public var kind: FrameKind {
    switch self {
    case .packet: .packet
    case .objects: .objects
    case .ranges: .ranges
    case .recordsRequest: .recordsRequest
    case .records: .records
    case .probe: .probe
    }
  }

  /// The frame's payload.
  public var encoded: [UInt8] {
    switch self {
    case .packet(let packet): packet.encoded
    case .objects(let objects), .records(let objects):
      Supercloud_Peer_V1_Objects.filled { $0.objects = objects.map { .init(wire: $0.encoded) } }.encoded
    case .ranges(let ranges): ranges.encoded
    case .recordsRequest(let count):
      Supercloud_Peer_V1_RecordsRequest.filled { $0.count = UInt32(clamping: count) }.encoded
    case .probe(let probe): probe.encoded
    }
  }

  /// Decodes a frame of gossip; signatures are not checked.
  ///
  /// - Throws: `DecodingError` when the bytes are not that message, or the kind is not gossip's.
  public init(kind: FrameKind, bytes: [UInt8], chain: ChainID) throws(DecodingError) {
    switch kind {
    case .packet: self = .packet(try Packet(decoding: bytes, chain: chain))
    case .objects:
      let wire = try Supercloud_Peer_V1_Objects(decoding: bytes, limit: kind.limit)
      self = .objects(try GossipLimits.decodeObjects(wire.objects.map(\.array), chain: chain))
    case .ranges: self = .ranges(try RangeMessage(decoding: bytes))
    case .recordsRequest:
      let wire = try Supercloud_Peer_V1_RecordsRequest(decoding: bytes, limit: kind.limit)
      self = .recordsRequest(count: Int(wire.count))
    case .records:
      let wire = try Supercloud_Peer_V1_Objects(decoding: bytes, limit: kind.limit)
      guard wire.objects.count <= GossipLimits.records else { throw .outOfRange(field: "records") }
      let records = try GossipLimits.decodeObjects(wire.objects.map(\.array), chain: chain)
      guard records.allSatisfy({ $0.kind == .nodeRecord }) else { throw .invalid(field: "records") }
      self = .records(records)
    case .probe: self = .probe(try Probe(decoding: bytes))
    default: throw .invalid(field: "kind")
    }
  }
}

/// Limits of the counts in a gossip frame. A frame that exceeds one is refused.
public enum GossipLimits {
  /// Node records in one answer.
  public static let records = 16
  /// Objects in one frame. The smallest object takes about 110 bytes of the frame's megabyte.
  public static let objects = 10_000
  /// Ranges in one message of reconciliation.
  public static let ranges = 1_024
  /// Identifiers in one message of reconciliation, over all its fields.
  public static let identifiers = 2_048

  static func decodeObjects(_ encoded: [[UInt8]], chain: ChainID) throws(DecodingError) -> [SignedObject] {
    guard encoded.count <= objects else { throw .outOfRange(field: "objects") }
    return try encoded.map { bytes throws(DecodingError) in try SignedObject(decoding: bytes, chain: chain) }
  }
}

extension Packet {
  public var encoded: [UInt8] {
    Supercloud_Peer_V1_Packet.filled {
      $0.objects = objects.map { .init(wire: $0.encoded) }
      $0.digests = digests
      $0.wants = wants
      $0.stops = stops
      $0.starts = starts
    }.encoded
  }

  /// - Throws: `outOfRange` when there are more than `GossipLimits.objects` objects, `invalid` when the bytes
  ///   are not a packet, and the errors of decoding its objects. Only the frame's length limits the other
  ///   lists.
  public init(decoding bytes: [UInt8], chain: ChainID) throws(DecodingError) {
    let wire = try Supercloud_Peer_V1_Packet(decoding: bytes, limit: FrameKind.packet.limit)
    self.init()
    objects = try GossipLimits.decodeObjects(wire.objects.map(\.array), chain: chain)
    digests = wire.digests
    wants = wire.wants
    stops = wire.stops
    starts = wire.starts
  }
}

extension Probe {
  var encoded: [UInt8] {
    Supercloud_Peer_V1_Probe.filled {
      switch self {
      case .ping: break
      case .ack: $0.alive = true
      case .pingRequest(let target): $0.target = .init(wire: target.bytes)
      case .indirectAck(let target):
        $0.alive = true
        $0.target = .init(wire: target.bytes)
      }
    }.encoded
  }

  fileprivate init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Peer_V1_Probe(decoding: bytes, limit: FrameKind.probe.limit)
    guard !wire.target.isEmpty else {
      self = wire.alive ? .ack : .ping
      return
    }
    guard let target = PublicKey(wire.target.array) else { throw .invalid(field: "target") }
    self = wire.alive ? .indirectAck(target) : .pingRequest(target)
  }
}

extension RangeMessage {
  public var encoded: [UInt8] {
    Supercloud_Peer_V1_Ranges.filled {
      $0.ranges = ranges.map(\.wire)
      $0.held = held.map { .init(wire: $0.bytes) }
      $0.wanted = wanted.map { .init(wire: $0.bytes) }
    }.encoded
  }

  /// - Throws: `invalid(field: "upper")` unless the upper ends ascend and only the last range has none;
  ///   `outOfRange` when a count exceeds its limit.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Peer_V1_Ranges(decoding: bytes, limit: FrameKind.ranges.limit)
    guard wire.ranges.count <= GossipLimits.ranges else { throw .outOfRange(field: "ranges") }
    let listed = wire.ranges.reduce(0) { $0 + $1.identifiers.count }
    guard listed + wire.held.count + wire.wanted.count <= GossipLimits.identifiers else {
      throw .outOfRange(field: "identifiers")
    }
    self.init()
    var lower = Digest.zero
    for (index, range) in wire.ranges.enumerated() {
      let decoded = try Range(range)
      guard (decoded.upper == nil) == (index == wire.ranges.count - 1) else { throw .invalid(field: "upper") }
      if let upper = decoded.upper {
        guard upper > lower else { throw .invalid(field: "upper") }
        lower = upper
      }
      ranges.append(decoded)
    }
    held = try Self.identifiers(wire.held.map(\.array))
    wanted = try Self.identifiers(wire.wanted.map(\.array))
  }

  fileprivate static func identifiers(_ encoded: [[UInt8]]) throws(DecodingError) -> [Digest] {
    try encoded.map { bytes throws(DecodingError) in
      guard let identifier = Digest(bytes) else { throw .invalid(field: "identifiers") }
      return identifier
    }
  }
}

extension RangeMessage.Range {
  fileprivate var wire: Supercloud_Peer_V1_Range {
    var wire = Supercloud_Peer_V1_Range()
    if let upper {
      var bytes = upper.bytes
      while bytes.last == 0 { bytes.removeLast() }
      wire.upper = .init(wire: bytes)
    }
    switch content {
    case .settled: break
    case .fingerprint(let fingerprint):
      var writer = ByteWriter(capacity: 16)
      writer.write(fingerprint.high)
      writer.write(fingerprint.low)
      wire.fingerprint = .init(wire: writer.bytes)
    case .listed(let identifiers):
      wire.listed = true
      wire.identifiers = identifiers.map { .init(wire: $0.bytes) }
    }
    return wire
  }

  fileprivate init(_ wire: Supercloud_Peer_V1_Range) throws(DecodingError) {
    let bytes = wire.upper.array
    guard bytes.count <= 32 else { throw .outOfRange(field: "upper") }
    let upper = bytes.isEmpty ? nil : Digest(bytes + Array(repeating: 0, count: 32 - bytes.count))
    let fingerprint = wire.fingerprint.array
    if wire.listed {
      guard fingerprint.isEmpty else { throw .invalid(field: "fingerprint") }
      self.init(upper: upper, content: .listed(try RangeMessage.identifiers(wire.identifiers.map(\.array))))
    } else {
      guard wire.identifiers.isEmpty else { throw .invalid(field: "identifiers") }
      guard !fingerprint.isEmpty else {
        self.init(upper: upper, content: .settled)
        return
      }
      var reader = ByteReader(fingerprint)
      let value = Fingerprint(high: try reader.read(), low: try reader.read())
      try reader.finish()
      self.init(upper: upper, content: .fingerprint(value))
    }
  }
}

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

  /// An estimate of the bytes on the network, including encryption and headers.
  var cost: Int { encodedSize + 60 }

  /// The bytes of an encoded identifier with its protobuf tag and length.
  static let identifierSize = 34

  private static func size(of objects: [SignedObject]) -> Int {
    objects.reduce(0) { $0 + fieldSize($1.encoded.count) }
  }

  private static func size(of shorts: [UInt64]) -> Int { shorts.isEmpty ? 0 : fieldSize(8 * shorts.count) }

  /// The bytes of an encoded field with `length` bytes of content, including its protobuf tag and length.
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
    // Trailing zeros of the upper end are not written.
    let length = upper.map { 32 - $0.bytes.reversed().prefix { $0 == 0 }.count } ?? 0
    let limit = length == 0 ? 0 : GossipMessage.fieldSize(length)
    return switch content {
    case .settled: limit
    case .fingerprint: limit + GossipMessage.fieldSize(16)
    case .listed(let identifiers): limit + 2 + GossipMessage.identifierSize * identifiers.count
    }
  }
}
