public import Chain
public import Cryptography
public import Primitives

/// Why an action on a deployment or a lease is rejected.
///
/// The codes in the codespaces `deployment`, `market` and `escrow` are those of the reference chain; others
/// are in `supercloud`.
public enum LeaseRejection: Error, Hashable, Sendable, CustomStringConvertible {
  case zeroSequence
  case deploymentExists(DeploymentID)
  case alreadyAgreed(order: Digest)
  case deploymentNotFound(DeploymentID)
  case deploymentClosed(DeploymentID)
  case sameManifest(Digest)
  case manifestDiffers(stored: Digest)
  case groupNotFound(UInt32)
  case groupLeased(UInt32)
  case groupDenomination(Denomination)
  case leaseNotFound(LeaseID)
  /// The lease that a provider wants to withdraw from does not exist.
  case unknownLease(LeaseID)
  /// The lease that a provider wants to resign or reclaim does not exist. The reference chain has another
  /// code for this.
  case unknownLeaseOfBid(LeaseID)
  /// The lease has ended, so nothing can be withdrawn.
  case paymentClosed(LeaseID)
  case leaseNotActive(LeaseID)
  case closeReason(LeaseCloseReason)
  case reclamationNotStarted(window: UInt64)
  case reclamationPending(until: Timestamp)
  case reclamationStarted(LeaseID)
  case escrowDenomination(Denomination)
  case tooManyDeposits(limit: Int)

  public var code: Rejection.Code {
    switch self {
    case .zeroSequence: .init(.sdk, 3)
    case .deploymentExists: .init(.deployment, 3)
    case .alreadyAgreed: .init(.supercloud, 50)
    case .deploymentNotFound: .init(.deployment, 4)
    case .deploymentClosed: .init(.deployment, 5)
    case .sameManifest: .init(.deployment, 10)
    case .manifestDiffers: .init(.supercloud, 51)
    case .groupNotFound: .init(.market, 16)
    case .groupLeased: .init(.market, 17)
    case .groupDenomination: .init(.escrow, 5)
    case .leaseNotFound: .init(.market, 20)
    case .unknownLease: .init(.market, 7)
    case .unknownLeaseOfBid: .init(.market, 8)
    case .paymentClosed: .init(.escrow, 7)
    case .leaseNotActive: .init(.market, 10)
    case .closeReason: .init(.supercloud, 52)
    case .reclamationNotStarted: .init(.supercloud, 53)
    case .reclamationPending: .init(.supercloud, 54)
    case .reclamationStarted: .init(.supercloud, 55)
    case .escrowDenomination: .init(.escrow, 5)
    case .tooManyDeposits: .init(.supercloud, 56)
    }
  }

  public var description: String {
    switch self {
    case .zeroSequence: "sequence numbers begin with 1"
    case .deploymentExists(let id): "deployment \(id) exists already; numbers are never used twice"
    case .alreadyAgreed(let order): "order \(order) was agreed already"
    case .deploymentNotFound(let id): "there is no deployment \(id)"
    case .deploymentClosed(let id): "deployment \(id) is closed"
    case .sameManifest(let hash): "the manifest hash is \(hash) already"
    case .manifestDiffers(let stored): "the deployment's manifest hash is \(stored)"
    case .groupNotFound(let group): "the deployment has no group \(group)"
    case .groupLeased(let group): "group \(group) has a lease"
    case .groupDenomination(let denomination): "the deployment's escrow is in \(denomination)"
    case .leaseNotFound(let id): "there is no lease \(id)"
    case .unknownLease(let id), .unknownLeaseOfBid(let id): "there is no lease \(id)"
    case .paymentClosed(let id): "lease \(id) has ended and is paid out"
    case .leaseNotActive(let id): "lease \(id) has ended"
    case .closeReason(let reason): "a provider cannot give the reason \(reason.name)"
    case .reclamationNotStarted(let window):
      "the lease promises \(window) ms of notice: announce the reclamation first"
    case .reclamationPending(let until): "the notice runs until \(until)"
    case .reclamationStarted(let id): "the reclamation of \(id) was announced already"
    case .escrowDenomination(let denomination): "the deployment's escrow is in \(denomination)"
    case .tooManyDeposits(let limit): "the escrow holds \(limit) deposits of different origin"
    }
  }
}
