import Chain
import Cryptography
import Primitives

// Rewards are distributed by running sums ("indexes"): one of the network, per bonded unit, and one of each
// validator, per share. A block updates only the network's index. A delegator's rewards are computed when
// needed, from how much the indexes grew since its last settlement. A bonded validator that does not sign
// earns rewards until it is jailed.
extension Execution {
  /// Distributes the block's fees, and the stakers' share of the take, among all bonded stake.
  func distributeFees() throws(Rejection) {
    let collector = ModuleAccount.feeCollector.address
    for (key, amount) in overlay.scan(Tables.balances, prefix: Tables.balances.prefix(collector), limit: 64) {
      let coin = Coin(amount, key.second)
      var staking = staking
      guard !staking.bonded.isZero else {
        try transfer(coin, from: collector, to: ModuleAccount.communityPool.address)
        continue
      }
      try transfer(coin, from: collector, to: ModuleAccount.rewards.address)
      let index = staking.rewards.index(of: coin.denomination) { StakingRecord.Reward(denomination: $0) }
      let sum = try checked(Decimal18(amount).adding(Decimal18(raw: staking.rewards[index].rest)))
      let (each, rest) = sum.raw.quotientAndRemainder(dividingBy: UInt128(staking.bonded.units))
      let total = try checked(Decimal18(raw: staking.rewards[index].index).adding(Decimal18(raw: each)))
      staking.rewards[index].index = total.raw
      staking.rewards[index].rest = rest
      write(staking)
    }
  }

  /// Updates a validator's indexes. Call it before its stake, status or commission changes.
  func settleRewards(of record: inout ValidatorRecord) throws(Rejection) {
    for reward in staking.rewards {
      let index = record.rewards.index(of: reward.denomination) {
        // A validator that is not bonded gets no part of the rewards distributed until now.
        ValidatorRecord.Reward(denomination: $0, networkIndex: record.status == .bonded ? 0 : reward.index)
      }
      let earned = reward.index - record.rewards[index].networkIndex
      record.rewards[index].networkIndex = reward.index
      guard record.status == .bonded, earned > 0 else { continue }
      let total = try checked(Decimal18(raw: earned).multiplied(by: record.tokens.units))
      let commission = Decimal18(
        raw: try checked(MultiplyDivide.floor(total.raw, record.commission.raw, over: Decimal18.one))
      )
      let entry = record.rewards[index]
      let toShare = try checked(total.subtracting(commission).adding(Decimal18(raw: entry.rest)))
      record.rewards[index].commission = try checked(entry.commission.adding(commission))
      guard !record.shares.isZero else {
        record.rewards[index].rest = toShare.raw
        continue
      }
      let each = try checked(MultiplyDivide.floor(toShare.raw, Decimal18.one, over: record.shares.raw))
      let given = try checked(MultiplyDivide.ceiling(each, record.shares.raw, over: Decimal18.one))
      let perShare = try checked(Decimal18(raw: entry.perShare).adding(Decimal18(raw: each)))
      record.rewards[index].perShare = perShare.raw
      record.rewards[index].rest = toShare.raw - min(given, toShare.raw)
    }
  }

  /// Updates a delegation's rewards. The validator must be settled before.
  func settleRewards(of delegation: inout DelegationRecord, in record: ValidatorRecord) throws(Rejection) {
    for reward in record.rewards {
      let isNew = delegation.shares.isZero
      let index = delegation.rewards.index(of: reward.denomination) {
        DelegationRecord.Reward(denomination: $0, perShare: isNew ? reward.perShare : 0)
      }
      let earned = reward.perShare - delegation.rewards[index].perShare
      delegation.rewards[index].perShare = reward.perShare
      guard earned > 0, !isNew else { continue }
      let amount = try checked(MultiplyDivide.floor(earned, delegation.shares.raw, over: Decimal18.one))
      let accrued = try checked(delegation.rewards[index].accrued.adding(Decimal18(raw: amount)))
      delegation.rewards[index].accrued = accrued
    }
  }

  /// Pays out the whole units of the rewards of a settled delegation.
  func payRewards(
    of delegation: inout DelegationRecord,
    to delegator: Address,
    from validator: Address
  ) throws(Rejection) {
    for index in delegation.rewards.indices {
      let reward = delegation.rewards[index]
      let amount = try checked(reward.accrued.truncated())
      guard !amount.isZero else { continue }
      delegation.rewards[index].accrued = reward.accrued.fraction
      let coin = Coin(amount, reward.denomination)
      try transfer(coin, from: ModuleAccount.rewards.address, to: delegator)
      emit(.rewardWithdrawn(delegator: delegator, validator: validator, coin: coin))
    }
  }

  func withdrawReward(_ delegator: Address, from address: Address) throws(Rejection) {
    var record = try validator(address)
    let key = Pair(delegator, address)
    guard var delegation = overlay.read(Tables.delegations, key) else { throw .staking(.noDelegation) }
    try settleRewards(of: &record)
    try settleRewards(of: &delegation, in: record)
    try payRewards(of: &delegation, to: delegator, from: address)
    // A slash can leave a delegation that is worth nothing. It ends with its last rewards.
    try dropIfEmpty(&delegation, of: &record)
    if delegation.shares.isZero {
      overlay.remove(Tables.delegations, key)
      overlay.remove(Tables.delegationsByValidator, Pair(address, delegator))
    } else {
      overlay.write(Tables.delegations, key, delegation)
    }
    overlay.write(Tables.validators, address, record)
  }

  func withdrawCommission(_ address: Address) throws(Rejection) {
    var record = try validator(address)
    try settleRewards(of: &record)
    var paid = false
    for index in record.rewards.indices {
      let reward = record.rewards[index]
      let amount = try checked(reward.commission.truncated())
      guard !amount.isZero else { continue }
      record.rewards[index].commission = reward.commission.fraction
      let coin = Coin(amount, reward.denomination)
      try transfer(coin, from: ModuleAccount.rewards.address, to: address)
      emit(.commissionWithdrawn(validator: address, coin: coin))
      paid = true
    }
    guard paid else { throw .staking(.nothingToWithdraw) }
    overlay.write(Tables.validators, address, record)
  }
}

/// An element of a list that is sorted by currency and has at most one element for each currency.
protocol PerCurrency {
  var denomination: Denomination { get }
}

extension StakingRecord.Reward: PerCurrency {}
extension ValidatorRecord.Reward: PerCurrency {}
extension DelegationRecord.Reward: PerCurrency {}

extension Array where Element: PerCurrency {
  /// Returns the position of a currency's element. When there is none, it inserts the element that `make`
  /// returns.
  mutating func index(of denomination: Denomination, make: (Denomination) -> Element) -> Int {
    let place = firstIndex { !($0.denomination < denomination) } ?? count
    if place == count || self[place].denomination != denomination { insert(make(denomination), at: place) }
    return place
  }
}
