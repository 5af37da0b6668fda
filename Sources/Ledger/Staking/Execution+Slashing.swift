import Chain
import Cryptography
import Primitives

extension Execution {
  /// Punishes proven double signing by slashing, jail and tombstoning. A validator is punished once; evidence
  /// that is too old is ignored.
  func punish(_ misbehaviour: BlockInput.Misbehaviour) throws(Rejection) {
    let age = moment.time.milliseconds(since: misbehaviour.time)
    let blocks = moment.height > misbehaviour.height ? moment.height - misbehaviour.height : 0
    let isOld = age > parameter(.evidenceMaximumAge) && blocks > parameter(.evidenceMaximumBlocks)
    guard !isOld, let record = overlay.read(Tables.validators, misbehaviour.validator),
      !record.isTombstoned
    else { return }
    let address = misbehaviour.validator
    try slash(
      address,
      partsPerMillion: parameter(.slashDoubleSign),
      since: misbehaviour.height,
      reason: "double-sign"
    )
    var slashed = try validator(address)
    slashed.isTombstoned = true
    jail(&slashed, address, until: Timestamp(milliseconds: .max), reason: "double-sign")
    store(slashed, of: address)
  }

  /// Destroys a part of a validator's present stake, and of the stake that has begun to unbond from it or was
  /// redelegated from it since `height`.
  func slash(
    _ address: Address,
    partsPerMillion: UInt64,
    since height: Height,
    reason: String
  ) throws(Rejection) {
    let fraction = min(partsPerMillion, 1_000_000)
    guard fraction > 0 else { return }
    var record = try validator(address)
    try settleRewards(of: &record)
    let burned = Self.part(fraction, of: record.tokens)
    record.tokens = try checked(record.tokens.subtracting(burned))
    let pool = record.status == .bonded ? ModuleAccount.bondedStake : .unbondingStake
    try destroy(Coin(burned, .uakt), of: pool.address)
    if record.status == .bonded { try changeBonded(subtracting: burned) }
    store(record, of: address)
    let unbonding = try slashUnbondings(of: address, fraction, since: height)
    let moved = try slashRedelegations(from: address, fraction, since: height)
    let total = burned.units &+ unbonding.units &+ moved.units
    emit(.validatorSlashed(validator: address, coin: Coin(total, .uakt), reason: reason))
  }

  private static func part(_ partsPerMillion: UInt64, of amount: Amount) -> Amount {
    Amount(UInt64(UInt128(amount.units) * UInt128(partsPerMillion) / 1_000_000))
  }

  private func slashUnbondings(
    of address: Address,
    _ fraction: UInt64,
    since height: Height
  ) throws(Rejection) -> Amount {
    var total: UInt64 = 0
    let prefix = Tables.unbondingsByValidator.prefix(address)
    let numbers = overlay.all(Tables.unbondingsByValidator, prefix: prefix) { key, _ in
      key.first.second >= height ? key.second : nil
    }
    for number in numbers {
      guard var entry = overlay.read(Tables.unbondings, number), entry.completion > moment.time
      else { continue }
      let burned = min(Self.part(fraction, of: entry.initial), entry.amount)
      entry.amount = try checked(entry.amount.subtracting(burned))
      try destroy(Coin(burned, .uakt), of: ModuleAccount.unbondingStake.address)
      overlay.write(Tables.unbondings, number, entry)
      total &+= burned.units
    }
    return Amount(total)
  }

  private func slashRedelegations(
    from address: Address,
    _ fraction: UInt64,
    since height: Height
  ) throws(Rejection) -> Amount {
    var total: UInt64 = 0
    let prefix = Tables.redelegationsBySource.prefix(address)
    let numbers = overlay.all(Tables.redelegationsBySource, prefix: prefix) { key, _ in
      key.first.second >= height ? key.second : nil
    }
    for number in numbers {
      guard let entry = overlay.read(Tables.redelegations, number), entry.completion > moment.time,
        let delegation = overlay.read(Tables.delegations, Pair(entry.delegator, entry.destination)),
        let target = overlay.read(Tables.validators, entry.destination)
      else { continue }
      let held = try target.tokens(of: delegation.shares)
      let burned = min(Self.part(fraction, of: entry.initial), held)
      guard !burned.isZero else { continue }
      let left = try removeStake(burned, of: entry.delegator, from: entry.destination)
      let pool = left.status == .bonded ? ModuleAccount.bondedStake : .unbondingStake
      try destroy(Coin(burned, .uakt), of: pool.address)
      total &+= burned.units
    }
    return Amount(total)
  }

  /// Jails a validator, so that it cannot be in the validator set. The caller stores the record.
  func jail(_ record: inout ValidatorRecord, _ address: Address, until: Timestamp, reason: String) {
    record.jailedUntil = max(record.jailedUntil, until)
    guard !record.isJailed else { return }
    record.isJailed = true
    emit(.validatorJailed(validator: address, reason: reason))
  }

  /// Records that a validator did not sign the parent block, and punishes it when it has missed too many
  /// blocks of the window. Only missed blocks are stored, so a block that all have signed writes nothing.
  func countAbsence(_ address: Address) throws(Rejection) {
    guard var record = overlay.read(Tables.validators, address), !record.isJailed,
      record.status == .bonded,
      moment.height > 0
    else { return }
    let height = moment.height - 1
    let window = parameter(.signedBlocksWindow)
    for (key, _) in overlay.scan(Tables.missed, prefix: Tables.missed.prefix(address), limit: 64) {
      guard key.second + window <= height else { break }
      overlay.remove(Tables.missed, key)
      record.missedBlocks -= min(record.missedBlocks, 1)
    }
    overlay.write(Tables.missed, Pair(address, height), Presence())
    record.missedBlocks += 1
    let mustSign = window * parameter(.minimumSignedPerWindow) / 10_000
    let isWatched = height >= record.bondedSince + window
    guard isWatched, UInt64(record.missedBlocks) > window - min(mustSign, window) else {
      overlay.write(Tables.validators, address, record)
      return
    }
    record.missedBlocks = 0
    overlay.write(Tables.validators, address, record)
    removeMissedBlocks(of: address)
    try slash(address, partsPerMillion: parameter(.slashDowntime), since: height, reason: "downtime")
    var slashed = try validator(address)
    let until = moment.time.advanced(byMilliseconds: parameter(.downtimeJail))
    jail(&slashed, address, until: until, reason: "downtime")
    store(slashed, of: address)
  }

  func removeMissedBlocks(of address: Address) {
    for key in overlay.all(Tables.missed, prefix: Tables.missed.prefix(address), { key, _ in key }) {
      overlay.remove(Tables.missed, key)
    }
  }
}
