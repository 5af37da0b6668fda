import Chain
import Cryptography
import Primitives

/// The value of one field of an event.
protocol EventField: StateValue {
  var eventText: String { get }
}

extension EventField where Self: CustomStringConvertible {
  var eventText: String { description }
}

extension Address: EventField {}
extension Coin: EventField {}
extension DecimalCoin: EventField {}
extension Denomination: EventField {}
extension DeploymentID: EventField {}
extension Digest: EventField {}
extension LeaseID: EventField {}
extension UInt64: EventField {}

extension Closer: EventField {
  var eventText: String { name }
}

extension LeaseCloseReason: EventField {
  var eventText: String { name }
}

/// A text of an event; at most 1,024 bytes.
extension String: EventField {
  func encode(into writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readText(limit: 1_024) }
}

extension Event {
  /// The event's name in snake_case, such as `lease_opened`.
  public var name: String { parts.name }

  /// The fields as texts, in a fixed order.
  public var attributes: [(key: String, value: String)] { parts.fields.map { ($0.key, $0.value.eventText) } }

  typealias Parts = (tag: UInt8, name: String, fields: [(key: String, value: any EventField)])

  /// The event's number in the encoding, its name and its fields. The fields are in the order in which the
  /// case has them.
  var parts: Parts {
    guard let parts = marketParts ?? escrowParts ?? stakingParts ?? governanceParts else {
      preconditionFailure("an event is in none of the tables below")
    }
    return parts
  }

  private var marketParts: Parts? {
    switch self {
    case .transferred(let from, let to, let coin):
      (1, "transferred", [("sender", from), ("recipient", to), ("amount", coin)])
    case .minted(let issuer, let to, let coin):
      (2, "minted", [("issuer", issuer), ("recipient", to), ("amount", coin)])
    case .burned(let issuer, let coin): (3, "burned", [("issuer", issuer), ("amount", coin)])
    case .providerRegistered(let provider): (4, "provider_registered", [("owner", provider)])
    case .providerUpdated(let provider): (5, "provider_updated", [("owner", provider)])
    case .providerLeft(let provider): (6, "provider_left", [("owner", provider)])
    case .attributesSigned(let provider, let auditor):
      (7, "attributes_signed", [("owner", provider), ("auditor", auditor)])
    case .attributesWithdrawn(let provider, let auditor):
      (8, "attributes_withdrawn", [("owner", provider), ("auditor", auditor)])
    case .orderAgreed(let order, let deployment):
      (9, "order_agreed", [("order", order), ("deployment", deployment)])
    case .deploymentCreated(let deployment, let manifestHash):
      (10, "deployment_created", [("deployment", deployment), ("manifest_hash", manifestHash)])
    case .deploymentUpdated(let deployment, let manifestHash):
      (11, "deployment_updated", [("deployment", deployment), ("manifest_hash", manifestHash)])
    case .deploymentClosed(let deployment, let actor, let reason):
      (12, "deployment_closed", [("deployment", deployment), ("by", actor), ("reason", reason)])
    case .leaseOpened(let lease, let price): (13, "lease_opened", [("lease", lease), ("price", price)])
    case .leaseClosed(let lease, let price, let actor, let reason):
      (14, "lease_closed", [("lease", lease), ("price", price), ("by", actor), ("reason", reason)])
    case .reclamationStarted(let lease, let deadline, let reason):
      (15, "reclamation_started", [("lease", lease), ("deadline", deadline), ("reason", reason)])
    default: nil
    }
  }

