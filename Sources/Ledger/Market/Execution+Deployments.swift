import Chain
import Cryptography
import Primitives

extension Execution {
  func activeDeployment(_ id: DeploymentID) throws(Rejection) -> DeploymentRecord {
    guard let record = overlay.read(Tables.deployments, id) else { throw .lease(.deploymentNotFound(id)) }
    guard record.state == .active else { throw .lease(.deploymentClosed(id)) }
    return record
  }

  /// Creates a deployment with open groups and an empty escrow.
  package func createDeployment(
    _ id: DeploymentID,
    groups: [GroupSpec],
    manifestHash: Digest,
    order: Digest,
    denomination: Denomination
  ) throws(Rejection) {
    guard id.sequence > 0 else { throw .lease(.zeroSequence) }
    if let existing = overlay.read(Tables.deployments, id) {
      throw existing.order == order ? .lease(.alreadyAgreed(order: order)) : .lease(.deploymentExists(id))
    }
    let record = DeploymentRecord(
      manifestHash: manifestHash,
      groupCount: UInt32(groups.count),
      order: order,
      createdAt: moment
    )
    overlay.write(Tables.deployments, id, record)
    index(id, in: record.state)
    for (index, spec) in groups.enumerated() {
      overlay.write(Tables.groups, GroupKey(id, UInt32(index) + 1), GroupRecord(spec: spec))
    }
    try openEscrow(of: id, in: denomination)
    emit(.deploymentCreated(deployment: id, manifestHash: manifestHash))
  }

  private func index(_ id: DeploymentID, in state: DeploymentRecord.State) {
    let key = StateIndexKey(state.rawValue, id)
    overlay.write(Tables.deploymentsByState, key, Presence())
    if protocolVersion >= 2 { overlay.write(Tables.deploymentsByOwner, Pair(id.owner, key), Presence()) }
  }

  private func unindex(_ id: DeploymentID, in state: DeploymentRecord.State) {
    let key = StateIndexKey(state.rawValue, id)
    overlay.remove(Tables.deploymentsByState, key)
    if protocolVersion >= 2 { overlay.remove(Tables.deploymentsByOwner, Pair(id.owner, key)) }
  }

  func updateDeployment(_ id: DeploymentID, manifestHash: Digest) throws(Rejection) {
    var record = try activeDeployment(id)
    guard record.manifestHash != manifestHash else { throw .lease(.sameManifest(manifestHash)) }
    record.manifestHash = manifestHash
    overlay.write(Tables.deployments, id, record)
    emit(.deploymentUpdated(deployment: id, manifestHash: manifestHash))
  }

  /// Adds a deposit, which anybody may pay. A deposit to an overdrawn account opens no lease by itself.
  func depositDeployment(_ id: DeploymentID, _ coin: Coin, from depositor: Address) throws(Rejection) {
    _ = try activeDeployment(id)
    let coin = try canonical(coin)
    guard !coin.amount.isZero else { throw .order(.depositTooSmall(minimum: Amount(1))) }
    let account = try escrow(of: id)
    guard coin.denomination == account.denomination else {
      throw .lease(.escrowDenomination(account.denomination))
    }
    try deposit(coin.amount, from: depositor, isGranted: false, to: id)
  }

  func closeDeployment(_ id: DeploymentID) throws(Rejection) {
    _ = try activeDeployment(id)
    try closeEscrow(of: id, by: .tenant, reason: .deploymentClosed)
    var record = try activeDeployment(id)
    unindex(id, in: record.state)
    record.closing = Closing(closer: .tenant, reason: .deploymentClosed, moment: moment)
    index(id, in: record.state)
    overlay.write(Tables.deployments, id, record)
    for number in 0..<record.groupCount {
      let key = GroupKey(id, number + 1)
      guard var group = overlay.read(Tables.groups, key) else { continue }
      group.state = .closed
      overlay.write(Tables.groups, key, group)
    }
    emit(.deploymentClosed(deployment: id, actor: .tenant, reason: .owner))
  }
}
