import Chain
import Cryptography
import Primitives

extension Execution {
  func escrow(of id: DeploymentID) throws(Rejection) -> EscrowAccount {
    guard let account = overlay.read(Tables.escrow, id) else { throw .lease(.deploymentNotFound(id)) }
    return account
  }

  /// Writes an account and updates its entry in `Tables.due`.
  func store(_ account: EscrowAccount, of id: DeploymentID) throws(Rejection) {
    var account = account
    // The entry is never before the block's tick: `processDue` does not look at earlier ticks.
    let next = try checked(account.nextDue().map { max($0.tick, moment.tick) })
    if next != account.indexedAt {
      if let old = account.indexedAt { overlay.remove(Tables.due, Pair(old, id)) }
      if let next { overlay.write(Tables.due, Pair(next, id), Presence()) }
      account.indexedAt = next
    }
    overlay.write(Tables.escrow, id, account)
  }

  func openEscrow(of id: DeploymentID, in denomination: Denomination) throws(Rejection) {
    let take = try currency(denomination).take
    let account = EscrowAccount(
      denomination: denomination,
      at: moment.tick,
      takeIndex: take.value(at: moment.tick)
    )
    try store(account, of: id)
  }

  /// Returns the account settled up to `tick`, by default the block's tick. When the account's money does not
  /// last until `tick`, its leases are ended. The caller stores the account.
  func settledEscrow(of id: DeploymentID, at tick: Tick? = nil) throws(Rejection) -> EscrowAccount {
    var account = try escrow(of: id)
    guard account.state != .closed else { throw .lease(.deploymentClosed(id)) }
    let take = try currency(account.denomination).take
    let settlement = try checked(account.settle(to: tick ?? moment.tick, take: take))
    if case .overdrawn = settlement { try endOverdrawn(&account, of: id) }
    return account
  }

  /// Adds money from `depositor` to an escrow. `isGranted` is true when a grant from the depositor to the
  /// owner pays.
  ///
  /// The money joins the last entry when both values are equal, else it gets a new entry. When no entry is
  /// free, it joins an earlier entry with both values. One entry is reserved for the owner's own money.
  package func deposit(
    _ amount: Amount,
    from depositor: Address,
    isGranted: Bool,
    to id: DeploymentID
  ) throws(Rejection) {
    guard !amount.isZero else { return }
    var account = try settledEscrow(of: id)
    try transfer(Coin(amount, account.denomination), from: depositor, to: ModuleAccount.escrow.address)
    let isOwners = depositor == id.owner && !isGranted
    func isSame(_ deposit: EscrowAccount.Deposit) -> Bool {
      deposit.depositor == depositor && deposit.isGranted == isGranted
    }
    let limit = isOwners ? EscrowAccount.depositLimit : EscrowAccount.depositLimit - 1
    if let last = account.deposits.last, isSame(last) {
      try add(amount, to: account.deposits.count - 1, of: &account)
    } else if account.deposits.count < limit {
      account.deposits.append(.init(depositor: depositor, isGranted: isGranted, amount: amount))
    } else if let index = account.deposits.lastIndex(where: isSame) {
      try add(amount, to: index, of: &account)
    } else {
      throw .lease(.tooManyDeposits(limit: limit))
    }
    account.restartRunway()
    try store(account, of: id)
    emit(.deposited(deployment: id, depositor: depositor, coin: Coin(amount, account.denomination)))
  }

  private func add(_ amount: Amount, to index: Int, of account: inout EscrowAccount) throws(Rejection) {
    account.deposits[index].amount = try checked(account.deposits[index].amount.adding(amount))
  }

  /// Adds payments, which earn from the block's tick on. An overdrawn account becomes open again.
  func openPayments(_ payments: [EscrowAccount.Payment], of id: DeploymentID) throws(Rejection) {
    var account = try settledEscrow(of: id)
    account.payments.append(contentsOf: payments)
    account.payments.sort { ($0.provider, $0.group, $0.order) < ($1.provider, $1.group, $1.order) }
    account.state = .open
    account.endedAt = nil
    account.restartRunway()
    try store(account, of: id)
  }
}

// Payouts and closing.
extension Execution {
  /// Pays the provider what the lease has earned up to the account's last settlement, less the take.
  func payOut(_ index: Int, of account: inout EscrowAccount, _ id: DeploymentID) throws(Rejection) {
    let providerBalance = balance(of: account.payments[index].provider, in: account.denomination)
    let payout = try checked(account.payments[index].payOut(providerBalance: providerBalance))
    guard !payout.gross.isZero || !payout.fee.isZero else { return }
    let payment = account.payments[index]
    let source = ModuleAccount.escrow.address
    try transfer(Coin(payout.fromProvider, account.denomination), from: payment.provider, to: source)
    let net = try checked(payout.gross.adding(payout.fromProvider).subtracting(payout.fee))
    try transfer(Coin(net, account.denomination), from: source, to: payment.provider)
    try collectTake(Coin(payout.fee, account.denomination), from: source)
    emit(
      .paidOut(
        lease: payment.lease(of: id),
        gross: Coin(payout.gross, account.denomination),
        fee: Coin(payout.fee, account.denomination)
      )
    )
  }

