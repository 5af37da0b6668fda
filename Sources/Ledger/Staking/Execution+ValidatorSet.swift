import Chain
import Cryptography
import Primitives

extension Execution {
  /// Completes the unbondings, redelegations and unbonding validators whose time has come.
  func matureStakes() throws(Rejection) {
    while let (key, _) = overlay.scan(Tables.maturities, limit: 1).first, key.time <= moment.time {
      overlay.remove(Tables.maturities, key)
      switch key.kind {
      case .unbonding: try completeUnbonding(key.entry)
      case .redelegation: completeRedelegation(key.entry)
      case .validator: completeUnbonding(ofValidator: key.address)
      }
    }
  }

  private func completeUnbonding(_ number: UInt64) throws(Rejection) {
    guard let entry = overlay.read(Tables.unbondings, number) else { return }
    overlay.remove(Tables.unbondings, number)
    overlay.remove(Tables.unbondingsByDelegator, Pair(Pair(entry.delegator, entry.validator), number))
    overlay.remove(Tables.unbondingsByValidator, Pair(Pair(entry.validator, entry.height), number))
    guard !entry.amount.isZero else { return }
    let coin = Coin(entry.amount, .uakt)
    try transfer(coin, from: ModuleAccount.unbondingStake.address, to: entry.delegator)
    emit(.unbonded(delegator: entry.delegator, validator: entry.validator, coin: coin))
  }

  private func completeRedelegation(_ number: UInt64) {
    guard let entry = overlay.read(Tables.redelegations, number) else { return }
    overlay.remove(Tables.redelegations, number)
    overlay.remove(Tables.redelegationsByDelegator, Pair(Pair(entry.delegator, entry.destination), number))
    overlay.remove(Tables.redelegationsBySource, Pair(Pair(entry.source, entry.height), number))
  }

  private func completeUnbonding(ofValidator address: Address) {
    guard var record = overlay.read(Tables.validators, address), record.status == .unbonding,
      record.unbondingCompletion <= moment.time
    else { return }
    record.status = .unbonded
    overlay.write(Tables.validators, address, record)
  }

  /// Chooses the validators with the most stake and returns the changes to the set; none when no validator
  /// changed.
  ///
  /// The set is never empty: when there is no candidate at all, it stays as it is, and the chain goes on.
  func updateValidatorSet() throws(Rejection) -> [ValidatorUpdate] {
    guard isValidatorSetStale else { return [] }
    let limit = Int(clamping: min(parameter(.maximumValidators), UInt64(ValidatorSet.maximumCount)))
    let chosen = overlay.scan(Tables.candidates, limit: limit).map(\.key.second)
    guard !chosen.isEmpty else { return [] }
    var updates: [ValidatorUpdate] = []
    for address in chosen {
      var record = try validator(address)
      if record.status != .bonded { try bond(&record, address) }
      let announced = overlay.read(Tables.announced, address)
      guard announced?.power != record.power else { continue }
      overlay.write(Tables.announced, address, AnnouncedPower(key: record.consensusKey, power: record.power))
      updates.append(ValidatorUpdate(address: address, key: record.consensusKey, power: record.power))
    }
    let stay = Set(chosen)
    for (address, announced) in overlay.all(Tables.announced, { ($0, $1) }) where !stay.contains(address) {
      overlay.remove(Tables.announced, address)
      try unbond(address)
      updates.append(ValidatorUpdate(address: address, key: announced.key, power: 0))
    }
    isValidatorSetStale = false
    return updates.sorted { $0.address < $1.address }
  }

  private func bond(_ record: inout ValidatorRecord, _ address: Address) throws(Rejection) {
    // The indexes are updated first, so that the validator earns only from now on.
    try settleRewards(of: &record)
    record.status = .bonded
    record.bondedSince = moment.height
    record.missedBlocks = 0
    removeMissedBlocks(of: address)
    try moveStake(record.tokens, bonded: true)
    try changeBonded(adding: record.tokens)
    overlay.write(Tables.validators, address, record)
    emit(.validatorBonded(validator: address, power: UInt64(clamping: record.power)))
  }

  private func unbond(_ address: Address) throws(Rejection) {
    var record = try validator(address)
    guard record.status == .bonded else { return }
    try settleRewards(of: &record)
    record.status = .unbonding
    record.unbondingHeight = moment.height
    record.unbondingCompletion = moment.time.advanced(byMilliseconds: parameter(.unbondingTime))
    try moveStake(record.tokens, bonded: false)
    try changeBonded(subtracting: record.tokens)
    overlay.write(Tables.validators, address, record)
    let maturity = MaturityKey(time: record.unbondingCompletion, kind: .validator, entry: 0, address: address)
    overlay.write(Tables.maturities, maturity, Presence())
    emit(.validatorUnbonding(validator: address))
  }
}
