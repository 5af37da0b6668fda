import Chain
import Primitives

/// What the state must become when the chain crosses over to a version of the protocol.
///
/// Rules that differ between versions ask `Execution.protocolVersion`; whatever they expect to find in the state, the
/// version's migration puts there. A state that crossed over equals one that lived under the version from the
/// beginning, but for what only time could tell.
struct Migration: Sendable {
  /// The version that it leads to, from the one before.
  let version: UInt32
  let summary: String
  let run: @Sendable (Execution) throws(Rejection) -> Void
}

enum Migrations {
  /// One for each version above the first, ascending. A version without one would change rules alone.
  static let all = [
    Migration(version: 2, summary: "deployments and leases are indexed by owner and state") {
      (execution) throws(Rejection) in
      execution.indexByOwner()
    }
  ]

  /// What lies between two versions, in order; versions may be passed over.
  static func path(from old: UInt32, to new: UInt32, of all: [Migration] = all) -> [Migration] {
    all.filter { $0.version > old && $0.version <= new }
  }
}

extension Execution {
  /// Crosses over to the version that was voted for, at its height: before anything else of the block.
  ///
  /// - Precondition: The migration can be done. It is the program's, not a transaction's: where it cannot, the state
  ///   is left as it was and no node may go on.
  func upgrade() {
    guard let plan = chain.upgrade, moment.height >= plan.height, protocolVersion == plan.protocolVersion
    else { return }
    do {
      try cross(to: plan.protocolVersion, by: Migrations.all)
    } catch {
      preconditionFailure(
        """
        the state cannot be migrated to protocol version \(plan.protocolVersion) (upgrade \(plan.name)): \(error); \
        nothing was changed: install a program whose migration works
        """
      )
    }
  }

  /// Migrates step by step; all of it or nothing.
  func cross(to version: UInt32, by migrations: [Migration]) throws(Rejection) {
    try atomically { () throws(Rejection) in
      for migration in Migrations.path(from: chain.protocolVersion, to: version, of: migrations) {
        try migration.run(self)
      }
      chain.protocolVersion = version
      chain.upgrade = nil
      emit(.upgraded(version: UInt64(version)))
    }
  }

  /// Version 2: finds what an account has in a state without looking at what it had.
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