  /// Moves the take from `source`: the stakers' share to the fee collector, the rest to the community pool.
  private func collectTake(_ fee: Coin, from source: Address) throws(Rejection) {
    guard !fee.amount.isZero else { return }
    var record = try currency(fee.denomination)
    let share = UInt128(parameter(.takeShareToStakers))
    record.takeCollected = try checked(record.takeCollected.adding(fee.amount))
    // The product cannot overflow: `takeCollected`, the sum of all fees, has 64 bits, and `share`, in basis
    // points, has 14 bits.
    record.accruedToStakersTimes10000 += UInt128(fee.amount.units) * share
    let given = record.accruedToStakersTimes10000 / 10_000 - UInt128(record.paidToStakers.units)
    let toStakers = Amount(min(UInt64(clamping: given), fee.amount.units))
    record.paidToStakers = try checked(record.paidToStakers.adding(toStakers))
    write(record)
    let toPool = try checked(fee.amount.subtracting(toStakers))
    let collector = ModuleAccount.feeCollector.address
    try transfer(Coin(toStakers, fee.denomination), from: source, to: collector)
    try transfer(Coin(toPool, fee.denomination), from: source, to: ModuleAccount.communityPool.address)
    let key = Pair(moment.time.day, fee.denomination)
    let income = overlay.read(Tables.takeIncome, key) ?? .zero
    let sum = try checked(income.adding(fee.amount))
    overlay.write(Tables.takeIncome, key, sum)
  }

  /// Pays out a lease for the last time and removes its payment from the account.
  func closePayment(
    _ index: Int,
    of account: inout EscrowAccount,
    _ id: DeploymentID
  ) throws(Rejection) -> EscrowAccount.Payment {
    try payOut(index, of: &account, id)
    let payment = account.payments.remove(at: index)
    account.residue = try checked(account.residue.adding(payment.fraction))
    return payment
  }

  /// Ends the leases of an account whose money is used up.
  private func endOverdrawn(_ account: inout EscrowAccount, of id: DeploymentID) throws(Rejection) {
    let last = account.endedAt ?? moment.tick
    emit(.escrowOverdrawn(deployment: id, tick: last))
    while !account.payments.isEmpty {
      let payment = try closePayment(0, of: &account, id)
      try endLease(payment, of: id, by: .ledger, reason: .insufficientFunds, at: last)
    }
    account.restartRunway()
    try store(account, of: id)
  }

  /// Closes an account: ends its leases and pays them out, refunds the rest of each deposit to its depositor,
  /// and gives the sum of all fractions, in whole units, to the community pool.
  func closeEscrow(of id: DeploymentID, by closer: Closer, reason: LeaseCloseReason) throws(Rejection) {
    var account = try settledEscrow(of: id)
    while !account.payments.isEmpty {
      let payment = try closePayment(0, of: &account, id)
      try endLease(payment, of: id, by: closer, reason: reason)
    }
    var spent = account.spentOfFirstDeposit
    for deposit in account.deposits {
      let left = try checked(Decimal18(deposit.amount).subtracting(spent))
      let refund = try checked(left.truncated())
      account.residue = try checked(account.residue.adding(left.fraction))
      try self.refund(Coin(refund, account.denomination), of: deposit, id)
      spent = .zero
    }
    account.deposits = []
    account.spentOfFirstDeposit = .zero
    let pool = try checked(account.residue.truncated())
    account.residue = account.residue.fraction
    account.state = .closed
    account.endedAt = moment.tick
    try store(account, of: id)
    guard !pool.isZero else { return }
    let coin = Coin(pool, account.denomination)
    try transfer(coin, from: ModuleAccount.escrow.address, to: ModuleAccount.communityPool.address)
    emit(.residueCollected(deployment: id, coin: coin))
  }

  private func refund(_ coin: Coin, of deposit: EscrowAccount.Deposit, _ id: DeploymentID) throws(Rejection) {
    guard !coin.amount.isZero else { return }
    try transfer(coin, from: ModuleAccount.escrow.address, to: deposit.depositor)
    if deposit.isGranted { restoreGrant(of: deposit.depositor, to: id.owner, coin) }
    emit(.refunded(deployment: id, depositor: deposit.depositor, coin: coin))
  }
}

extension EscrowAccount.Payment {
  func lease(of id: DeploymentID) -> LeaseID {
    LeaseID(deployment: id, group: group, order: order, provider: provider)
  }
}

extension Timestamp {
  /// Days since the Unix epoch.
  var day: UInt64 { milliseconds / 86_400_000 }
}
