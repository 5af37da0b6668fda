import Chain
import Cryptography
import Gossip
import Primitives
import Testing
import Wire

@Suite struct GossipMessageTests {
  private static func samples() -> [GossipMessage] {
    var packet = Packet()
    packet.objects = [key(1).token(1), key(2).signed(offer(by: key(2)))]
    packet.digests = [1, .max, 0]
    packet.wants = [7]
    packet.stops = [0, 5]
    packet.starts = [9]
    var ranges = RangeMessage()
    ranges.ranges = [
      .init(upper: .sha256([2]), content: .settled),
      .init(
        upper: Digest([0xFF] + Array(repeating: 0, count: 31)),
        content: .fingerprint(.init(high: 1, low: 2))
      ),
      .init(upper: nil, content: .listed([.sha256([3]), .sha256([4])])),
    ]
    ranges.held = [.sha256([5])]
    ranges.wanted = [.sha256([6]), .sha256([7])]
    return [
      .packet(packet), .packet(Packet()), .objects([key(3).order()]), .ranges(ranges),
      .ranges(RangeMessage()),
      .recordsRequest(count: 16), .records([record(by: key(4), addresses: ["127.0.0.1:1/1"])]),
      .probe(.ping), .probe(.ack), .probe(.pingRequest(peer(1))), .probe(.indirectAck(peer(1))),
    ]
  }

  @Test func `every message survives its encoding`() throws {
    for message in Self.samples() {
      #expect(try GossipMessage(kind: message.kind, bytes: message.encoded, chain: chain) == message)
      #expect(message.encodedSize == message.encoded.count)
      #expect(message.encoded.count <= message.kind.limit)
    }
  }

  @Test func `identifiers depend on the chain`() throws {
    let object = key(1).token(1)
    let other = try SignedObject(decoding: object.encoded, chain: #require(ChainID("other-net")))
    #expect(other.identifier != object.identifier)
    #expect(!other.isAuthentic(on: ChainID("other-net")!))
  }

  @Test func `frames of other rooms are refused`() {
    for kind in FrameKind.allCases
    where ![.packet, .objects, .ranges, .recordsRequest, .records, .probe].contains(kind) {
      #expect(throws: DecodingError.self) { try GossipMessage(kind: kind, bytes: [], chain: chain) }
    }
  }

  @Test func `limits hold before anything is decoded`() {
    let packet = [UInt8](repeating: 0, count: FrameKind.packet.limit + 1)
    #expect(throws: DecodingError.self) { try GossipMessage(kind: .packet, bytes: packet, chain: chain) }
    let records = (0..<17).map { record(by: key(UInt64($0)), addresses: []) }
    #expect(throws: DecodingError.outOfRange(field: "records")) {
      try GossipMessage(kind: .records, bytes: GossipMessage.records(records).encoded, chain: chain)
    }
    #expect(throws: DecodingError.invalid(field: "records")) {
      try GossipMessage(kind: .records, bytes: GossipMessage.objects([key(1).order()]).encoded, chain: chain)
    }
    var ranges = RangeMessage()
    ranges.held = (0..<2_049).map { .sha256([UInt8($0 & 255), UInt8($0 >> 8)]) }
    #expect(throws: DecodingError.self) {
      try GossipMessage(kind: .ranges, bytes: GossipMessage.ranges(ranges).encoded, chain: chain)
    }
  }

  @Test func `ranges must ascend to the end`() {
    let uppers: [[Digest?]] = [
      [.sha256([1])], [nil, nil], [.sha256([1]), .sha256([1]), nil], [nil, .sha256([1])],
    ]
    for uppers in uppers {
      var ranges = RangeMessage()
      ranges.ranges = uppers.map { .init(upper: $0, content: .settled) }
      #expect(throws: DecodingError.invalid(field: "upper")) {
        try GossipMessage(kind: .ranges, bytes: GossipMessage.ranges(ranges).encoded, chain: chain)
      }
    }
  }

  @Test(arguments: [UInt64](1...4))
  func `damaged and random bytes are refused or decode to something bounded`(
    seed: UInt64
  ) {
    var generator = SeededGenerator(seed: seed)
    let samples = Self.samples()
    for _ in 0..<1_500 {
      let sample = samples[Int(generator.next(below: UInt64(samples.count)))]
      var bytes = sample.encoded
      switch generator.next(below: 4) {
      case 0:
        bytes = (0..<generator.next(below: 200)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      case 1: bytes = Array(bytes.prefix(Int(generator.next(below: UInt64(bytes.count + 1)))))
      case 2:
        for _ in 0...generator.next(below: 3) where !bytes.isEmpty {
          bytes[Int(generator.next(below: UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: generator.next())
        }
      default:
        bytes.insert(contentsOf: bytes.prefix(20), at: Int(generator.next(below: UInt64(bytes.count + 1))))
      }
      let kind = generator.next(below: 3) == 0 ? samples[Int(generator.next(below: 7))].kind : sample.kind
      guard let decoded = try? GossipMessage(kind: kind, bytes: bytes, chain: chain) else { continue }
      if case .ranges(let ranges) = decoded {
        #expect(ranges.held.count + ranges.wanted.count <= GossipLimits.identifiers, "seed \(seed)")
      }
    }
  }
}
