import Chain
import Cryptography
import Primitives

extension Execution {
  func delegate(_ delegator: Address, to address: Address, _ coin: Coin) throws(Rejection) {
    let amount = try stake(coin)
    try addStake(amount, of: delegator, to: address) { record throws(Rejection) in
      let pool = record.status == .bonded ? ModuleAccount.bondedStake : .unbondingStake
      try transfer(Coin(amount, .uakt), from: delegator, to: pool.address)
    }
    emit(.delegated(delegator: delegator, validator: address, coin: Coin(amount, .uakt)))
  }

  private func stake(_ coin: Coin) throws(Rejection) -> Amount {
    guard try canonical(coin.denomination) == .uakt else { throw .staking(.wrongDenomination) }
    guard !coin.amount.isZero else { throw .zeroAmount }
    return coin.amount
  }

  /// Adds stake to a validator and gives the delegator shares for it. `move` transfers the money into the module
  /// account for the validator's status (bonded or unbonding); it does nothing when the money is there already.
  private func addStake(
    _ amount: Amount,
    of delegator: Address,
    to address: Address,
    move: (ValidatorRecord) throws(Rejection) -> Void
  ) throws(Rejection) {
    var record = try validator(address)
    guard record.shares.isZero || !record.tokens.isZero else { throw .staking(.emptiedValidator) }
    try settleRewards(of: &record)
    let key = Pair(delegator, address)
    var delegation = overlay.read(Tables.delegations, key) ?? DelegationRecord()
    try settleRewards(of: &delegation, in: record)
    try move(record)
    let (units, tokens) = (UInt128(amount.units), UInt128(record.tokens.units))
    let shares =
      record.shares.isZero
      ? Decimal18(amount)
      : Decimal18(raw: try checked(MultiplyDivide.floor(units, record.shares.raw, over: tokens)))
    record.tokens = try checked(record.tokens.adding(amount))
    record.shares = try checked(record.shares.adding(shares))
    delegation.shares = try checked(delegation.shares.adding(shares))
    // Shares that are worth nothing could never be undelegated: the stake would be lost.
    guard try !record.tokens(of: shares).isZero else { throw .staking(.buysNothing(amount)) }
    if record.status == .bonded { try changeBonded(adding: amount) }
    overlay.write(Tables.delegations, key, delegation)
    overlay.write(Tables.delegationsByValidator, Pair(address, delegator), Presence())
    store(record, of: address)
  }

  func changeBonded(adding: Amount = .zero, subtracting: Amount = .zero) throws(Rejection) {
    var staking = staking
    staking.bonded = try checked(staking.bonded.adding(adding).subtracting(subtracting))
    write(staking)
  }

  /// Removes stake from a validator. The money stays in the module account for the validator's status.
  ///
  /// - Returns: The validator's record after the removal.
  @discardableResult
  func removeStake(_ amount: Amount, of delegator: Address, from address: Address) throws(Rejection)
    -> ValidatorRecord
  {
    var record = try validator(address)
    let key = Pair(delegator, address)
    guard var delegation = overlay.read(Tables.delegations, key) else { throw .staking(.noDelegation) }
    try settleRewards(of: &record)
    try settleRewards(of: &delegation, in: record)
    let available = try record.tokens(of: delegation.shares)
    guard amount <= available else { throw .staking(.insufficientStake(available: available)) }
    // Removing the whole value removes all shares. For a part, the shares are rounded up, in favour of the
    // other delegators.
    let (units, tokens) = (UInt128(amount.units), UInt128(record.tokens.units))
    let shares =
      amount == available
      ? delegation.shares
      : Decimal18(raw: try checked(MultiplyDivide.ceiling(units, record.shares.raw, over: tokens)))
    delegation.shares = try checked(delegation.shares.subtracting(min(shares, delegation.shares)))
    record.shares = try checked(record.shares.subtracting(min(shares, record.shares)))
    record.tokens = try checked(record.tokens.subtracting(amount))
    if record.status == .bonded { try changeBonded(subtracting: amount) }
    if delegation.shares.isZero {
      try payRewards(of: &delegation, to: delegator, from: address)
      overlay.remove(Tables.delegations, key)
      overlay.remove(Tables.delegationsByValidator, Pair(address, delegator))
    } else {
      overlay.write(Tables.delegations, key, delegation)
    }
    if delegator == address, !record.isJailed {
      let own = delegation.shares.isZero ? Amount.zero : try record.tokens(of: delegation.shares)
      if own < record.minimumSelfDelegation {
        jail(&record, address, until: moment.time, reason: "self-delegation")
      }
    }
    store(record, of: address)
    return record
  }

  /// Drops the shares of a delegation that are worth nothing, since no undelegation could ever remove them. Their
  /// fraction of a unit goes to the other delegators.
  func dropIfEmpty(_ delegation: inout DelegationRecord, of record: inout ValidatorRecord) throws(Rejection) {
    guard try record.tokens(of: delegation.shares).isZero else { return }
    record.shares = try checked(record.shares.subtracting(min(delegation.shares, record.shares)))
    delegation.shares = .zero
  }

