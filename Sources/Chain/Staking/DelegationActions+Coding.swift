import Cryptography
import Primitives
import Wire

// Delegators are account addresses; validators are addresses of the same form under the operators' text
// prefix.

extension Action {
  static func delegate(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Staking_V1beta1_MsgDelegate(complete: bytes, limit: WireLimits.transactionBytes)
    return .delegate(
      delegator: try Field.address(wire.delegatorAddress, "delegator_address"),
      validator: try Field.operatorAddress(wire.validatorAddress, "validator_address"),
      amount: try Field.coin(wire.amount, "amount")
    )
  }

  static func undelegate(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Staking_V1beta1_MsgUndelegate(complete: bytes, limit: WireLimits.transactionBytes)
    return .undelegate(
      delegator: try Field.address(wire.delegatorAddress, "delegator_address"),
      validator: try Field.operatorAddress(wire.validatorAddress, "validator_address"),
      amount: try Field.coin(wire.amount, "amount")
    )
  }

  static func redelegate(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Staking_V1beta1_MsgBeginRedelegate(
      complete: bytes,
      limit: WireLimits.transactionBytes
    )
    return .redelegate(
      delegator: try Field.address(wire.delegatorAddress, "delegator_address"),
      from: try Field.operatorAddress(wire.validatorSrcAddress, "validator_src_address"),
      to: try Field.operatorAddress(wire.validatorDstAddress, "validator_dst_address"),
      amount: try Field.coin(wire.amount, "amount")
    )
  }

  static func unjail(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Slashing_V1beta1_MsgUnjail(complete: bytes, limit: WireLimits.transactionBytes)
    return .unjail(validator: try Field.operatorAddress(wire.validatorAddr, "validator_addr"))
  }

  static func withdrawReward(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Distribution_V1beta1_MsgWithdrawDelegatorReward(
      complete: bytes,
      limit: WireLimits.transactionBytes
    )
    return .withdrawReward(
      delegator: try Field.address(wire.delegatorAddress, "delegator_address"),
      validator: try Field.operatorAddress(wire.validatorAddress, "validator_address")
    )
  }

  static func withdrawCommission(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Distribution_V1beta1_MsgWithdrawValidatorCommission(
      complete: bytes,
      limit: WireLimits.transactionBytes
    )
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

extension Cosmos_Slashing_V1beta1_MsgUnjail {
  init(_ validator: Address) {
    self.init()
    validatorAddr = validator.operatorText
  }
}

extension Cosmos_Distribution_V1beta1_MsgWithdrawDelegatorReward {
  init(_ delegator: Address, _ validator: Address) {
    self.init()
    delegatorAddress = delegator.text()
    validatorAddress = validator.operatorText
  }
}

extension Cosmos_Distribution_V1beta1_MsgWithdrawValidatorCommission {
  init(_ validator: Address) {
    self.init()
    validatorAddress = validator.operatorText
  }
}
