import Cryptography
import Primitives
import Wire

extension CreateValidator {
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Cosmos_Staking_V1beta1_MsgCreateValidator(
      complete: bytes,
      limit: WireLimits.transactionBytes
    )
    let operatorAddress = try Field.operatorAddress(wire.validatorAddress, "validator_address")
    // The Cosmos SDK has deprecated this field. When it is present, it must be the operator's account.
    guard
      try Field.optionalAddress(wire.delegatorAddress, "delegator_address") ?? operatorAddress
        == operatorAddress
    else { throw .invalid(field: "delegator_address") }
    self.init(
      operatorAddress: operatorAddress,
      description: try ValidatorDescription(wire.description_p),
      consensusKey: try PublicKey(wire.pubkey.typed, "pubkey"),
      commission: try Field.decimal(wire.commission.rate, "commission.rate"),
      maximumCommission: try Field.decimal(wire.commission.maxRate, "commission.max_rate"),
      maximumCommissionChange: try Field.decimal(wire.commission.maxChangeRate, "commission.max_change_rate"),
      minimumSelfDelegation: try Field.amount(wire.minSelfDelegation, "min_self_delegation"),
      stake: try Field.coin(wire.value, "value")
    )
  }

  var encoded: [UInt8] {
    var wire = Cosmos_Staking_V1beta1_MsgCreateValidator()
    wire.description_p = description.wire
    wire.commission.rate = String(commission.raw)
    wire.commission.maxRate = String(maximumCommission.raw)
    wire.commission.maxChangeRate = String(maximumCommissionChange.raw)
    wire.minSelfDelegation = String(minimumSelfDelegation.units)
    wire.delegatorAddress = operatorAddress.text()
    wire.validatorAddress = operatorAddress.operatorText
    wire.pubkey = .init(consensusKey.typed)
    wire.value = stake.wire
    return wire.encoded
  }
}

extension EditValidator {
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Cosmos_Staking_V1beta1_MsgEditValidator(
      complete: bytes,
      limit: WireLimits.transactionBytes
    )
    let rate = wire.commissionRate
    let minimum = wire.minSelfDelegation
    self.init(
      operatorAddress: try Field.operatorAddress(wire.validatorAddress, "validator_address"),
      description: try ValidatorDescription(wire.description_p),
      commission: rate.isEmpty ? nil : try Field.decimal(rate, "commission_rate"),
      minimumSelfDelegation: minimum.isEmpty ? nil : try Field.amount(minimum, "min_self_delegation")
    )
  }

  var encoded: [UInt8] {
    var wire = Cosmos_Staking_V1beta1_MsgEditValidator()
    wire.description_p = description.wire
    wire.validatorAddress = operatorAddress.operatorText
    wire.commissionRate = commission.map { String($0.raw) } ?? ""
    wire.minSelfDelegation = minimumSelfDelegation.map { String($0.units) } ?? ""
    return wire.encoded
  }
}

extension ValidatorDescription {
  fileprivate init(_ wire: Cosmos_Staking_V1beta1_Description) throws(DecodingError) {
    self.init(
      moniker: try Field.text(wire.moniker, "description.moniker", limit: ChainLimits.monikerBytes),
      identity: try Field.text(wire.identity, "description.identity", limit: ChainLimits.identityBytes),
      website: try Field.text(wire.website, "description.website", limit: ChainLimits.websiteBytes),
      securityContact: try Field.text(
        wire.securityContact,
        "description.security_contact",
        limit: ChainLimits.securityContactBytes
      ),
      details: try Field.text(wire.details, "description.details", limit: ChainLimits.detailsBytes)
    )
  }

  fileprivate var wire: Cosmos_Staking_V1beta1_Description {
    var wire = Cosmos_Staking_V1beta1_Description()
    wire.moniker = moniker
    wire.identity = identity
    wire.website = website
    wire.securityContact = securityContact
    wire.details = details
    return wire
  }
}
