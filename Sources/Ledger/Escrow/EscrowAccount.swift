import Cryptography
import Primitives

/// The money of one deployment: its deposits, and the part of them that its leases have earned.
///
/// Nothing is written per tick. One call of `settle` over many ticks gives exactly the same result as one
/// call for each tick. (Akash's `x/escrow` settles lazily too, but rounds at each settlement.)
struct EscrowAccount: Hashable, Sendable {
  /// The lifecycle: open → overdrawn → open (when a group is leased again), and any of them → closed, which
  /// is final.
  enum State: UInt8, Hashable, Sendable, CaseIterable, StateValue {
    case open = 1
    case closed = 2
    case overdrawn = 3
  }

  /// A deposit that is not spent completely.
  struct Deposit: Hashable, Sendable {
    var depositor: Address
    /// Whether a grant from the depositor to the deployment's owner paid this deposit. If so, a refund
    /// restores the grant.
    var isGranted: Bool
    /// The amount as deposited. `spentOfFirstDeposit` tells how much of the first deposit is spent.
    var amount: Amount
  }

  /// The payment of one lease. Payments are sorted by provider, group, order; this order breaks ties when
  /// money is shared.
  struct Payment: Hashable, Sendable {
    var group: UInt32
    var order: UInt32
    var provider: Address
    /// The price of the lease per tick, in smallest units.
    var rate: Decimal18
    /// What the lease has earned since it opened, in smallest units, exact.
    var earned = Decimal18.zero
    /// The whole units paid out so far, including the network's share (the take).
    var paid = Amount.zero
    /// The network's share (the take) of `earned`, exact.
    var takeDue = TakeAccrual()
    /// The part of `takeDue` that was collected so far, in whole units.
    var collectedTake = Amount.zero
    var nextPayout: Tick
  }

  var denomination: Denomination
  var state = State.open
  var settledAt: Tick
  /// The value of the currency's `TakeIndex` at `settledAt`.
  var takeIndex: UInt128
  /// The deposits that are not spent completely, in the order of arrival. The first one is spent first.
  var deposits: [Deposit] = []
  /// How much of `deposits[0]` is spent.
  var spentOfFirstDeposit = Decimal18.zero
  /// The sum of all earnings since the account was opened.
  var transferred = Decimal18.zero
  /// The payments of the running leases, sorted by provider, group, order.
  var payments: [Payment] = []
  /// The fractions of units that could not be paid out when leases ended.
  var residue = Decimal18.zero
  /// For an overdrawn account, the last tick that was paid in full; for a closed one, the tick of closing.
  var endedAt: Tick?
  /// The tick from which the runway (how long the money lasts) is measured: the last change of deposits or
  /// leases.
  var runwayStart: Tick
  /// The percentage of the last warning about this runway; 100 before the first warning.
  var lastWarningPercent: UInt8 = 100
  /// The tick under which `Tables.due` lists this account; nil when the table does not list it.
  var indexedAt: Tick?

  init(denomination: Denomination, at tick: Tick, takeIndex: UInt128) {
    self.denomination = denomination
    settledAt = tick
    self.takeIndex = takeIndex
    runwayStart = tick
  }
}

extension EscrowAccount {
  /// The deposited money that no lease has earned yet.
  ///
  /// The sum cannot overflow: deposits are whole units of a supply that fits into 64 bits.
  func funds() throws(ArithmeticError) -> Decimal18 {
    var sum = Decimal18.zero
    for deposit in deposits { sum = try sum.adding(Decimal18(deposit.amount)) }
    return try sum.subtracting(spentOfFirstDeposit)
  }

  /// What all running leases together earn per tick.
  func rate() throws(ArithmeticError) -> Decimal18 {
    var sum = Decimal18.zero
    for payment in payments { sum = try sum.adding(payment.rate) }
    return sum
  }

  /// All money of the account: unspent deposits, earnings that were not paid out, and `residue`. Always whole
  /// units.
  func held() throws(ArithmeticError) -> Decimal18 {
    var sum = try funds().adding(residue)
    for payment in payments { sum = try sum.adding(payment.earned.subtracting(Decimal18(payment.paid))) }
    return sum
  }

  func index(ofGroup group: UInt32, order: UInt32, provider: Address) -> Int? {
    payments.firstIndex { $0.group == group && $0.order == order && $0.provider == provider }
  }

  /// Takes `amount` off the deposits, the oldest first.
  ///
  /// - Throws: `underflow` when the deposits have less than `amount` left.
  mutating func spend(_ amount: Decimal18) throws(ArithmeticError) {
    var spent = try spentOfFirstDeposit.adding(amount)
    var exhausted = 0
    while exhausted < deposits.count, !spent.isZero {
      let whole = Decimal18(deposits[exhausted].amount)
      guard spent >= whole else { break }
      spent = try spent.subtracting(whole)
      exhausted += 1
    }
    guard exhausted < deposits.count || spent.isZero else { throw .underflow }
    deposits.removeFirst(exhausted)
    spentOfFirstDeposit = spent
    transferred = try transferred.adding(amount)
  }
}

extension EscrowAccount {
  /// Takes up to `wanted` whole units, which no lease has earned, out of the deposits: first those of `owner`'s
  /// own money, then those of others; of each the newest first.
  ///
  /// - Returns: How much was taken.
  mutating func draw(_ wanted: Amount, owner: Address) throws(ArithmeticError) -> Amount {
    var missing = wanted
    for isOwn in [true, false] {
      for index in deposits.indices.reversed() {
        let deposit = deposits[index]
        guard (deposit.depositor == owner && !deposit.isGranted) == isOwn else { continue }
        let spent = index == 0 ? spentOfFirstDeposit : .zero
        let part = min(try Decimal18(deposit.amount).subtracting(spent).truncated(), missing)
        deposits[index].amount = try deposit.amount.subtracting(part)
        missing = try missing.subtracting(part)
      }
    }
    // A deposit of which nothing is left goes, as when leases have spent it.
    if let first = deposits.first, Decimal18(first.amount) == spentOfFirstDeposit {
      deposits.removeFirst()
      spentOfFirstDeposit = .zero
    }
    deposits.removeAll { $0.amount.isZero }
    return try wanted.subtracting(missing)
  }
}

extension EscrowAccount: StateValue {
  /// The most entries that `deposits` may have.
  static let depositLimit = 64
  /// The most payments that decoding accepts. A deployment has fewer groups, and each group has at most one
  /// payment.
  private static let paymentLimit = 256

  func encode(into writer: inout ByteWriter) {
    writer.write(denomination, state, settledAt, takeIndex, deposits, spentOfFirstDeposit, transferred)
    writer.write(payments, residue, endedAt, runwayStart, lastWarningPercent, indexedAt)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (denomination, state, settledAt, takeIndex, deposits, spentOfFirstDeposit, transferred) =
      try reader.readAll()
    guard deposits.count <= Self.depositLimit else { throw .outOfRange(field: "deposits") }
    (payments, residue, endedAt, runwayStart, lastWarningPercent, indexedAt) = try reader.readAll()
    guard payments.count <= Self.paymentLimit else { throw .outOfRange(field: "payments") }
  }
}

extension EscrowAccount.Deposit: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(depositor, isGranted, amount) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (depositor, isGranted, amount) = try reader.readAll()
  }
}

extension EscrowAccount.Payment: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(group, order, provider, rate, earned, paid, takeDue, collectedTake, nextPayout)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (group, order, provider, rate, earned, paid, takeDue, collectedTake, nextPayout) = try reader.readAll()
  }
}
