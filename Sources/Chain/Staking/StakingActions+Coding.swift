import Cryptography
import Primitives
import Wire

extension CreateValidator {
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Cosmos_Staking_V1beta1_MsgCreateValidator(complete: bytes)
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
    let wire = try Cosmos_Staking_V1beta1_MsgEditValidator(complete: bytes)
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

// Delegators are account addresses; validators are addresses of the same form under the operators' text
// prefix.

extension Action {
  static func delegate(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Staking_V1beta1_MsgDelegate(complete: bytes)
    return .delegate(
      delegator: try Field.address(wire.delegatorAddress, "delegator_address"),
      validator: try Field.operatorAddress(wire.validatorAddress, "validator_address"),
      amount: try Field.coin(wire.amount, "amount")
    )
  }

  static func undelegate(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Staking_V1beta1_MsgUndelegate(complete: bytes)
    return .undelegate(
      delegator: try Field.address(wire.delegatorAddress, "delegator_address"),
      validator: try Field.operatorAddress(wire.validatorAddress, "validator_address"),
      amount: try Field.coin(wire.amount, "amount")
    )
  }

  static func redelegate(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Staking_V1beta1_MsgBeginRedelegate(complete: bytes)
    return .redelegate(
      delegator: try Field.address(wire.delegatorAddress, "delegator_address"),
      from: try Field.operatorAddress(wire.validatorSrcAddress, "validator_src_address"),
      to: try Field.operatorAddress(wire.validatorDstAddress, "validator_dst_address"),
      amount: try Field.coin(wire.amount, "amount")
    )
  }

  static func unjail(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Slashing_V1beta1_MsgUnjail(complete: bytes)
    return .unjail(validator: try Field.operatorAddress(wire.validatorAddr, "validator_addr"))
  }

  static func withdrawReward(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Distribution_V1beta1_MsgWithdrawDelegatorReward(complete: bytes)
    return .withdrawReward(
      delegator: try Field.address(wire.delegatorAddress, "delegator_address"),
      validator: try Field.operatorAddress(wire.validatorAddress, "validator_address")
    )
  }

  static func withdrawCommission(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Distribution_V1beta1_MsgWithdrawValidatorCommission(complete: bytes)
    return .withdrawCommission(
      validator: try Field.operatorAddress(wire.validatorAddress, "validator_address")
    )
  }
}

extension Cosmos_Staking_V1beta1_MsgDelegate {
  init(_ delegator: Address, _ validator: Address, _ amount: Coin) {
    self.init()
    delegatorAddress = delegator.text()
    validatorAddress = validator.operatorText
    self.amount = amount.wire
  }
}

extension Cosmos_Staking_V1beta1_MsgUndelegate {
  init(_ delegator: Address, _ validator: Address, _ amount: Coin) {
    self.init()
    delegatorAddress = delegator.text()
    validatorAddress = validator.operatorText
    self.amount = amount.wire
  }
}

extension Cosmos_Staking_V1beta1_MsgBeginRedelegate {
  init(_ delegator: Address, _ source: Address, _ target: Address, _ amount: Coin) {
    self.init()
    delegatorAddress = delegator.text()
    validatorSrcAddress = source.operatorText
    validatorDstAddress = target.operatorText
    self.amount = amount.wire
  }
}

extension Cosmos_Distribution_V1beta1_MsgWithdrawDelegatorReward {
  init(_ delegator: Address, _ validator: Address) {
    self.init()
    delegatorAddress = delegator.text()
    validatorAddress = validator.operatorText
  }
}
