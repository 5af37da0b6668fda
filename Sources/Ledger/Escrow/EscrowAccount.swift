import Cryptography
import Primitives

/// The money of one deployment: what was deposited, and what its leases earn of it.
///
/// Nothing is touched per tick. `settle` brings the account to a tick exactly as if every tick before had
/// been settled by itself (Akash's `x/escrow` settles lazily too, but rounds at each settlement).
struct EscrowAccount: Hashable, Sendable {
  /// Open can become overdrawn or closed; overdrawn can become open again, when a group is leased anew, or closed.
  enum State: UInt8, Hashable, Sendable, CaseIterable {
    case open = 1
    case closed = 2
    case overdrawn = 3
  }

  /// Money of one origin that is not spent yet, at least in part.
  struct Deposit: Hashable, Sendable {
    var depositor: Address
    /// Returns to the depositor's grant to the owner.
    var isGranted: Bool
    /// As deposited; how much of the first one is spent is in `spentOfFirst`.
    var amount: Amount
  }

  /// What one lease earns. Ties of sharing are broken by provider, then by group.
  struct Payment: Hashable, Sendable {
    var group: UInt32
    var order: UInt32
    var provider: Address
    /// Per tick.
    var rate: Decimal18
    /// Since the lease opened, exact.
    var earned = Decimal18.zero
    /// Gross, whole units.
    var paid = Amount.zero
    /// The take that is due of what was earned, exact.
    var takeDue = TakeAccrual()
    /// Of `paid`.
    var takeTaken = Amount.zero
    var nextPayout: Tick
  }

  var denomination: Denomination
  var state = State.open
  var settledAt: Tick
  /// The currency's take index at `settledAt`.
  var takeIndex: UInt128
  /// In the order in which they came and are spent.
  var deposits: [Deposit] = []
  var spentOfFirst = Decimal18.zero
  /// Moved to payments since the beginning.
  var transferred = Decimal18.zero
  /// Of the leases that run, by provider, group, order.
  var payments: [Payment] = []
  /// Fractions of units that ended payments left behind.
  var residue = Decimal18.zero
  /// The last tick that was paid in full, once overdrawn; the tick of closing, once closed.
  var endedAt: Tick?
  /// From where the runway is measured: the last change of deposits or leases.
  var runwayFrom: Tick
  /// The smallest percentage of the runway that was warned of; 100 before the first warning.
  var warnedPercent: UInt8 = 100
  /// Where the due index has this account.
  var indexedAt: Tick?

  init(denomination: Denomination, at tick: Tick, takeIndex: UInt128) {
    self.denomination = denomination
    settledAt = tick
    self.takeIndex = takeIndex
    runwayFrom = tick
  }
}

extension EscrowAccount {
  /// What is deposited and not earned by anybody.
  ///
  /// Deposits are whole units of a supply that fits 64 bits, so the sum fits.
  func funds() throws(ArithmeticError) -> Decimal18 {
    var sum = Decimal18.zero
    for deposit in deposits { sum = try sum.adding(Decimal18(deposit.amount)) }
    return try sum.subtracting(spentOfFirst)
  }

  /// What all leases together earn per tick.
  func rate() throws(ArithmeticError) -> Decimal18 {
    var sum = Decimal18.zero
    for payment in payments { sum = try sum.adding(payment.rate) }
    return sum
  }

  /// Everything that the account holds, always whole units: unspent deposits, earnings that were not paid out and
  /// fractions.
  func held() throws(ArithmeticError) -> Decimal18 {
    var sum = try funds().adding(residue)
    for payment in payments {
      sum = try sum.adding(payment.earned.subtracting(Decimal18(payment.paid)))
    }
    return sum
  }

  func index(ofGroup group: UInt32, order: UInt32, provider: Address) -> Int? {
    payments.firstIndex { $0.group == group && $0.order == order && $0.provider == provider }
  }

  /// Takes `amount` off the deposits, first come first spent.
  ///
  /// - Throws: `underflow` when there is less.
  mutating func spend(_ amount: Decimal18) throws(ArithmeticError) {
    var spent = try spentOfFirst.adding(amount)
    var exhausted = 0
    while exhausted < deposits.count, !spent.isZero {
      let whole = Decimal18(deposits[exhausted].amount)
      guard spent >= whole else { break }
      spent = try spent.subtracting(whole)
      exhausted += 1
    }
    guard exhausted < deposits.count || spent.isZero else { throw .underflow }
    deposits.removeFirst(exhausted)
    spentOfFirst = spent
    transferred = try transferred.adding(amount)
  }
}
