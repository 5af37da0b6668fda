import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// A chain crosses over to another version of the protocol: its state is migrated, at once and whole.
@Suite struct MigrationTests {
  /// The same story under one version all along, or crossing over to version 2 after `crossing` of its blocks.
  private func story(crossing: Int?, from version: UInt32 = 1) throws -> TestChain {
    let chain = try TestChain.market { $0.protocolVersion = version }
    chain.protocolVersion = version
    var block = 0
    func next(_ body: () -> Void) throws {
      if block == crossing {
        try plan(chain, version: 2, at: chain.moment.height + 2)
        chain.protocolVersion = 2
        chain.block()
      } else {
        // Heights agree between the stories.
        try chain.perform { _ throws(Rejection) in }
        chain.block()
      }
      block += 1
      body()
    }
    for sequence in 1...4 as ClosedRange<UInt64> {
      for tenant in ["tenant", "other"] {
        try next {
          let agreement = chain.agreement(chain.order(tenant, sequence), tenant: tenant, window: 6_000)
          #expect(chain.submit(.agreeLease(agreement), by: tenant).codeText == "")
        }
      }
    }
    try next { chain.submit(.closeDeployment(chain.deployment("tenant", 1)), by: "tenant") }
    try next { chain.submit(.closeLease(chain.lease("provider", 2)), by: "tenant") }
    try next {
      chain.submit(.startReclamation(chain.lease("provider", 3), reason: .unstable), by: "provider")
    }
    try next {
      let again = chain.agreement(chain.order("tenant", 2, existing: [1]))
      #expect(chain.submit(.agreeLease(again), by: "tenant").codeText == "")
    }
    try next { chain.submit(.closeDeployment(chain.deployment("other", 4)), by: "other") }
    return chain
  }

  private func plan(_ chain: TestChain, version: UInt32, at height: Height) throws {
    try chain.perform { execution throws(Rejection) in
      let upgrade = SoftwareUpgrade(name: "next", height: height, protocolVersion: version, info: "")
      try execution.execute(.softwareUpgrade(upgrade), proposal: 0)
    }
  }

  /// All entries of a state.
  private func contents(_ state: MemoryState) -> [[UInt8]: [UInt8]] {
    let all = state.entries(from: [0], to: [0xFF], limit: .max)
    return Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0.value) })
  }

  @Test(arguments: [0, 1, 5, 8, 9, 10, 11, 12])
  func `a state that crossed over is the one that lived under the version all along`(crossing: Int) throws {
    let native = try story(crossing: nil, from: 2)
    let migrated = try story(crossing: crossing)
    #expect(migrated.query.protocolVersion == 2 && migrated.query.plannedUpgrade == nil)
    let expected = contents(native.state)
    let found = contents(migrated.state)
    let differing = Set(expected.keys).union(found.keys).filter { expected[$0] != found[$0] }
    #expect(differing.isEmpty, "\(differing.map(Hex.encode))")
    #expect(native.state.scan(Tables.deploymentsByOwner, limit: 100).count == 8)
    #expect(native.state.scan(Tables.leasesByOwner, limit: 100).count == 9)
  }

  @Test func `version 1 keeps no index by owner, and its state is as it always was`() throws {
    let chain = try story(crossing: nil)
    #expect(chain.state.scan(Tables.deploymentsByOwner, limit: 1).isEmpty)
    #expect(chain.state.scan(Tables.leasesByOwner, limit: 1).isEmpty)
    // Both find the same.
    let crossed = try story(crossing: 6)
    for owner in ["tenant", "other"].map({ chain.address($0) }) {
      for state in LeaseRecord.State.allCases {
        let before = chain.query.leases(owner: owner, state: state, at: 0).map(\.id)
        #expect(Set(before) == Set(crossed.query.leases(owner: owner, state: state, at: 0).map(\.id)))
      }
      for state in DeploymentRecord.State.allCases {
        let before = chain.query.deployments(of: owner, state: state).map(\.id)
        #expect(before == crossed.query.deployments(of: owner, state: state).map(\.id))
      }
    }
  }

  @Test func `the migration happens in the block of its height, before its transactions`() throws {
    let chain = try story(crossing: nil)
    let height = chain.moment.height + 3
    try plan(chain, version: 2, at: height)
    chain.block()
    #expect(chain.moment.height == height - 1)
    #expect(Executor.requiredVersion(at: height - 1, on: chain.state) == 1)
    #expect(Executor.requiredVersion(at: height, on: chain.state) == 2)
    #expect(chain.state.scan(Tables.leasesByOwner, limit: 1).isEmpty && chain.query.protocolVersion == 1)
    chain.protocolVersion = 2
    let close = chain.transaction([.closeDeployment(chain.deployment("tenant", 2))], by: "tenant")
    let outcome = chain.block([close])
    #expect(outcome.receipts[0].isSuccess && outcome.events.first == .upgraded(version: 2))
    // The transaction found the index and kept it.
    let closed = chain.query.deployments(of: chain.address("tenant"), state: .closed).map(\.id.sequence)
    #expect(closed == [1, 2])
    #expect(chain.state.scan(Tables.deploymentsByOwner, limit: 100).count == 8)
    // Once.
    #expect(chain.block().events.isEmpty)
  }

  @Test func `a migration that fails leaves the state as it was`() throws {
    let chain = try story(crossing: nil)
    let ruin = Migration(version: 3, summary: "writes, then fails") { (execution) throws(Rejection) in
      execution.overlay.write(Tables.dueFloor, SingleKey(), 99)
      throw .arithmetic(.overflow)
    }
    let execution = Execution(on: chain.state, at: chain.moment, protocolVersion: 3)
    #expect(throws: Rejection.arithmetic(.overflow)) {
      try execution.migrate(to: 3, by: Migrations.all + [ruin])
    }
    #expect(execution.overlay.changes().isEmpty && execution.takeEvents().isEmpty)
    #expect(execution.chain.protocolVersion == 1)
  }

  @Test func `versions that were passed over are migrated through, in order`() throws {
    let chain = try story(crossing: nil)
    func step(_ version: UInt32) -> Migration {
      Migration(version: version, summary: "") { (execution) throws(Rejection) in
        let before = execution.overlay.read(Tables.dueFloor, SingleKey()) ?? 0
        execution.overlay.write(Tables.dueFloor, SingleKey(), before % 1_000 * 10 + UInt64(version))
      }
    }
    let steps = [2, 3, 4, 5].map(step)
    #expect(Migrations.path(from: 2, to: 4, of: steps).map(\.version) == [3, 4])
    let execution = Execution(on: chain.state, at: chain.moment, protocolVersion: 4)
    execution.overlay.write(Tables.dueFloor, SingleKey(), 0)
    try execution.migrate(to: 4, by: steps)
    #expect(execution.overlay.read(Tables.dueFloor, SingleKey()) == 234)
    #expect(execution.chain.protocolVersion == 4)
  }

  @Test func `every version above the first has its migration, once and in order`() {
    #expect(Executor.versions.lowerBound == 1)
    #expect(Migrations.all.map(\.version) == Array(2...Executor.versions.upperBound))
    #expect(Migrations.all.allSatisfy { !$0.summary.isEmpty })
  }

  @Test func `an order is admitted by the rules of the block that could execute it`() throws {
    let chain = try story(crossing: nil)
    try plan(chain, version: 2, at: chain.moment.height + 3)
    #expect(OrderAdmission(on: chain.state, at: chain.moment).protocolVersion == 1)
    chain.block()
    #expect(OrderAdmission(on: chain.state, at: chain.moment).protocolVersion == 2)
  }
}
