import Chain
import Cryptography
@testable import Gossip
import Primitives
import Testing

@Suite struct PeerMemoryTests {
  @Test func `whatever one neighbour sends, it makes a node hold no more than is stated`() {
    var test = TestCore()
    _ = test.connect(1...2)
    // Objects to be announced to it: it has stopped everything.
    var stops = Packet()
    stops.stops = [0]
    test.step(.received(.packet(stops), from: peer(2)))
    let limit = GossipCore.Settings().bytesPerPeer
    #expect(limit < 8 << 20)
    let before = test.core.footprint
    var generator = SeededGenerator(seed: 11)
    let bodies = (0..<4_000).map { key(3).token(UInt64($0)) }
    for object in bodies {
      var packet = Packet()
      packet.objects = [object]
      packet.digests = (0..<100).map { _ in generator.next() }
      test.step(.received(.packet(packet), from: peer(2)))
    }
    for round in 0..<200 {
      test.now = test.now + .milliseconds(300)
      var ranges = RangeMessage()
      ranges.held = (0..<500).map { _ in
        Digest.blake2b((0..<8).map { _ in UInt8(generator.next(below: 256)) })
      }
      ranges.ranges = [.init(upper: nil, content: .listed([]))]
      test.step(.received(.ranges(ranges), from: peer(2)))
      var packet = Packet()
      packet.digests = (0..<140).map { _ in generator.next() }
      packet.starts = (0..<100).map { _ in generator.next() }
      test.step(.received(.packet(packet), from: peer(2)))
      if round.isMultiple(of: 3) { test.step(.fired(.dissemination)) }
    }
    let held = test.core.footprint - before
    print("one neighbour made \(held) bytes of at most \(limit)")
    #expect(held > 100_000 && held <= limit)
  }
}