  private var escrowParts: Parts? {
    switch self {
    case .deposited(let deployment, let depositor, let coin):
      (16, "deposited", [("deployment", deployment), ("depositor", depositor), ("amount", coin)])
    case .refunded(let deployment, let depositor, let coin):
      (17, "refunded", [("deployment", deployment), ("depositor", depositor), ("amount", coin)])
    case .paidOut(let lease, let gross, let fee):
      (18, "paid_out", [("lease", lease), ("gross", gross), ("fee", fee)])
    case .fundsLow(let deployment, let percent, let lastAffordableTick):
      (19, "funds_low", [("deployment", deployment), ("percent", percent), ("dry_tick", lastAffordableTick)])
    case .escrowOverdrawn(let deployment, let tick):
      (20, "escrow_overdrawn", [("deployment", deployment), ("tick", tick)])
    case .residueCollected(let deployment, let coin):
      (21, "residue_collected", [("deployment", deployment), ("amount", coin)])
    case .closingFeeDrawn(let deployment, let coin):
      (51, "closing_fee_drawn", [("deployment", deployment), ("amount", coin)])
    case .leaseDepositLocked(let lease, let coin):
      (22, "lease_deposit_locked", [("lease", lease), ("amount", coin)])
    case .leaseDepositReleased(let lease, let coin):
      (23, "lease_deposit_released", [("lease", lease), ("amount", coin)])
    case .granted(let granter, let grantee, let kind, let limit):
      (24, "granted", [("granter", granter), ("grantee", grantee), ("kind", kind), ("limit", limit)])
    case .grantRevoked(let granter, let grantee, let kind, let limit):
      (25, "grant_revoked", [("granter", granter), ("grantee", grantee), ("kind", kind), ("limit", limit)])
    default: nil
    }
  }

  private var stakingParts: Parts? {
    switch self {
    case .validatorCreated(let validator, let stake):
      (26, "validator_created", [("validator", validator), ("amount", stake)])
    case .validatorEdited(let validator): (27, "validator_edited", [("validator", validator)])
    case .validatorBonded(let validator, let power):
      (28, "validator_bonded", [("validator", validator), ("power", power)])
    case .validatorUnbonding(let validator): (29, "validator_unbonding", [("validator", validator)])
    case .validatorJailed(let validator, let reason):
      (30, "validator_jailed", [("validator", validator), ("reason", reason)])
    case .validatorUnjailed(let validator): (31, "validator_unjailed", [("validator", validator)])
    case .validatorSlashed(let validator, let coin, let reason):
      (32, "validator_slashed", [("validator", validator), ("amount", coin), ("reason", reason)])
    case .delegated(let delegator, let validator, let coin):
      (33, "delegated", [("delegator", delegator), ("validator", validator), ("amount", coin)])
    case .undelegated(let delegator, let validator, let coin, let completion):
      (
        34, "undelegated",
        [
          ("delegator", delegator), ("validator", validator), ("amount", coin),
          ("completion_time", completion),
        ]
      )
    case .redelegated(let delegator, let from, let to, let coin):
      (
        35, "redelegated",
        [
          ("delegator", delegator), ("source_validator", from), ("destination_validator", to),
          ("amount", coin),
        ]
      )
    case .unbonded(let delegator, let validator, let coin):
      (36, "unbonded", [("delegator", delegator), ("validator", validator), ("amount", coin)])
    case .rewardWithdrawn(let delegator, let validator, let coin):
      (37, "reward_withdrawn", [("delegator", delegator), ("validator", validator), ("amount", coin)])
    case .commissionWithdrawn(let validator, let coin):
      (38, "commission_withdrawn", [("validator", validator), ("amount", coin)])
    default: nil
    }
  }

