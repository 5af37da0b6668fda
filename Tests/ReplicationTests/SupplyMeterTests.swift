import Chain
import Cryptography
import Primitives
import Testing

@testable import Replication

struct SupplyMeterTests {
  @Test func `sixteen megabytes at once, then four a second`() {
    var meter = SupplyMeter()
    var now = Instant(nanoseconds: 5_000_000_000)
    let megabyte = (1 << 20) - Int(SupplyMeter.overhead)
    #expect((0..<40).count { _ in meter.take(megabyte, at: now) } == 16)
    now = now + .seconds(1)
    #expect((0..<40).count { _ in meter.take(megabyte, at: now) } == 4)
    now = now + .seconds(60)
    #expect((0..<40).count { _ in meter.take(megabyte, at: now) } == 16)
  }

  @Test func `of a flood of statuses a hundred a second are acted upon`() throws {
    let world = try World()
    let node = Harness(world, key: world.validators[0])
    node.step(.started)
    let peer = World.key(80).publicKey
    node.connect(peer, role: .full)
    node.sent = []
    // Each claims one height more, and says that it is behind in a round whose votes the node has.
    for height in 1...2_000 as ClosedRange<UInt64> {
      node.step(.message(.status(PeerStatus(committed: height, base: 1)), from: peer))
    }
    #expect(node.replica.sync.claimedHeight == 2_000)
    #expect(node.sent.count <= 50)
    #expect(node.faults.isEmpty)
  }

  @Test func `answers that are nearly empty are counted, too`() {
    var meter = SupplyMeter()
    #expect((0..<100_000).count { _ in meter.take(0, at: .zero) } == 4_096)
  }
}
