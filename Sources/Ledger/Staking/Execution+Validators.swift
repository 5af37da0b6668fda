import Chain
import Cryptography
import Primitives

extension Execution {
  var staking: StakingRecord { overlay.read(Tables.staking, SingleKey()) ?? StakingRecord() }

  func write(_ record: StakingRecord) { overlay.write(Tables.staking, SingleKey(), record) }

  func validator(_ address: Address) throws(Rejection) -> ValidatorRecord {
    guard let record = overlay.read(Tables.validators, address) else {
      throw .staking(.validatorNotFound(address))
    }
    return record
  }

  /// Writes a validator, updates its entry in `Tables.candidates` and marks the validator set as stale.
  func store(_ record: ValidatorRecord, of address: Address) {
    if let old = overlay.read(Tables.validators, address), let key = old.candidateKey(address) {
      if record.candidateKey(address).map({ $0.first != key.first }) ?? true {
        overlay.remove(Tables.candidates, key)
      }
    }
    if let key = record.candidateKey(address), !overlay.contains(Tables.candidates, key) {
      overlay.write(Tables.candidates, key, Presence())
    }
    overlay.write(Tables.validators, address, record)
    isValidatorSetStale = true
  }

  func createValidator(_ creation: CreateValidator) throws(Rejection) {
    let address = creation.operatorAddress
    guard !overlay.contains(Tables.validators, address) else { throw .staking(.validatorExists(address)) }
    guard creation.consensusKey.isPrimeOrder else { throw .staking(.illegalConsensusKey) }
    guard !overlay.contains(Tables.validatorsByKey, creation.consensusKey) else {
      throw .staking(.consensusKeyExists(creation.consensusKey))
    }
    try checkCommission(creation.commission, maximum: creation.maximumCommission)
    guard creation.maximumCommissionChange <= creation.maximumCommission else {
      throw .staking(.commissionChangeTooLarge(maximum: creation.maximumCommission))
    }
    guard !creation.minimumSelfDelegation.isZero,
      creation.stake.amount >= creation.minimumSelfDelegation
    else {
      throw .staking(.selfDelegationBelowMinimum(minimum: max(Amount(1), creation.minimumSelfDelegation)))
    }
    store(ValidatorRecord(creation, at: moment.time), of: address)
    overlay.write(Tables.validatorsByKey, creation.consensusKey, address)
    try delegate(address, to: address, creation.stake)
    emit(.validatorCreated(validator: address, stake: Coin(creation.stake.amount, .uakt)))
  }

  func editValidator(_ edit: EditValidator) throws(Rejection) {
    let address = edit.operatorAddress
    var record = try validator(address)
    if let commission = edit.commission {
      // The rewards earned until now are settled at the old commission.
      try settleRewards(of: &record)
      let next = record.commissionChangedAt.advanced(byMilliseconds: 86_400_000)
      guard moment.time >= next else { throw .staking(.commissionChangedRecently(next: next)) }
      try checkCommission(commission, maximum: record.maximumCommission)
      let change =
        commission > record.commission
        ? commission.raw - record.commission.raw : record.commission.raw - commission.raw
      guard change <= record.maximumCommissionChange.raw else {
        throw .staking(.commissionChangeTooLarge(maximum: record.maximumCommissionChange))
      }
      record.commission = commission
      record.commissionChangedAt = moment.time
    }
    if let minimum = edit.minimumSelfDelegation {
      guard minimum >= record.minimumSelfDelegation else { throw .staking(.minimumSelfDelegationDecreased) }
      let own = try selfDelegation(of: address, record)
      guard own >= minimum else { throw .staking(.selfDelegationBelowMinimum(minimum: minimum)) }
      record.minimumSelfDelegation = minimum
    }
    record.description = edit.description
    store(record, of: address)
    emit(.validatorEdited(validator: address))
  }

