import Chain
import Cryptography
import Ledger
import Primitives
import Replication
import Simulator
import Testing

/// Proofs of double signing reach the ledger, whatever happens to those who hold them.
struct DoubleSignTests {
  @Test func `a validator that proposes two blocks ends tombstoned on every node`() throws {
    var faults = FaultPlan.none
    faults.byzantine = 1
    faults.strategies = ["equivocate-proposals"]
    let cluster = try AccountabilityTests.cluster(seed: 4, faults: faults)
    let byzantine = try #require((0..<4).first { !cluster.isHonest($0) })
    let honest = (0..<4).filter(cluster.isHonest)
    let isPunished = cluster.run(for: .seconds(120)) { cluster in
      honest.allSatisfy { AccountabilityTests.record(cluster, byzantine, on: $0)?.isTombstoned == true }
    }
    #expect(isPunished)
    #expect(cluster.violations.isEmpty)
  }

  @Test func `a proof that no block carries yet outlives its node`() throws {
    let cluster = try AccountabilityTests.cluster(seed: 7)
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: 0) >= 4 })
    let evidence = try AccountabilityTests.contradiction(cluster, by: 2, at: 3)
    // Two of four decide nothing, and nobody but node 1 hears of it.
    for index in [0, 2, 3] { cluster.crash(index) }
    // What was decided already is written.
    _ = cluster.run(for: .seconds(1))
    let height = cluster.height(of: 1)
    cluster.receive(.evidence([evidence]), at: 1, from: 0)
    _ = cluster.run(for: .seconds(5))
    #expect(cluster.height(of: 1) == height)
    cluster.crash(1)
    for index in 0..<4 { cluster.restart(index) }
    let isPunished = cluster.run(for: .seconds(120)) { cluster in
      (0..<4).allSatisfy { AccountabilityTests.record(cluster, 2, on: $0)?.isTombstoned == true }
    }
    #expect(isPunished)
    #expect(cluster.violations.isEmpty)
  }
}
