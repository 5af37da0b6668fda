import Chain
import Cryptography
import Ledger
import Primitives
import Replication
import Simulator
import Testing

/// A new version of the protocol is voted for, and comes into force at its height.
struct UpgradeTests {
  /// The first that this program does not know.
  static let version = Executor.versions.upperBound + 1

  static let parameters: [String: UInt64] = [
    "gov.voting_period_milliseconds": 5_000, "gov.minimum_deposit_uakt": 1_000,
    "gov.deposit_period_milliseconds": 60_000,
  ]

  /// Runs a chain to the height before the upgrade; returns that height.
  static func upgrade(_ cluster: Cluster, at height: Height, to version: UInt32 = Self.version) throws {
    #expect(cluster.run(for: .seconds(30)) { $0.height(of: 0) >= 2 })
    let proposer = cluster.population.tenants[0]
    let proposal = SubmitProposal(
      proposer: proposer.address,
      title: "Version 2",
      summary: "The rules change.",
      contents: [
        .softwareUpgrade(
          SoftwareUpgrade(name: "two", height: height, protocolVersion: version, info: "")
        )
      ],
      deposit: [Coin(10_000, .uakt)]
    )
    #expect(
      AccountabilityTests.submit(cluster, .submitProposal(proposal), by: proposer, to: 0) == .accepted
    )
    _ = cluster.run(for: .seconds(2))
    for key in cluster.population.operators {
      let vote = Action.vote(
        id: 1,
        voter: key.address,
        options: [WeightedVoteOption(option: .yes, weight: Decimal18(1))]
      )
      #expect(AccountabilityTests.submit(cluster, vote, by: key, to: 0) == .accepted)
    }
    #expect(cluster.run(for: .seconds(400)) { $0.height(of: 0) >= height - 1 })
  }

  @Test func `nodes that know the new version go on at its height, one that does not stops`() throws {
    let cluster = try AccountabilityTests.cluster(seed: 21, parameters: Self.parameters)
    for node in 0..<3 {
      cluster.crash(node)
      cluster.install(1...Self.version, on: node)
      cluster.restart(node)
    }
    try Self.upgrade(cluster, at: 20)
    #expect(cluster.run(for: .seconds(60)) { cluster in (0..<3).allSatisfy { cluster.height(of: $0) >= 25 } })
    #expect(cluster.height(of: 3) == 19)
    #expect(cluster.replica(of: 3)?.missingVersion == Self.version)
    #expect(cluster.replica(of: 0)?.missingVersion == nil)
    // The operator installs the new program: the node catches up and takes part.
    cluster.crash(3)
    cluster.install(1...Self.version, on: 3)
    cluster.restart(3)
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: 3) >= 30 })
    #expect(cluster.violations.isEmpty)
  }

  @Test func `a program that does not know the version stops again at each start`() throws {
    let cluster = try AccountabilityTests.cluster(seed: 22, parameters: Self.parameters)
    try Self.upgrade(cluster, at: 20)
    _ = cluster.run(for: .seconds(30))
    for node in 0..<4 { #expect(cluster.height(of: node) == 19) }
    for node in 0..<4 {
      cluster.crash(node)
      cluster.restart(node)
    }
    _ = cluster.run(for: .seconds(30))
    for node in 0..<4 {
      #expect(cluster.height(of: node) == 19)
      #expect(cluster.replica(of: node)?.missingVersion == Self.version)
    }
    for node in 0..<4 {
      cluster.crash(node)
      cluster.install(1...Self.version, on: node)
      cluster.restart(node)
    }
    #expect(cluster.run(for: .seconds(60)) { cluster in (0..<4).allSatisfy { cluster.height(of: $0) >= 22 } })
    #expect(cluster.violations.isEmpty)
  }

  @Test func `a chain with leases migrates on every node, also on one that comes late and one that restarts`()
    throws
  {
    var workload = LoadPlan()
    workload.ordersPerMinute = 40
    workload.transfersPerMinute = 30
    var scenario = Scenario(seed: 23, duration: .seconds(3_600), workload: workload)
    scenario.parameters = Self.parameters
    let cluster = try Cluster(scenario)
    cluster.start()
    #expect(cluster.run(for: .seconds(60)) { Self.query($0, 0)?.runningLeaseCount ?? 0 > 3 })
    cluster.crash(3)
    let height = cluster.height(of: 0) + 60
    try Self.upgrade(cluster, at: height, to: 2)
    #expect(Self.query(cluster, 0)?.protocolVersion == 1)
    cluster.crash(2)
    cluster.restart(2)
    #expect(cluster.run(for: .seconds(60)) { $0.height(of: 0) >= height + 5 })
    cluster.restart(3)
    #expect(
      cluster.run(for: .seconds(60)) { cluster in (0..<4).allSatisfy { cluster.height(of: $0) >= height + 20 }
      }
    )
    #expect(cluster.violations.isEmpty)
    var found = 0
    for node in 0..<4 {
      let query = try #require(Self.query(cluster, node))
      #expect(query.protocolVersion == 2)
      // Read through the indexes that the migration made and blocks have kept since.
      for tenant in cluster.population.tenants.map(\.address) {
        let leases = query.leases(owner: tenant, at: 0)
        for state in LeaseRecord.State.allCases {
          let ids = query.leases(owner: tenant, state: state, at: 0).map(\.id)
          #expect(ids == leases.filter { $0.record.state == state }.map(\.id))
          found += ids.count
        }
        let deployments = query.deployments(of: tenant)
        for state in DeploymentRecord.State.allCases {
          let ids = query.deployments(of: tenant, state: state).map(\.id)
          #expect(ids == deployments.filter { $0.record.state == state }.map(\.id))
        }
      }
    }
    #expect(found > 40, "\(found) leases on four nodes")
  }

  private static func query(_ cluster: Cluster, _ node: Int) -> LedgerQuery<LedgerView>? {
    cluster.replica(of: node).map { LedgerQuery(state: LedgerView(base: $0.view)) }
  }

  /// A view behind its protocol, as a type that queries can be made of.
  private struct LedgerView: StateReading {
    let base: any StateReading

    func value(for key: [UInt8]) -> [UInt8]? { base.value(for: key) }

    func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
      base.entries(from: from, to: to, limit: limit)
    }
  }
}
