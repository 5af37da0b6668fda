import Chain
import Cryptography
import Primitives

/// The value of one field of an event.
enum EventField: Hashable, Sendable {
  case address(Address)
  case deployment(DeploymentID)
  case lease(LeaseID)
  case coin(Coin)
  case price(DecimalCoin)
  case denomination(Denomination)
  case digest(Digest)
  case number(UInt64)
  case text(String)
  case closer(Closer)
  case reason(LeaseCloseReason)

  var text: String {
    switch self {
    case .address(let address): address.text()
    case .deployment(let id): id.description
    case .lease(let id): id.description
    case .coin(let coin): coin.description
    case .price(let price): price.description
    case .denomination(let denomination): denomination.name
    case .digest(let digest): digest.description
    case .number(let number): String(number)
    case .text(let text): text
    case .closer(let closer): closer.name
    case .reason(let reason): reason.name
    }
  }
}

extension Event {
  /// The event's number in the encoding, its name and its fields in order. The encoding, `name` and
  /// `attributes` are derived from this.
  var parts: (tag: UInt8, name: String, fields: [(key: String, value: EventField)]) {
    switch self {
    case .transferred(let from, let to, let coin):
      (1, "transferred", [("sender", .address(from)), ("recipient", .address(to)), ("amount", .coin(coin))])
    case .minted(let issuer, let to, let coin):
      (2, "minted", [("issuer", .address(issuer)), ("recipient", .address(to)), ("amount", .coin(coin))])
    case .burned(let issuer, let coin):
      (3, "burned", [("issuer", .address(issuer)), ("amount", .coin(coin))])
    case .providerRegistered(let provider): (4, "provider-registered", [("owner", .address(provider))])
    case .providerUpdated(let provider): (5, "provider-updated", [("owner", .address(provider))])
    case .providerLeft(let provider): (6, "provider-left", [("owner", .address(provider))])
    case .attributesSigned(let provider, let auditor):
      (7, "attributes-signed", [("owner", .address(provider)), ("auditor", .address(auditor))])
    case .attributesWithdrawn(let provider, let auditor):
      (8, "attributes-withdrawn", [("owner", .address(provider)), ("auditor", .address(auditor))])
    case .orderAgreed(let order, let deployment):
      (9, "order-agreed", [("order", .digest(order)), ("deployment", .deployment(deployment))])
    case .deploymentCreated(let deployment, let manifestHash):
      (
        10, "deployment-created",
        [("deployment", .deployment(deployment)), ("manifest-hash", .digest(manifestHash))]
      )
    case .deploymentUpdated(let deployment, let manifestHash):
      (
        11, "deployment-updated",
        [("deployment", .deployment(deployment)), ("manifest-hash", .digest(manifestHash))]
      )
    case .deploymentClosed(let deployment, let actor, let reason):
      (
        12, "deployment-closed",
        [("deployment", .deployment(deployment)), ("by", .closer(actor)), ("reason", .reason(reason))]
      )
    case .leaseOpened(let lease, let price):
      (13, "lease-opened", [("lease", .lease(lease)), ("price", .price(price))])
    case .leaseClosed(let lease, let price, let actor, let reason):
      (
        14, "lease-closed",
        [
          ("lease", .lease(lease)), ("price", .price(price)), ("by", .closer(actor)),
          ("reason", .reason(reason)),
        ]
      )
    case .reclamationStarted(let lease, let deadline, let reason):
      (
        15, "reclamation-started",
        [("lease", .lease(lease)), ("deadline", .number(deadline)), ("reason", .reason(reason))]
      )
    case .deposited(let deployment, let depositor, let coin):
      (
        16, "deposited",
        [
          ("deployment", .deployment(deployment)), ("depositor", .address(depositor)),
          ("amount", .coin(coin)),
        ]
      )
    case .refunded(let deployment, let depositor, let coin):
      (
        17, "refunded",
        [
          ("deployment", .deployment(deployment)), ("depositor", .address(depositor)),
          ("amount", .coin(coin)),
        ]
      )
    case .paidOut(let lease, let gross, let fee):
      (18, "paid-out", [("lease", .lease(lease)), ("gross", .coin(gross)), ("fee", .coin(fee))])
    case .fundsLow(let deployment, let percent, let lastAffordableTick):
      (
        19, "funds-low",
        [
          ("deployment", .deployment(deployment)), ("percent", .number(percent)),
          ("dry-tick", .number(lastAffordableTick)),
        ]
      )
    case .escrowOverdrawn(let deployment, let tick):
      (20, "escrow-overdrawn", [("deployment", .deployment(deployment)), ("tick", .number(tick))])
    case .residueCollected(let deployment, let coin):
      (21, "residue-collected", [("deployment", .deployment(deployment)), ("amount", .coin(coin))])
    case .leaseDepositLocked(let lease, let coin):
      (22, "lease-deposit-locked", [("lease", .lease(lease)), ("amount", .coin(coin))])
    case .leaseDepositReleased(let lease, let coin):
      (23, "lease-deposit-released", [("lease", .lease(lease)), ("amount", .coin(coin))])
    case .granted(let granter, let grantee, let kind, let limit):
      (
        24, "granted",
        [
          ("granter", .address(granter)), ("grantee", .address(grantee)), ("kind", .text(kind)),
          ("limit", .coin(limit)),
        ]
      )
    case .grantRevoked(let granter, let grantee, let kind, let limit):
      (
        25, "grant-revoked",
        [
          ("granter", .address(granter)), ("grantee", .address(grantee)), ("kind", .text(kind)),
          ("limit", .coin(limit)),
        ]
      )
    case .validatorCreated(let validator, let stake):
      (26, "validator-created", [("validator", .address(validator)), ("amount", .coin(stake))])
    case .validatorEdited(let validator): (27, "validator-edited", [("validator", .address(validator))])
    case .validatorBonded(let validator, let power):
      (28, "validator-bonded", [("validator", .address(validator)), ("power", .number(power))])
    case .validatorUnbonding(let validator): (29, "validator-unbonding", [("validator", .address(validator))])
    case .validatorJailed(let validator, let reason):
      (30, "validator-jailed", [("validator", .address(validator)), ("reason", .text(reason))])
    case .validatorUnjailed(let validator): (31, "validator-unjailed", [("validator", .address(validator))])
    case .validatorSlashed(let validator, let coin, let reason):
      (
        32, "validator-slashed",
        [("validator", .address(validator)), ("amount", .coin(coin)), ("reason", .text(reason))]
      )
    case .delegated(let delegator, let validator, let coin):
      (
        33, "delegated",
        [("delegator", .address(delegator)), ("validator", .address(validator)), ("amount", .coin(coin))]
      )
    case .undelegated(let delegator, let validator, let coin, let completion):
      (
        34, "undelegated",
        [
          ("delegator", .address(delegator)), ("validator", .address(validator)),
          ("amount", .coin(coin)),
          ("completion-time", .number(completion)),
        ]
      )
    case .redelegated(let delegator, let from, let to, let coin):
      (
        35, "redelegated",
        [
          ("delegator", .address(delegator)), ("source-validator", .address(from)),
          ("destination-validator", .address(to)), ("amount", .coin(coin)),
        ]
      )
    case .unbonded(let delegator, let validator, let coin):
      (
        36, "unbonded",
        [("delegator", .address(delegator)), ("validator", .address(validator)), ("amount", .coin(coin))]
      )
    case .rewardWithdrawn(let delegator, let validator, let coin):
      (
        37, "reward-withdrawn",
        [("delegator", .address(delegator)), ("validator", .address(validator)), ("amount", .coin(coin))]
      )
    case .commissionWithdrawn(let validator, let coin):
      (38, "commission-withdrawn", [("validator", .address(validator)), ("amount", .coin(coin))])
    case .proposalSubmitted(let proposal, let proposer):
      (39, "proposal-submitted", [("proposal-id", .number(proposal)), ("proposer", .address(proposer))])
    case .proposalDeposited(let proposal, let depositor, let coin):
      (
        40, "proposal-deposited",
        [("proposal-id", .number(proposal)), ("depositor", .address(depositor)), ("amount", .coin(coin))]
      )
    case .votingStarted(let proposal, let end):
      (41, "voting-started", [("proposal-id", .number(proposal)), ("voting-end-time", .number(end))])
    case .voted(let proposal, let voter, let options):
      (
        42, "voted",
        [("proposal-id", .number(proposal)), ("voter", .address(voter)), ("options", .text(options))]
      )
    case .proposalEnded(let proposal, let outcome, let log):
      (
        43, "proposal-ended",
        [("proposal-id", .number(proposal)), ("outcome", .text(outcome)), ("log", .text(log))]
      )
    case .parameterChanged(let key, let value, let proposal):
      (
        44, "parameter-changed",
        [("key", .text(key)), ("value", .number(value)), ("proposal-id", .number(proposal))]
      )
    case .takeRateChanged(let denomination, let basisPoints, let tick):
      (
        45, "take-rate-changed",
        [
          ("denom", .denomination(denomination)), ("basis-points", .number(basisPoints)),
          ("tick", .number(tick)),
        ]
      )
    case .currencyAdded(let denomination): (46, "currency-added", [("denom", .denomination(denomination))])
    case .currencyRetired(let denomination):
      (47, "currency-retired", [("denom", .denomination(denomination))])
    case .communityPoolSpent(let recipient, let coin):
      (48, "community-pool-spent", [("recipient", .address(recipient)), ("amount", .coin(coin))])
    case .upgradePlanned(let name, let height, let version):
      (
        49, "upgrade-planned",
        [("name", .text(name)), ("height", .number(height)), ("protocol-version", .number(version))]
      )
    case .upgraded(let version): (50, "upgraded", [("protocol-version", .number(version))])
    }
  }
}
