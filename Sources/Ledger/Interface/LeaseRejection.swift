public import Chain
public import Cryptography
public import Primitives

/// Why an action on a deployment or a lease is rejected.
///
/// The codes in the codespaces `deployment`, `market` and `escrow` are Akash's; the others are in
/// `supercloud`.
public enum LeaseRejection: CodedRejection {
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
  /// The lease that a provider wants to resign or reclaim does not exist. Akash uses a different code for
  /// this than for `unknownLease`.
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

  public var answer: (code: Rejection.Code, text: String) {
    switch self {
    case .zeroSequence: (.init(.sdk, 3), "sequence numbers begin with 1")
    case .deploymentExists(let id):
      (.init(.deployment, 3), "deployment \(id) exists already; numbers are never used twice")
    case .alreadyAgreed(let order): (.init(.supercloud, 50), "order \(order) was agreed already")
    case .deploymentNotFound(let id): (.init(.deployment, 4), "there is no deployment \(id)")
    case .deploymentClosed(let id): (.init(.deployment, 5), "deployment \(id) is closed")
    case .sameManifest(let hash): (.init(.deployment, 10), "the manifest hash is \(hash) already")
    case .manifestDiffers(let stored): (.init(.supercloud, 51), "the deployment's manifest hash is \(stored)")
    case .groupNotFound(let group): (.init(.market, 16), "the deployment has no group \(group)")
    case .groupLeased(let group): (.init(.market, 17), "group \(group) has a lease")
    case .groupDenomination(let denomination):
      (.init(.escrow, 5), "the deployment's escrow is in \(denomination)")
    case .leaseNotFound(let id): (.init(.market, 20), "there is no lease \(id)")
    case .unknownLease(let id): (.init(.market, 7), "there is no lease \(id)")
    case .unknownLeaseOfBid(let id): (.init(.market, 8), "there is no lease \(id)")
    case .paymentClosed(let id): (.init(.escrow, 7), "lease \(id) has ended and is paid out")
    case .leaseNotActive(let id): (.init(.market, 10), "lease \(id) has ended")
    case .closeReason(let reason):
      (.init(.supercloud, 52), "a provider cannot give the reason \(reason.name)")
    case .reclamationNotStarted(let window):
      (.init(.supercloud, 53), "the lease promises \(window) ms of notice: announce the reclamation first")
    case .reclamationPending(let until): (.init(.supercloud, 54), "the notice runs until \(until)")
    case .reclamationStarted(let id):
      (.init(.supercloud, 55), "the reclamation of \(id) was announced already")
    case .escrowDenomination(let denomination):
      (.init(.escrow, 5), "the deployment's escrow is in \(denomination)")
    case .tooManyDeposits(let limit):
      (.init(.supercloud, 56), "the escrow holds \(limit) deposits of different origin")
    }
  }
}
