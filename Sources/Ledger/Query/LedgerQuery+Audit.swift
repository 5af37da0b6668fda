import Chain
public import Primitives

/// The units of one currency by kind of account, to check that they add up to the supply.
public struct ConservationReport: Hashable, Sendable {
  public var denomination: Denomination
  /// The balances of all accounts that are not module accounts.
  public var accounts: UInt128 = 0
  public var escrow = Amount.zero
  public var leaseDeposits = Amount.zero
  /// Bonded and unbonding stake.
  public var stake: UInt128 = 0
  /// Community pool, rewards, fees and proposal deposits.
  public var pools: UInt128 = 0
  public var supply: Amount
  /// The sum over all escrow accounts, in 10⁻¹⁸ of a unit; it must equal the balance `escrow`.
  public var escrowRecords: UInt128 = 0
  /// The sum of the deposits of running leases; it must equal `leaseDeposits`.
  public var leaseDepositRecords: UInt128 = 0
  /// The sum of the stake of validators and unbondings; it must equal `stake`.
  public var stakeRecords: UInt128 = 0
  public var proposalDeposits = Amount.zero
  /// The sum of all deposits on proposals; it must equal `proposalDeposits`.
  public var proposalDepositRecords: UInt128 = 0

  /// Whether all units add up to the supply, and each sum of records equals the balance of its module
  /// account.
  public var isConserved: Bool {
    accounts + UInt128(escrow.units) + UInt128(leaseDeposits.units) + stake + pools
      == UInt128(supply.units)
      && escrowRecords == UInt128(escrow.units) * Decimal18.one
      && leaseDepositRecords == UInt128(leaseDeposits.units)
      && stakeRecords == stake && proposalDepositRecords == UInt128(proposalDeposits.units)
  }
}

extension LedgerQuery {
  /// The report of every currency. It reads all accounts, so it takes time in proportion to their number.
  public func conservationReports() -> [ConservationReport] {
    var reports: [Denomination: ConservationReport] = [:]
    var order: [Denomination] = []
    for status in currencies {
      let denomination = status.currency.denomination
      order.append(denomination)
      reports[denomination] = report(denomination, supply: supply(of: denomination))
    }
    state.forEach(Tables.balances) { key, amount in
      guard !ModuleAccount.contains(key.first) else { return }
      reports[key.second]?.accounts += UInt128(amount.units)
    }
    state.forEach(Tables.escrow) { _, account in
      reports[account.denomination]?.escrowRecords += (try? account.held().raw) ?? 0
    }
    state.forEach(Tables.leases) { _, lease in
      guard lease.state.isRunning else { return }
      reports[lease.deposit.denomination]?.leaseDepositRecords += UInt128(lease.deposit.amount.units)
    }
    state.forEach(Tables.validators) { _, validator in
      reports[.uakt]?.stakeRecords += UInt128(validator.tokens.units)
    }
    state.forEach(Tables.unbondings) { _, entry in
      reports[.uakt]?.stakeRecords += UInt128(entry.amount.units)
    }
    state.forEach(Tables.proposalDeposits) { _, amount in
      reports[.uakt]?.proposalDepositRecords += UInt128(amount.units)
    }
    return order.compactMap { reports[$0] }
  }

  private func report(_ denomination: Denomination, supply: Amount) -> ConservationReport {
    func units(_ module: ModuleAccount) -> UInt128 { UInt128(balance(of: module, in: denomination).units) }
    var report = ConservationReport(denomination: denomination, supply: supply)
    report.escrow = balance(of: .escrow, in: denomination)
    report.leaseDeposits = balance(of: .leaseDeposits, in: denomination)
    report.stake = units(.bondedStake) + units(.unbondingStake)
    report.pools = units(.communityPool) + units(.rewards) + units(.feeCollector) + units(.governance)
    report.proposalDeposits = balance(of: .governance, in: denomination)
    return report
  }
}
