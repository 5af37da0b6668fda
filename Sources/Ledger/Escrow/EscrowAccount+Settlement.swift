import Primitives

extension EscrowAccount {
  enum Settlement: Hashable, Sendable {
    case paid
    /// The money paid `lastFullTick` in full but not the tick after it. The money that was left is shared
    /// among the leases, and the caller must end them.
    case overdrawn(lastFullTick: Tick)
  }

  /// How many ticks after `settledAt` the money pays in full for all leases; nil when no lease runs.
  func affordableTicks() throws(ArithmeticError) -> UInt64? {
    let rate = try rate()
    guard !rate.isZero else { return nil }
    return UInt64(clamping: try funds().raw / rate.raw)
  }

  /// The last tick that can be paid in full for all leases. Nil when no lease runs, or when the tick exceeds
  /// 64 bits.
  func lastAffordableTick() throws(ArithmeticError) -> Tick? {
    guard let affordable = try affordableTicks() else { return nil }
    let (tick, overflow) = settledAt.addingReportingOverflow(affordable)
    return overflow || tick == .max ? nil : tick
  }

  /// Settles the account up to `tick`: each lease earns its rate for every tick that can be paid in full.
  /// When the money ends before `tick`, the rest, less than one full tick, is shared exactly in proportion to
  /// the rates.
  ///
  /// Does nothing when `tick` is not after `settledAt`. The caller pays out and ends the leases of an
  /// overdrawn account.
  mutating func settle(to tick: Tick, take: TakeIndex) throws(ArithmeticError) -> Settlement {
    guard tick > settledAt else { return .paid }
    guard let affordable = try affordableTicks() else {
      move(to: tick, take: take)
      return .paid
    }
    let elapsed = tick - settledAt
    let full = min(elapsed, affordable)
    let lastFullTick = settledAt + full
    let basisPoints = take.value(at: lastFullTick) - takeIndex
    var earned = Decimal18.zero
    for index in payments.indices {
      let part = try payments[index].rate.multiplied(by: full)
      try payments[index].earn(part, ofRate: payments[index].rate, basisPoints: basisPoints)
      earned = try earned.adding(part)
    }
    try spend(earned)
    if full < elapsed {
      let next = take.value(at: lastFullTick + 1) - take.value(at: lastFullTick)
      try shareRemainder(basisPoints: next)
      state = .overdrawn
      endedAt = lastFullTick
      move(to: tick, take: take)
      return .overdrawn(lastFullTick: lastFullTick)
    }
    move(to: tick, take: take)
    return .paid
  }

  private mutating func move(to tick: Tick, take: TakeIndex) {
    settledAt = tick
    takeIndex = take.value(at: tick)
  }

  /// Shares the money that does not cover a full tick; `basisPoints` is the take rate of that tick.
  private mutating func shareRemainder(basisPoints: UInt128) throws(ArithmeticError) {
    let rest = try funds()
    guard !rest.isZero else { return }
    let shares = try LargestRemainder.shares(of: rest.raw, weights: payments.map(\.rate.raw))
    for (index, share) in shares.enumerated() {
      let share = Decimal18(raw: share)
      try payments[index].earn(share, ofRate: share, basisPoints: basisPoints)
    }
    try spend(rest)
  }
}

extension EscrowAccount.Payment {
  /// Adds `amount` to the earnings, and `rate` × `basisPoints` / 10,000 to the network's share that is due.
  /// `basisPoints` is the sum of the take rates of all ticks in which `amount` was earned.
  mutating func earn(
    _ amount: Decimal18,
    ofRate rate: Decimal18,
    basisPoints: UInt128
  ) throws(ArithmeticError) {
    earned = try earned.adding(amount)
    try takeDue.add(rate.raw, basisPoints: basisPoints)
  }

  struct Payout: Hashable, Sendable {
    /// The amount that leaves the escrow.
    var gross: Amount
    /// The network's take. The escrow pays `fee` − `fromProvider` of it out of `gross`.
    var fee: Amount
    /// The part of `fee` that exceeds `gross`. The provider pays it from its balance, because it is the take
    /// on earnings that were paid out before.
    var fromProvider: Amount
  }

  /// Pays out the whole units that were earned and not paid yet, and returns the amounts to move.
  ///
  /// The fee is the whole part of the take on all earnings so far, less the fees of earlier payouts. So the
  /// number of payouts does not change the total. The fee can exceed `gross` by one unit when the take rate
  /// has risen close to 100 %, since earlier payouts were made at a lower rate. The provider pays that unit
  /// from its balance, `providerBalance`, or at the next payout when the balance is zero.
  mutating func payOut(providerBalance: Amount) throws(ArithmeticError) -> Payout {
    let gross = try earned.truncated().subtracting(paid)
    let due = try takeDue.truncated().subtracting(collectedTake)
    let missing = due > gross ? min(try due.subtracting(gross), providerBalance) : .zero
    let fee = min(due, try gross.adding(missing))
    paid = try paid.adding(gross)
    collectedTake = try collectedTake.adding(fee)
    return Payout(gross: gross, fee: fee, fromProvider: missing)
  }

  /// The fraction of a unit that was earned and cannot be paid out.
  var fraction: Decimal18 { earned.fraction }
}

/// Splits an amount into whole shares that sum exactly to it (the largest remainder method).
enum LargestRemainder {
  /// Shares of `total` in proportion to `weights`, in the smallest unit of `total`.
  ///
  /// Each share is rounded down. The remaining units go, one each, to the shares with the largest remainders;
  /// among equal remainders the one that comes first in `weights` wins, so callers sort the weights by their
  /// rule for ties.
  ///
  /// - Throws: `overflow` when the sum of the weights exceeds 128 bits, `divisionByZero` when it is 0.
  static func shares(of total: UInt128, weights: [UInt128]) throws(ArithmeticError) -> [UInt128] {
    var sum: UInt128 = 0
    for weight in weights {
      let (next, overflow) = sum.addingReportingOverflow(weight)
      guard !overflow else { throw .overflow }
      sum = next
    }
    guard sum > 0 else { throw .divisionByZero }
    var shares: [UInt128] = []
    var remainders: [(index: Int, remainder: UInt128)] = []
    var left = total
    for (index, weight) in weights.enumerated() {
      // The quotient is at most `total`, since the weight is at most the sum.
      let (share, remainder) = sum.dividingFullWidth(total.multipliedFullWidth(by: weight))
      shares.append(share)
      remainders.append((index, remainder))
      left -= share
    }
    remainders.sort { $0.remainder == $1.remainder ? $0.index < $1.index : $0.remainder > $1.remainder }
    for (index, _) in remainders.prefix(Int(left)) { shares[index] += 1 }
    return shares
  }
}
