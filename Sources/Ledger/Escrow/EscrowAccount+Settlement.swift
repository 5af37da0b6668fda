import Primitives

extension EscrowAccount {
  enum Settlement: Hashable, Sendable {
    case paid
    /// The money did not cover the tick after `lastFullTick`: what was left is shared and the leases must end.
    case overdrawn(lastFullTick: Tick)
  }

  /// How many more ticks the money pays in full for all leases; nil when no lease runs.
  func affordableTicks() throws(ArithmeticError) -> UInt64? {
    let rate = try rate()
    guard !rate.isZero else { return nil }
    return UInt64(clamping: try funds().raw / rate.raw)
  }

  /// The last tick that can be paid in full: at it, everything is still paid, one tick later it is not. Nil when no
  /// lease runs, or when it lies beyond time.
  func dryTick() throws(ArithmeticError) -> Tick? {
    guard let affordable = try affordableTicks() else { return nil }
    let (tick, overflow) = settledAt.addingReportingOverflow(affordable)
    return overflow || tick == .max ? nil : tick
  }

  /// Brings the account to `tick`: each lease earns its rate for every full tick; what is left below one full tick,
  /// when more time has passed, is shared in proportion to the rates, exactly.
  ///
  /// A tick that is not later changes nothing. The caller pays out and ends the leases of an overdrawn account.
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
      try shareRest(basisPoints: next)
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

  /// Gives away what does not cover a tick; `basisPoints` is that tick's rate.
  private mutating func shareRest(basisPoints: UInt128) throws(ArithmeticError) {
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
  /// Earns `amount`, of which the take is `rate` × `basisPoints` (summed over the ticks that it was earned in).
  mutating func earn(
    _ amount: Decimal18,
    ofRate rate: Decimal18,
    basisPoints: UInt128
  ) throws(ArithmeticError) {
    earned = try earned.adding(amount)
    try takeDue.add(rate.raw, basisPoints: basisPoints)
  }

  struct Payout: Hashable, Sendable {
    /// What leaves the escrow.
    var gross: Amount
    /// Of it, the network's; with `fromProvider`, which is not of it.
    var fee: Amount
    /// Of the fee, what the payout does not cover: the provider has it from before.
    var fromProvider: Amount
  }

  /// Takes out the whole units that were earned and not paid yet.
  ///
  /// The fee is the floor of all that is due less what was taken, so how often one is paid changes nothing. Where a
  /// rate rose to nearly everything it can exceed this payout, by one unit: what was paid before was paid at a lower
  /// rate. `reach` is what the provider could give back; a unit beyond it waits.
  mutating func payOut(reach: Amount) throws(ArithmeticError) -> Payout {
    let gross = try earned.truncated().subtracting(paid)
    let due = try takeDue.truncated().subtracting(takeTaken)
    let missing = due > gross ? min(try due.subtracting(gross), reach) : .zero
    let fee = min(due, try gross.adding(missing))
    paid = try paid.adding(gross)
    takeTaken = try takeTaken.adding(fee)
    return Payout(gross: gross, fee: fee, fromProvider: missing)
  }

  /// The fraction of a unit that was earned and cannot be paid.
  var fraction: Decimal18 { earned.fraction }
}
