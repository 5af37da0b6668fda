public import Chain
public import Cryptography
public import Primitives

/// Who ended a lease or a deployment.
public enum Closer: UInt8, Hashable, Sendable, CaseIterable {
  case tenant = 1
  case provider = 2
  /// The ledger itself: the money ran out.
  case ledger = 3

  /// The name in events and in answers to queries.
  public var name: String {
    switch self {
    case .tenant: "tenant"
    case .provider: "provider"
    case .ledger: "ledger"
    }
  }
}

extension LeaseCloseReason {
  /// The name in events and in answers to queries.
  public var name: String {
    switch self {
    case .owner: "owner"
    case .unstable: "unstable"
    case .decommission: "decommission"
    case .unspecified: "unspecified"
    case .manifestTimeout: "manifest_timeout"
    case .insufficientFunds: "insufficient_funds"
    case .deploymentClosed: "deployment_closed"
    }
  }
}

/// A change in the ledger. The events of a block hold every movement of money and every change of a record's
/// state, in the order in which they happened.
public enum Event: Hashable, Sendable {
  /// Coins moved between accounts.
  case transferred(from: Address, to: Address, coin: Coin)
  /// An issuer made units of its currency.
  case minted(issuer: Address, to: Address, coin: Coin)
  /// An issuer destroyed units that it held.
  case burned(issuer: Address, coin: Coin)
  case providerRegistered(provider: Address)
  case providerUpdated(provider: Address)
  case providerLeft(provider: Address)
  case attributesSigned(provider: Address, auditor: Address)
  case attributesWithdrawn(provider: Address, auditor: Address)
  /// A tenant agreed to bids for an order. The events of the new leases follow.
  case orderAgreed(order: Digest, deployment: DeploymentID)
  case deploymentCreated(deployment: DeploymentID, manifestHash: Digest)
  case deploymentUpdated(deployment: DeploymentID, manifestHash: Digest)
  case deploymentClosed(deployment: DeploymentID, actor: Closer, reason: LeaseCloseReason)
  /// The provider may run the workload from the tick of this block on.
  case leaseOpened(lease: LeaseID, price: DecimalCoin)
  case leaseClosed(lease: LeaseID, price: DecimalCoin, actor: Closer, reason: LeaseCloseReason)
  /// The provider announced that it wants its resources back. It may take them from `deadline` on (block time
  /// in milliseconds since the Unix epoch).
  case reclamationStarted(lease: LeaseID, deadline: UInt64, reason: LeaseCloseReason)
  /// Money went into a deployment's escrow.
  case deposited(deployment: DeploymentID, depositor: Address, coin: Coin)
  /// The rest of a deposit went back to its depositor.
  case refunded(deployment: DeploymentID, depositor: Address, coin: Coin)
  /// A provider was paid `gross` − `fee`; `fee` is the network's take.
  case paidOut(lease: LeaseID, gross: Coin, fee: Coin)
  /// The time for which the escrow can still pay has fallen to `percent` % of what it was at the last change of
  /// its deposits or leases. `lastAffordableTick` is the last tick that it can pay in full.
  case fundsLow(deployment: DeploymentID, percent: UInt64, lastAffordableTick: UInt64)
  /// The money ran out; `tick` is the last tick that was paid in full.
  case escrowOverdrawn(deployment: DeploymentID, tick: UInt64)
  /// Fractions of a unit that were left at closing went to the community pool.
  case residueCollected(deployment: DeploymentID, coin: Coin)
  /// The owner lacked a part of the fee of a close. The escrow gave it to the owner, who paid the fee with it.
  case closingFeeDrawn(deployment: DeploymentID, coin: Coin)
  case leaseDepositLocked(lease: LeaseID, coin: Coin)
  case leaseDepositReleased(lease: LeaseID, coin: Coin)
  case granted(granter: Address, grantee: Address, kind: String, limit: Coin)
  case grantRevoked(granter: Address, grantee: Address, kind: String, limit: Coin)
  case validatorCreated(validator: Address, stake: Coin)
  case validatorEdited(validator: Address)
  /// The validator joins the validator set; its votes count two heights later.
  case validatorBonded(validator: Address, power: UInt64)
  /// The validator leaves the validator set, and its stake begins to unbond.
  case validatorUnbonding(validator: Address)
  case validatorJailed(validator: Address, reason: String)
  case validatorUnjailed(validator: Address)
  case validatorSlashed(validator: Address, coin: Coin, reason: String)
  case delegated(delegator: Address, validator: Address, coin: Coin)
  /// A delegator took stake back. It is paid out at `completion` (block time in milliseconds since the Unix
  /// epoch).
  case undelegated(delegator: Address, validator: Address, coin: Coin, completion: UInt64)
  case redelegated(delegator: Address, from: Address, to: Address, coin: Coin)
  /// Undelegated stake was paid out.
  case unbonded(delegator: Address, validator: Address, coin: Coin)
  case rewardWithdrawn(delegator: Address, validator: Address, coin: Coin)
  case commissionWithdrawn(validator: Address, coin: Coin)
  case proposalSubmitted(proposal: UInt64, proposer: Address)
  case proposalDeposited(proposal: UInt64, depositor: Address, coin: Coin)
  /// The voting period began. It ends at `end` (block time in milliseconds since the Unix epoch).
  case votingStarted(proposal: UInt64, end: UInt64)
  case voted(proposal: UInt64, voter: Address, options: String)
  case proposalEnded(proposal: UInt64, outcome: String, log: String)
  case parameterChanged(key: String, value: UInt64, proposal: UInt64)
  /// The network's share of earnings changed. The new rate applies to ticks from `tick` on.
  case takeRateChanged(denomination: Denomination, basisPoints: UInt64, tick: UInt64)
  case currencyAdded(denomination: Denomination)
  case currencyRetired(denomination: Denomination)
  case communityPoolSpent(recipient: Address, coin: Coin)
  case upgradePlanned(name: String, height: UInt64, version: UInt64)
  case upgraded(version: UInt64)
}