  private func checkCommission(_ commission: Decimal18, maximum: Decimal18) throws(Rejection) {
    let floor = Decimal18(raw: UInt128(parameter(.minimumCommission)) * (Decimal18.one / 10_000))
    guard commission >= floor else { throw .staking(.commissionBelowFloor(minimum: floor)) }
    guard maximum.raw <= Decimal18.one, commission <= maximum else {
      throw .staking(.commissionTooHigh(maximum: min(maximum, Decimal18(1))))
    }
  }

  /// The stake that the operator has delegated to its own validator.
  func selfDelegation(of address: Address, _ record: ValidatorRecord) throws(Rejection) -> Amount {
    guard let delegation = overlay.read(Tables.delegations, Pair(address, address)) else { return .zero }
    return try record.tokens(of: delegation.shares)
  }

  func unjail(_ address: Address) throws(Rejection) {
    var record = try validator(address)
    guard record.isJailed else { throw .staking(.notJailed) }
    guard !record.isTombstoned else { throw .staking(.tombstoned) }
    guard moment.time >= record.jailedUntil else { throw .staking(.jailedUntil(record.jailedUntil)) }
    let own = try selfDelegation(of: address, record)
    guard own >= record.minimumSelfDelegation else {
      throw .staking(.selfDelegationBelowMinimum(minimum: record.minimumSelfDelegation))
    }
    record.isJailed = false
    store(record, of: address)
    emit(.validatorUnjailed(validator: address))
  }
}

extension ValidatorRecord {
  /// The key in `Tables.candidates`; nil when the validator is jailed or has no voting power.
  func candidateKey(_ address: Address) -> Pair<UInt64, Address>? {
    isJailed || power < 1 ? nil : Pair(UInt64.max - tokens.units, address)
  }

  /// The stake that `shares` are worth in whole units, rounded down.
  ///
  /// Bought shares are rounded down to 10⁻¹⁸, so after a slash they may be worth that little less than was paid
  /// for them. Therefore a value that lacks at most 10⁻⁹ of a unit counts as the whole one. The values of fewer
  /// than 10⁹ delegations still never exceed `tokens` together.
  func tokens(of shares: Decimal18) throws(Rejection) -> Amount {
    guard !self.shares.isZero else { return .zero }
    let exact = try checked(
      MultiplyDivide.floor(shares.raw, Decimal18(tokens).raw, over: self.shares.raw)
    )
    let units = (exact + Self.lackOfWholeUnit) / Decimal18.one
    return min(Amount(UInt64(clamping: units)), tokens)
  }

  /// 10⁻⁹ of a unit.
  private static let lackOfWholeUnit: UInt128 = 1_000_000_000
}

/// Computes first × second ÷ divisor with a 256-bit product, so that only the result must fit into 128 bits.
enum MultiplyDivide {
  /// ⌊first × second ÷ divisor⌋
  static func floor(
    _ first: UInt128,
    _ second: UInt128,
    over divisor: UInt128
  ) throws(ArithmeticError) -> UInt128 { try divide(first, second, divisor).quotient }

  /// ⌈first × second ÷ divisor⌉
  static func ceiling(
    _ first: UInt128,
    _ second: UInt128,
    over divisor: UInt128
  ) throws(ArithmeticError) -> UInt128 {
    let (quotient, remainder) = try divide(first, second, divisor)
    guard remainder > 0 else { return quotient }
    let (sum, overflow) = quotient.addingReportingOverflow(1)
    guard !overflow else { throw .overflow }
    return sum
  }

  private static func divide(
    _ first: UInt128,
    _ second: UInt128,
    _ divisor: UInt128
  ) throws(ArithmeticError) -> (quotient: UInt128, remainder: UInt128) {
    let product = first.multipliedFullWidth(by: second)
    guard divisor > 0 else { throw .divisionByZero }
    guard product.high < divisor else { throw .overflow }
    return divisor.dividingFullWidth(product)
  }
}
