import Chain
import Primitives

/// A change of the state that a chain needs when it upgrades to a protocol version.
///
/// Code whose rules differ between versions reads `Execution.protocolVersion`. The migration to a version
/// writes the state that the version's code expects. A migrated state equals that of a chain that ran the new
/// version from genesis, except for old records that only the old version could write.
struct Migration: Sendable {
  /// The version after the migration; it starts from the version before.
  let version: UInt32
  let summary: String
  let run: @Sendable (Execution) throws(Rejection) -> Void
}

enum Migrations {
  /// All migrations by version, ascending. A version that changes rules but not the state has no migration.
  static let all = [
    Migration(version: 2, summary: "deployments and leases are indexed by owner and state") {
      (execution) throws(Rejection) in
      execution.indexByOwner()
    }
  ]

  /// The migrations from version `old` to version `new`, in order; an upgrade may skip versions.
  static func path(from old: UInt32, to new: UInt32, of all: [Migration] = all) -> [Migration] {
    all.filter { $0.version > old && $0.version <= new }
  }
}

extension Execution {
  /// Upgrades to the planned protocol version at its height, before anything else of the block.
  ///
  /// - Precondition: The migration succeeds, which depends only on the program. A failed migration leaves the
  ///   state as it was and stops the process.
  func upgrade() {
    guard let plan = chain.upgrade, moment.height >= plan.height, protocolVersion == plan.protocolVersion
    else { return }
    do {
      try migrate(to: plan.protocolVersion, by: Migrations.all)
    } catch {
      preconditionFailure(
        """
        the state cannot be migrated to protocol version \(plan.protocolVersion) (upgrade \(plan.name)): \(error); \
        nothing was changed: install a program whose migration works
        """
      )
    }
  }

  /// Runs all migrations up to `version`, or changes nothing.
  func migrate(to version: UInt32, by migrations: [Migration]) throws(Rejection) {
    try atomically { () throws(Rejection) in
      for migration in Migrations.path(from: chain.protocolVersion, to: version, of: migrations) {
        try migration.run(self)
      }
      chain.protocolVersion = version
      chain.upgrade = nil
      emit(.upgraded(version: UInt64(version)))
    }
  }

  /// Migrates to version 2: adds the indexes of deployments and leases by owner and state.
  fileprivate func indexByOwner() {
    overlay.forEach(Tables.deployments) { id, record in
      let key = Pair(id.owner, StateIndexKey(record.state.rawValue, id))
      overlay.write(Tables.deploymentsByOwner, key, Presence())
    }
    overlay.forEach(Tables.leases) { id, record in
      let key = Pair(id.deployment.owner, StateIndexKey(record.state.rawValue, id))
      overlay.write(Tables.leasesByOwner, key, Presence())
    }
  }
}
