import Chain
import Cryptography
import Ledger
import Primitives
import Replication
import Simulator
import Testing

/// What becomes of validators that sign twice or stay away, from the act to the ledger of every node.
struct AccountabilityTests {
  static func cluster(
    seed: UInt64,
    faults: FaultPlan = .none,
    parameters: [String: UInt64] = [:]
  ) throws -> Cluster {
    var scenario = Scenario(seed: seed, duration: .seconds(3_600), faults: faults, workload: .quiet)
    scenario.parameters = parameters
    let cluster = try Cluster(scenario)
    cluster.start()
    return cluster
  }

  static func record(_ cluster: Cluster, _ validator: Int, on node: Int) -> ValidatorRecord? {
    let address = cluster.population.operators[validator].address
    return cluster.replica(of: node).flatMap { LedgerQuery(state: $0.view).validator(address) }
  }

  /// Of the stake that each validator has at genesis.
  static let stake: UInt64 = 1_000_000_000

  static func submit(_ cluster: Cluster, _ action: Action, by key: SigningKey, to node: Int) -> Admission? {
    guard let sequence = cluster.replica(of: node).map({ $0.nextSequence(of: key.address) }) else {
      return nil
    }
    let draft = TransactionDraft(
      actions: [action],
      sequence: sequence,
      fee: Fee(amount: Coin(10, .uakt))
    )
    return cluster.submit(cluster.signed(draft, by: key), to: node)
  }

  static func contradiction(_ cluster: Cluster, by validator: Int, at height: Height) throws -> Evidence {
    let key = cluster.population.validators[validator]
    let set = try #require(cluster.replica(of: 0)).tip.validators
    let index = try #require(set.index(ofKey: key.publicKey))
    func vote(_ block: Digest?) -> Vote {
      cluster.vote(.prevote, height: height, round: 0, block: block, validator: index, by: key)
    }
    return .duplicateVote(vote(nil), vote(.sha256([7])))
  }

