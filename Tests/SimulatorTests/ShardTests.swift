import Chain
import Primitives
import Testing

@testable import Simulator

/// A large network runs in two shards, side by side.
struct ShardTests {
  private static func scenario(seed: UInt64, seconds: UInt64) -> Scenario {
    Scenario(seed: seed, validators: 8, peers: 192, duration: .seconds(seconds), faults: .light)
  }

  @Test func `only large networks of regions are cut, into halves of equal size`() {
    #expect(ShardPlan(for: Scenario(seed: 1, validators: 7, faults: .chaos)).count == 1)
    #expect(ShardPlan(for: Scenario(seed: 1, validators: 4, faults: .light)).count == 1)
    let plan = ShardPlan(for: Self.scenario(seed: 1, seconds: 1))
    #expect(plan.count == 2)
    #expect((0..<200).count { plan.shard(of: $0) == 1 } == 100)
  }

  @Test func `no message between shards is faster than the shards assume`() {
    let plan = ShardPlan(for: Self.scenario(seed: 1, seconds: 1))
    let model = DelayModel(kind: .regions)
    var generator = SeededGenerator(seed: 5)
    var least = UInt64.max
    for from in 0..<10 {
      for to in 0..<10 where plan.shard(of: from) != plan.shard(of: to) {
        for _ in 0..<500 { least = min(least, model.draw(from: from, to: to, &generator)) }
      }
    }
    #expect(least >= plan.lookahead.nanoseconds)
    #expect(plan.lookahead >= .milliseconds(20))
  }

  @Test func `shards that run side by side come to the same every time, and the chain moves`() throws {
    let reports = try (0..<2).map { _ in try Simulation.run(Self.scenario(seed: 3, seconds: 6)) }
    #expect(reports[0].traceHash == reports[1].traceHash)
    #expect(reports[0].messagesByKind == reports[1].messagesByKind)
    #expect(reports[0].violations.isEmpty, "seed 3: \(reports[0].violations)")
    #expect(reports[0].lowestHeight > 3)
  }

  @Test func `a session that a node of one shard ends is over for a node of the other`() throws {
    let cluster = try Cluster(Self.scenario(seed: 4, seconds: 60))
    cluster.start()
    let far = try #require((0..<8).first { cluster.context.shard(of: $0) == 1 })
    #expect(cluster.run(for: .seconds(5)) { $0.session(0, far) != 0 })
    cluster.crash(far)
    #expect(cluster.shards.allSatisfy { $0.network.session(0, far) == 0 })
    cluster.restart(far)
    #expect(cluster.run(for: .seconds(5)) { $0.session(0, far) != 0 })
    #expect(cluster.violations.isEmpty)
  }

  @Test func `a node's log forgets the heights that are over`() throws {
    let cluster = try Cluster(Scenario(seed: 1, duration: .seconds(30)))
    cluster.start()
    #expect(cluster.run(for: .seconds(30)) { $0.height(of: 0) >= 5 })
    let early = cluster.nodes[0].store.log.count
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: 0) >= 25 })
    #expect(early > 0 && cluster.nodes[0].store.log.count < 3 * early)
  }
}
