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
      self = .objects(try GossipLimits.objects(wire.objects.map(\.array), chain: chain))
    case .ranges: self = .ranges(try RangeMessage(decoding: bytes))
    case .recordsRequest:
      let wire = try Supercloud_Peer_V1_RecordsRequest(decoding: bytes, limit: kind.limit)
      self = .recordsRequest(count: Int(wire.count))
    case .records:
      let wire = try Supercloud_Peer_V1_Objects(decoding: bytes, limit: kind.limit)
      guard wire.objects.count <= GossipLimits.records else { throw .outOfRange(field: "records") }
      let records = try GossipLimits.objects(wire.objects.map(\.array), chain: chain)
      guard records.allSatisfy({ $0.kind == .nodeRecord }) else { throw .invalid(field: "records") }
      self = .records(records)
    case .probe: self = .probe(try Probe(decoding: bytes))
    default: throw .invalid(field: "kind")
    }
  }
}

/// Counts beyond which a gossip frame is refused.
public enum GossipLimits {
  /// Node records of one answer.
  public static let records = 16
  /// Objects of one frame; the smallest takes about 110 bytes of the frame's megabyte.
  public static let objects = 10_000
  /// Ranges of one step of reconciliation.
  public static let ranges = 1_024
  /// Identifiers of one step, wherever they stand in it.
  public static let identifiers = 2_048

  static func objects(_ encoded: [[UInt8]], chain: ChainID) throws(DecodingError) -> [SignedObject] {
    guard encoded.count <= objects else { throw .outOfRange(field: "objects") }
    var decoded: [SignedObject] = []
    decoded.reserveCapacity(encoded.count)
    for bytes in encoded { decoded.append(try SignedObject(decoding: bytes, chain: chain)) }
    return decoded
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

  /// - Throws: `outOfRange` beyond the frame's limit, `invalid` for what is no packet, and what its objects throw.
  public init(decoding bytes: [UInt8], chain: ChainID) throws(DecodingError) {
    let wire = try Supercloud_Peer_V1_Packet(decoding: bytes, limit: FrameKind.packet.limit)
    self.init()
    objects = try GossipLimits.objects(wire.objects.map(\.array), chain: chain)
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

  /// - Throws: `invalid(field: "upper")` unless the ranges ascend to the end of all identifiers.
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
    var decoded: [Digest] = []
    decoded.reserveCapacity(encoded.count)
    for bytes in encoded {
      guard let identifier = Digest(bytes) else { throw .invalid(field: "identifiers") }
      decoded.append(identifier)
    }
    return decoded
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
