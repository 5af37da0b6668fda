import Chain
import Cryptography
import Ledger
import Primitives
import Replication
import Simulator
import Testing

/// Whole replicas under a virtual clock, step by step.
struct ClusterTests {
  static func cluster(
    validators: Int = 4,
    peers: Int = 0,
    seed: UInt64,
    signatures: Scenario.Signatures = .ideal
  ) throws -> Cluster {
    let cluster = try Cluster(
      Scenario(
        seed: seed,
        validators: validators,
        peers: peers,
        duration: .seconds(600),
        workload: .quiet,
        signatures: signatures
      )
    )
    cluster.start()
    return cluster
  }

  static func transfer(_ cluster: Cluster, sequence: UInt64, amount: UInt64 = 5) -> Transaction {
    let tenants = cluster.population.tenants
    let send = Send(from: tenants[0].address, to: tenants[1].address, amount: [Coin(amount, .uakt)])
    return cluster.signed(
      TransactionDraft(actions: [.send(send)], sequence: sequence, fee: Fee(amount: Coin(10, .uakt))),
      by: tenants[0]
    )
  }

  @Test func `four validators commit empty blocks at the block interval`() throws {
    let cluster = try Self.cluster(seed: 1)
    #expect(cluster.run(for: .seconds(20)) { $0.height(of: 0) >= 5 })
    #expect(cluster.violations.isEmpty)
  }

  @Test(arguments: [Scenario.Signatures.ideal, .ed25519])
  func `a transfer is committed by all within a few network delays`(signatures: Scenario.Signatures) throws {
    let cluster = try Self.cluster(seed: 2, signatures: signatures)
    let to = cluster.population.tenants[1].address
    _ = cluster.run(for: .seconds(5)) { $0.height(of: 0) >= 1 }
    let before = cluster.now
    let start =
      cluster.replica(of: 0).map { LedgerQuery(state: $0.view).balance(of: to, in: .uakt).units } ?? 0
    #expect(cluster.submit(Self.transfer(cluster, sequence: 0), to: 1) == .accepted)
    let arrived = cluster.run(for: .seconds(2)) { cluster in
      (0..<cluster.count).allSatisfy { index in
        cluster.replica(of: index).map {
          LedgerQuery(state: $0.view).balance(of: to, in: .uakt) == Amount(start + 5)
        } ?? false
      }
    }
    #expect(arrived)
    #expect(cluster.now.since(before) < .milliseconds(300))
    #expect(cluster.violations.isEmpty)
  }

  @Test func `a follower catches up and agrees on the state root`() throws {
    let cluster = try Self.cluster(peers: 1, seed: 3)
    cluster.crash(4)
    for sequence in 0..<10 {
      cluster.submit(Self.transfer(cluster, sequence: UInt64(sequence)), to: sequence % 4)
      _ = cluster.run(for: .milliseconds(500))
    }
    let height = cluster.height(of: 0)
    cluster.restart(4)
    #expect(cluster.run(for: .seconds(10)) { $0.height(of: 4) >= height })
    _ = cluster.run(for: .seconds(3))
    #expect(cluster.violations.isEmpty)
  }

  @Test func `three of four go on, and two of four stop and resume`() throws {
    let cluster = try Self.cluster(seed: 4)
    #expect(cluster.run(for: .seconds(10)) { $0.height(of: 0) >= 2 })
    cluster.crash(3)
    let three = cluster.height(of: 0)
    #expect(cluster.run(for: .seconds(30)) { $0.height(of: 0) >= three + 5 })
    cluster.crash(2)
    _ = cluster.run(for: .seconds(2))
    let two = cluster.height(of: 0)
    _ = cluster.run(for: .seconds(10))
    #expect(cluster.height(of: 0) <= two + 1)
    cluster.restart(2)
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: 0) >= two + 5 && $0.height(of: 2) >= two + 5 })
    cluster.restart(3)
    #expect(cluster.run(for: .seconds(30)) { $0.height(of: 3) >= two + 5 })
    #expect(cluster.violations.isEmpty)
  }

  @Test func `a minority that is cut off stops and catches up`() throws {
    let cluster = try Self.cluster(validators: 7, seed: 5)
    #expect(cluster.run(for: .seconds(10)) { $0.height(of: 0) >= 2 })
    cluster.isolate([0, 1])
    _ = cluster.run(for: .seconds(1))
    let cut = cluster.height(of: 0)
    #expect(cluster.run(for: .seconds(30)) { $0.height(of: 2) >= cut + 5 })
    #expect(cluster.height(of: 0) <= cut + 1)
    cluster.rejoin([0, 1])
    let goal = cluster.height(of: 2) + 2
    #expect(
      cluster.run(for: .seconds(30)) { cluster in (0..<7).allSatisfy { cluster.height(of: $0) >= goal } }
    )
    #expect(cluster.violations.isEmpty)
  }
}
