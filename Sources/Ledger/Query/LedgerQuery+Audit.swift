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
  /// What the escrow accounts say they hold, in 10⁻¹⁸, against the module's balance.
  public var escrowRecords: UInt128
  /// What running leases say is locked.
  public var leaseDepositRecords: UInt128
  /// What validators and unbondings say is staked.
  public var stakeRecords: UInt128
  public var proposalDeposits: Amount
  public var proposalDepositRecords: UInt128

  /// Every unit is somewhere, and the modules' books agree with their money.
  public var isConserved: Bool {
    accounts + UInt128(escrow.units) + UInt128(leaseDeposits.units) + stake + pools
      == UInt128(supply.units)
      && escrowRecords == UInt128(escrow.units) * Decimal18.one
      && leaseDepositRecords == UInt128(leaseDeposits.units)
      && stakeRecords == stake
      && proposalDepositRecords == UInt128(proposalDeposits.units)
  }

  init(denomination: Denomination, supply: Amount) {
    self.denomination = denomination
    self.supply = supply
    accounts = 0
    escrow = .zero
    leaseDeposits = .zero
    stake = 0
    pools = 0
    escrowRecords = 0
    leaseDepositRecords = 0
    stakeRecords = 0
    proposalDeposits = .zero
    proposalDepositRecords = 0
  }
}

extension LedgerQuery {
  /// Counts everything; takes time in proportion to the accounts.
  public func audit() -> [ConservationReport] {
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
      reports[lease.deposit.denomination]?.leaseDepositRecords += UInt128(
        lease.deposit.amount.units
      )
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
    func units(_ module: ModuleAccount) -> UInt128 {
      UInt128(balance(of: module, in: denomination).units)
    }
    var report = ConservationReport(denomination: denomination, supply: supply)
    report.escrow = balance(of: .escrow, in: denomination)
    report.leaseDeposits = balance(of: .leaseDeposits, in: denomination)
    report.stake = units(.bondedStake) + units(.unbondingStake)
    report.pools =
      units(.communityPool) + units(.rewards) + units(.feeCollector) + units(.governance)
    report.proposalDeposits = balance(of: .governance, in: denomination)
    return report
  }
}