  func undelegate(_ delegator: Address, from address: Address, _ coin: Coin) throws(Rejection) {
    let amount = try stake(coin)
    let owner = Tables.unbondingsByDelegator.prefix(delegator, address)
    let limit = parameter(.maximumUnbondingEntries)
    let entries = overlay.scan(Tables.unbondingsByDelegator, prefix: owner, limit: Int(limit))
    guard entries.count < Int(limit) else { throw .staking(.tooManyEntries(limit: limit)) }
    let record = try removeStake(amount, of: delegator, from: address)
    let coin = Coin(amount, .uakt)
    guard record.status != .unbonded else {
      try transfer(coin, from: ModuleAccount.unbondingStake.address, to: delegator)
      emit(.unbonded(delegator: delegator, validator: address, coin: coin))
      return
    }
    if record.status == .bonded { try moveStake(amount, bonded: false) }
    let (height, completion) = unbonding(of: record)
    let entry = UnbondingRecord(
      delegator: delegator,
      validator: address,
      initial: amount,
      amount: amount,
      height: height,
      completion: completion
    )
    let number = nextEntry()
    overlay.write(Tables.unbondings, number, entry)
    overlay.write(Tables.unbondingsByDelegator, Pair(Pair(delegator, address), number), Presence())
    overlay.write(Tables.unbondingsByValidator, Pair(Pair(address, height), number), Presence())
    let maturity = MaturityKey(time: completion, kind: .unbonding, entry: number, address: delegator)
    overlay.write(Tables.maturities, maturity, Presence())
    emit(
      .undelegated(delegator: delegator, validator: address, coin: coin, completion: completion.milliseconds)
    )
  }

  /// Returns the height at which stake that is taken from the validator in this block begins to unbond, and
  /// the time of its payout. When the validator itself is unbonding, both are the validator's.
  private func unbonding(of record: ValidatorRecord) -> (Height, Timestamp) {
    record.status == .unbonding
      ? (record.unbondingHeight, record.unbondingCompletion)
      : (moment.height, moment.time.advanced(byMilliseconds: parameter(.unbondingTime)))
  }

  private func nextEntry() -> UInt64 {
    var staking = staking
    defer { write(staking) }
    staking.nextEntry += 1
    return staking.nextEntry - 1
  }

  /// Moves stake from the unbonding into the bonded pool, or back when `bonded` is false.
  func moveStake(_ amount: Amount, bonded: Bool) throws(Rejection) {
    let source = bonded ? ModuleAccount.unbondingStake : .bondedStake
    let target = bonded ? ModuleAccount.bondedStake : .unbondingStake
    try transfer(Coin(amount, .uakt), from: source.address, to: target.address)
  }

  func redelegate(
    _ delegator: Address,
    from source: Address,
    to destination: Address,
    _ coin: Coin
  ) throws(Rejection) {
    let amount = try stake(coin)
    guard source != destination else { throw .staking(.selfRedelegation) }
    let target = try validator(destination)
    let arriving = Tables.redelegationsByDelegator.prefix(delegator, source)
    guard overlay.scan(Tables.redelegationsByDelegator, prefix: arriving, limit: 1).isEmpty else {
      throw .staking(.transitiveRedelegation)
    }
    let leaving = Tables.redelegationsByDelegator.prefix(delegator, destination)
    let limit = parameter(.maximumUnbondingEntries)
    let entries = overlay.scan(Tables.redelegationsByDelegator, prefix: leaving, limit: Int(limit))
    guard entries.count < Int(limit) else { throw .staking(.tooManyEntries(limit: limit)) }
    let left = try removeStake(amount, of: delegator, from: source)
    let wasBonded = left.status == .bonded
    let isBonded = target.status == .bonded
    if wasBonded != isBonded { try moveStake(amount, bonded: isBonded) }
    try addStake(amount, of: delegator, to: destination) { _ throws(Rejection) in }
    emit(.redelegated(delegator: delegator, from: source, to: destination, coin: Coin(amount, .uakt)))
    guard left.status != .unbonded else { return }
    let (height, completion) = unbonding(of: left)
    let number = nextEntry()
    let record = RedelegationRecord(
      delegator: delegator,
      source: source,
      destination: destination,
      initial: amount,
      height: height,
      completion: completion
    )
    overlay.write(Tables.redelegations, number, record)
    overlay.write(Tables.redelegationsByDelegator, Pair(Pair(delegator, destination), number), Presence())
    overlay.write(Tables.redelegationsBySource, Pair(Pair(source, height), number), Presence())
    let maturity = MaturityKey(time: completion, kind: .redelegation, entry: number, address: delegator)
    overlay.write(Tables.maturities, maturity, Presence())
  }
}