  private var governanceParts: Parts? {
    switch self {
    case .proposalSubmitted(let proposal, let proposer):
      (39, "proposal_submitted", [("proposal_id", proposal), ("proposer", proposer)])
    case .proposalDeposited(let proposal, let depositor, let coin):
      (40, "proposal_deposited", [("proposal_id", proposal), ("depositor", depositor), ("amount", coin)])
    case .votingStarted(let proposal, let end):
      (41, "voting_started", [("proposal_id", proposal), ("voting_end_time", end)])
    case .voted(let proposal, let voter, let options):
      (42, "voted", [("proposal_id", proposal), ("voter", voter), ("options", options)])
    case .proposalEnded(let proposal, let outcome, let log):
      (43, "proposal_ended", [("proposal_id", proposal), ("outcome", outcome), ("log", log)])
    case .parameterChanged(let key, let value, let proposal):
      (44, "parameter_changed", [("key", key), ("value", value), ("proposal_id", proposal)])
    case .takeRateChanged(let denomination, let basisPoints, let tick):
      (45, "take_rate_changed", [("denom", denomination), ("basis_points", basisPoints), ("tick", tick)])
    case .currencyAdded(let denomination): (46, "currency_added", [("denom", denomination)])
    case .currencyRetired(let denomination): (47, "currency_retired", [("denom", denomination)])
    case .communityPoolSpent(let recipient, let coin):
      (48, "community_pool_spent", [("recipient", recipient), ("amount", coin)])
    case .upgradePlanned(let name, let height, let version):
      (49, "upgrade_planned", [("name", name), ("height", height), ("protocol_version", version)])
    case .upgraded(let version): (50, "upgraded", [("protocol_version", version)])
    default: nil
    }
  }
}

/// The form in receipts: the event's number, then its fields.
extension Event: StateValue {
  func encode(into writer: inout ByteWriter) {
    let (tag, _, fields) = parts
    writer.write(tag)
    for (_, value) in fields { value.encode(into: &writer) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    /// Reads the fields of the case that `make` makes.
    func read<each Field: EventField>(_ make: (repeat each Field) -> Event) throws(DecodingError) -> Event {
      make(repeat try (each Field)(from: &reader))
    }
    self =
      switch try reader.read(UInt8.self) {
      case 1: try read(Event.transferred)
      case 2: try read(Event.minted)
      case 3: try read(Event.burned)
      case 4: try read(Event.providerRegistered)
      case 5: try read(Event.providerUpdated)
      case 6: try read(Event.providerLeft)
      case 7: try read(Event.attributesSigned)
      case 8: try read(Event.attributesWithdrawn)
      case 9: try read(Event.orderAgreed)
      case 10: try read(Event.deploymentCreated)
      case 11: try read(Event.deploymentUpdated)
      case 12: try read(Event.deploymentClosed)
      case 13: try read(Event.leaseOpened)
      case 14: try read(Event.leaseClosed)
      case 15: try read(Event.reclamationStarted)
      case 16: try read(Event.deposited)
      case 17: try read(Event.refunded)
      case 18: try read(Event.paidOut)
      case 19: try read(Event.fundsLow)
      case 20: try read(Event.escrowOverdrawn)
      case 21: try read(Event.residueCollected)
      case 22: try read(Event.leaseDepositLocked)
      case 23: try read(Event.leaseDepositReleased)
      case 24: try read(Event.granted)
      case 25: try read(Event.grantRevoked)
      case 26: try read(Event.validatorCreated)
      case 27: try read(Event.validatorEdited)
      case 28: try read(Event.validatorBonded)
      case 29: try read(Event.validatorUnbonding)
      case 30: try read(Event.validatorJailed)
      case 31: try read(Event.validatorUnjailed)
      case 32: try read(Event.validatorSlashed)
      case 33: try read(Event.delegated)
      case 34: try read(Event.undelegated)
      case 35: try read(Event.redelegated)
      case 36: try read(Event.unbonded)
      case 37: try read(Event.rewardWithdrawn)
      case 38: try read(Event.commissionWithdrawn)
      case 39: try read(Event.proposalSubmitted)
      case 40: try read(Event.proposalDeposited)
      case 41: try read(Event.votingStarted)
      case 42: try read(Event.voted)
      case 43: try read(Event.proposalEnded)
      case 44: try read(Event.parameterChanged)
      case 45: try read(Event.takeRateChanged)
      case 46: try read(Event.currencyAdded)
      case 47: try read(Event.currencyRetired)
      case 48: try read(Event.communityPoolSpent)
      case 49: try read(Event.upgradePlanned)
      case 50: try read(Event.upgraded)
      case 51: try read(Event.closingFeeDrawn)
      default: throw .outOfRange(field: "event")
      }
  }
}
