import Chain
import Cryptography
import Primitives
import Testing

@testable import Replication

struct ServingLimiterTests {
  @Test func `sixteen megabytes at once, then four a second`() {
    var meter = ServingLimiter()
    var now = Instant(nanoseconds: 5_000_000_000)
    let megabyte = (1 << 20) - Int(ServingLimiter.overhead)
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

  @Test func `a claim beyond the pace is looked into by the node's own timer`() throws {
    let world = try World()
    let node = Harness(world, key: nil)
    node.step(.started)
    let peer = World.key(80).publicKey
    node.connect(peer, role: .full)
    for _ in 0..<1_000 { node.step(.message(.status(PeerStatus(committed: 0, base: 1)), from: peer)) }
    node.sent = []
    node.step(.message(.status(PeerStatus(committed: 7, base: 1)), from: peer))
    #expect(node.sent.isEmpty, "the peer has used up its pace")
    #expect(
      node.run(for: .milliseconds(200)) { node in
        node.sent.contains { if case .blocksRequest(from: 1, count: 7) = $0.message { true } else { false } }
      }
    )
  }

  @Test func `answers that are nearly empty are counted, too`() {
    var meter = ServingLimiter()
    #expect((0..<100_000).count { _ in meter.take(0, at: .zero) } == 4_096)
  }
}