  @Test func `a validator that votes twice ends tombstoned and slashed on every node`() throws {
    var faults = FaultPlan.none
    faults.byzantine = 1
    faults.strategies = ["equivocate-votes"]
    let cluster = try Self.cluster(seed: 3, faults: faults)
    let byzantine = try #require((0..<4).first { !cluster.isHonest($0) })
    let honest = (0..<4).filter(cluster.isHonest)
    let isPunished = cluster.run(for: .seconds(60)) { cluster in
      honest.allSatisfy { Self.record(cluster, byzantine, on: $0)?.isTombstoned == true }
    }
    #expect(isPunished)
    for node in honest {
      let record = try #require(Self.record(cluster, byzantine, on: node))
      #expect(record.isJailed)
      // 5 %
      #expect(record.tokens == Amount(Self.stake / 20 * 19))
    }
    let height = cluster.height(of: honest[0])
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: honest[0]) > height + 4 })
    #expect(cluster.replica(of: honest[0])?.tip.validators.count == 3)
    #expect(cluster.violations.isEmpty)
  }

  @Test func `evidence of a height long gone is punished, whatever the set has become since`() throws {
    let cluster = try Self.cluster(seed: 5)
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: 0) >= 4 })
    // The guilty one's place in the set of that height.
    let evidence = try Self.contradiction(cluster, by: 2, at: 3)
    let before = try #require(cluster.replica(of: 0)).tip.validators
    // Then another validator overtakes it, so that its old place is another's.
    let tenant = cluster.population.tenants[0]
    for validator in [1, 3] {
      let delegate = Action.delegate(
        delegator: tenant.address,
        validator: cluster.population.operators[validator].address,
        amount: Coin(5_000_000_000, .uakt)
      )
      #expect(Self.submit(cluster, delegate, by: tenant, to: 0) == .accepted)
      _ = cluster.run(for: .seconds(1))
    }
    #expect(cluster.run(for: .seconds(400)) { $0.height(of: 0) >= 80 })
    let after = try #require(cluster.replica(of: 0)).tip.validators
    #expect(before.members.map(\.address) != after.members.map(\.address))
    cluster.receive(.evidence([evidence]), at: 1, from: 0)
    let isPunished = cluster.run(for: .seconds(60)) { cluster in
      (0..<4).allSatisfy { Self.record(cluster, 2, on: $0)?.isTombstoned == true }
    }
    #expect(isPunished)
    for node in 0..<4 {
      #expect(Self.record(cluster, 2, on: node)?.tokens == Amount(Self.stake / 20 * 19))
      for other in [0, 1, 3] { #expect(Self.record(cluster, other, on: node)?.isTombstoned == false) }
    }
    #expect(cluster.violations.isEmpty)
  }

  @Test func `evidence that is too old, false or of one already punished changes nothing`() throws {
    let cluster = try Self.cluster(
      seed: 6,
      parameters: ["evidence.maximum_age_blocks": 10, "evidence.maximum_age_milliseconds": 1_000]
    )
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: 0) >= 4 })
    let old = try Self.contradiction(cluster, by: 2, at: 3)
    #expect(cluster.run(for: .seconds(900)) { $0.height(of: 0) >= 270 })
    cluster.receive(.evidence([old]), at: 1, from: 0)
    let height = cluster.height(of: 0)
    _ = cluster.run(for: .seconds(30))
    #expect(Self.record(cluster, 2, on: 1)?.isTombstoned == false)
    let young = try Self.contradiction(cluster, by: 2, at: height)
    cluster.receive(.evidence([young]), at: 1, from: 0)
    #expect(cluster.run(for: .seconds(30)) { Self.record($0, 2, on: 3)?.isTombstoned == true })
    let again = try Self.contradiction(cluster, by: 3, at: height)
    var forged = again
    if case .duplicateVote(var first, let second) = again {
      first.signature = second.signature
      forged = .duplicateVote(first, second)
    }
    cluster.receive(.evidence([forged, young]), at: 1, from: 0)
    _ = cluster.run(for: .seconds(30))
    #expect(Self.record(cluster, 3, on: 1)?.isTombstoned == false)
    #expect(Self.record(cluster, 2, on: 1)?.tokens == Amount(Self.stake / 20 * 19))
  }

  @Test func `a validator that stays away is jailed, and comes back when its operator asks`() throws {
    let cluster = try Self.cluster(
      seed: 7,
      parameters: [
        "slashing.signed_blocks_window": 10, "slashing.minimum_signed_basis_points": 5_000,
        "slashing.downtime_jail_milliseconds": 20_000,
      ]
    )
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: 0) >= 12 })
    for validator in 0..<4 { #expect(Self.record(cluster, validator, on: 0)?.isJailed == false) }
    cluster.crash(3)
    let isJailed = cluster.run(for: .seconds(120)) { cluster in
      (0..<3).allSatisfy { Self.record(cluster, 3, on: $0)?.isJailed == true }
    }
    #expect(isJailed)
    let record = try #require(Self.record(cluster, 3, on: 0))
    #expect(!record.isTombstoned)
    // 0.01 %
    #expect(record.tokens == Amount(Self.stake / 10_000 * 9_999))
    cluster.restart(3)
    let unjail = Action.unjail(validator: cluster.population.operators[3].address)
    _ = Self.submit(cluster, unjail, by: cluster.population.operators[3], to: 0)
    _ = cluster.run(for: .seconds(5))
    #expect(Self.record(cluster, 3, on: 0)?.isJailed == true, "its time is not over")
    _ = cluster.run(for: .seconds(30))
    #expect(Self.submit(cluster, unjail, by: cluster.population.operators[3], to: 0) == .accepted)
    let isBack = cluster.run(for: .seconds(60)) { cluster in
      (0..<4).allSatisfy { cluster.replica(of: $0)?.tip.validators.count == 4 }
    }
    #expect(isBack)
    let height = cluster.height(of: 0)
    #expect(cluster.run(for: .seconds(120)) { $0.height(of: 0) >= height + 15 })
    #expect(Self.record(cluster, 3, on: 0)?.isJailed == false)
    #expect(Self.record(cluster, 3, on: 0)?.missedBlocks ?? 99 < 4)
    #expect(cluster.violations.isEmpty)
  }

  /// Precommits that arrive after the quorum count all the same.
  @Test func `a validator that is slower than the quorum is not taken for absent`() throws {
    var faults = FaultPlan.none
    faults.schedule = []
    faults.byzantine = 1
    faults.strategies = ["late-votes"]
    let cluster = try Self.cluster(
      seed: 8,
      faults: faults,
      parameters: [
        "slashing.signed_blocks_window": 10, "slashing.minimum_signed_basis_points": 5_000,
      ]
    )
    let late = try #require((0..<4).first { !cluster.isHonest($0) })
    #expect(cluster.run(for: .seconds(200)) { $0.height(of: (late + 1) % 4) >= 40 })
    let record = try #require(Self.record(cluster, late, on: (late + 1) % 4))
    #expect(!record.isJailed)
    #expect(record.missedBlocks <= 2)
  }
}
