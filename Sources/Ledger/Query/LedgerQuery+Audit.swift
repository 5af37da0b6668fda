import Chain
public import Primitives

/// Where the units of one currency are, and whether they add up to the supply.
public struct ConservationReport: Hashable, Sendable {
  public var denomination: Denomination
  /// Of accounts that somebody's key opens.
  public var accounts: UInt128
  public var escrow: Amount
  public var leaseDeposits: Amount
  /// Bonded and unbonding.
  public var stake: UInt128
  /// Community pool, rewards, fees and proposal deposits.
  public var pools: UInt128
  public var supply: Amount
  /// What the escrow accounts say they hold, exact, against the module's balance.
  public var escrowRecords: UInt128

  /// Every unit is somewhere, and the escrow accounts' books agree with their money.
  public var isConserved: Bool {
    accounts + UInt128(escrow.units) + UInt128(leaseDeposits.units) + stake + pools == UInt128(supply.units)
      && escrowRecords == UInt128(escrow.units) * Decimal18.one
  }
}

extension LedgerQuery {
  /// Counts everything; takes time in proportion to the accounts.
  public func audit() -> [ConservationReport] {
    var reports: [Denomination: ConservationReport] = [:]
    for status in currencies {
      let denomination = status.currency.denomination
      func units(_ module: ModuleAccount) -> UInt128 { UInt128(balance(of: module, in: denomination).units) }
      reports[denomination] = ConservationReport(
        denomination: denomination, accounts: 0, escrow: balance(of: .escrow, in: denomination),
        leaseDeposits: balance(of: .leaseDeposits, in: denomination),
        stake: units(.bondedStake) + units(.unbondingStake),
        pools: units(.communityPool) + units(.rewards) + units(.feeCollector) + units(.governance),
        supply: supply(of: denomination), escrowRecords: 0)
    }
    state.forEach(Tables.balances) { key, amount in
      guard !ModuleAccount.contains(key.first) else { return }
      reports[key.second]?.accounts += UInt128(amount.units)
    }
    state.forEach(Tables.escrow) { _, account in
      reports[account.denomination]?.escrowRecords += (try? account.held().raw) ?? 0
    }
    return currencies.compactMap { reports[$0.currency.denomination] }
  }
}
