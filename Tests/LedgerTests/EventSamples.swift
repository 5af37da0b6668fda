import Chain
import Cryptography
import Primitives

@testable import Ledger

/// One event of every kind.
enum EventSamples {
  static let address = Address.module("a")
  static let other = Address.module("b")
  static let deployment = DeploymentID(owner: address, sequence: 7)
  static let lease = LeaseID(deployment: deployment, group: 1, order: 2, provider: other)
  static let coin = Coin(12_345, .uakt)
  static let price = DecimalCoin(Decimal18("1.5")!, .uusdc)

  static var all: [Event] { market + staking + governance }

  private static var market: [Event] {
    [
      .transferred(from: address, to: other, coin: coin),
      .minted(issuer: address, to: other, coin: coin),
      .burned(issuer: address, coin: coin),
      .providerRegistered(provider: other),
      .providerUpdated(provider: other),
      .providerLeft(provider: other),
      .attributesSigned(provider: other, auditor: address),
      .attributesWithdrawn(provider: other, auditor: address),
      .orderAgreed(order: .zero, deployment: deployment),
      .deploymentCreated(deployment: deployment, manifestHash: .zero),
      .deploymentUpdated(deployment: deployment, manifestHash: .zero),
      .deploymentClosed(deployment: deployment, actor: .tenant, reason: .owner),
      .leaseOpened(lease: lease, price: price),
      .leaseClosed(lease: lease, price: price, actor: .provider, reason: .unstable),
      .reclamationStarted(lease: lease, deadline: 99, reason: .decommission),
      .deposited(deployment: deployment, depositor: address, coin: coin),
      .refunded(deployment: deployment, depositor: address, coin: coin),
      .paidOut(lease: lease, gross: coin, fee: Coin(5, .uakt)),
      .fundsLow(deployment: deployment, percent: 20, lastAffordableTick: 88),
      .escrowOverdrawn(deployment: deployment, tick: 88),
      .residueCollected(deployment: deployment, coin: coin),
      .closingFeeDrawn(deployment: deployment, coin: coin),
      .leaseDepositLocked(lease: lease, coin: coin),
      .leaseDepositReleased(lease: lease, coin: coin),
      .granted(granter: address, grantee: other, kind: "fees", limit: coin),
      .grantRevoked(granter: address, grantee: other, kind: "deposits", limit: coin),
    ]
  }

  private static var staking: [Event] {
    [
      .validatorCreated(validator: address, stake: coin),
      .validatorEdited(validator: address),
      .validatorBonded(validator: address, power: 3),
      .validatorUnbonding(validator: address),
      .validatorJailed(validator: address, reason: "downtime"),
      .validatorUnjailed(validator: address),
      .validatorSlashed(validator: address, coin: coin, reason: "downtime"),
      .delegated(delegator: other, validator: address, coin: coin),
      .undelegated(delegator: other, validator: address, coin: coin, completion: 77),
      .redelegated(delegator: other, from: address, to: other, coin: coin),
      .unbonded(delegator: other, validator: address, coin: coin),
      .rewardWithdrawn(delegator: other, validator: address, coin: coin),
      .commissionWithdrawn(validator: address, coin: coin),
    ]
  }

  private static var governance: [Event] {
    [
      .proposalSubmitted(proposal: 1, proposer: address),
      .proposalDeposited(proposal: 1, depositor: address, coin: coin),
      .votingStarted(proposal: 1, end: 66),
      .voted(proposal: 1, voter: address, options: "yes=1"),
      .proposalEnded(proposal: 1, outcome: "passed", log: ""),
      .parameterChanged(key: "gov.quorum", value: 5, proposal: 1),
      .takeRateChanged(denomination: .uusdc, basisPoints: 1_500, tick: 9),
      .currencyAdded(denomination: .uusdc),
      .currencyRetired(denomination: .uusdc),
      .communityPoolSpent(recipient: other, coin: coin),
      .upgradePlanned(name: "v2", height: 100, version: 2),
      .upgraded(version: 2),
    ]
  }
}
