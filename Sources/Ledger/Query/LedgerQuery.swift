public import Chain
public import Cryptography
public import Primitives

/// Reads what the ledger knows, from a consistent view of committed state.
public struct LedgerQuery<State: StateReading> {
  /// Entries of one answer; ask on with a narrower filter.
  public static var pageLimit: Int { 1_000 }

  let state: State

  public init(state: State) {
    self.state = state
  }

  public var parameters: Parameters { parametersRecord.values }

  var parametersRecord: ParametersRecord {
    state.read(Tables.parameters, SingleKey()) ?? ParametersRecord(Parameters())
  }

  /// Each parameter with the proposal that set it; 0 is genesis.
  public var parameterOrigins: [(key: ParameterKey, value: UInt64, proposal: UInt64)] {
    let record = parametersRecord
    return ParameterKey.allCases.map { ($0, record.values[$0], record.proposals[$0.index]) }
  }

  /// Which tick a time lies in.
  public var ticks: TickSchedule {
    state.read(Tables.chain, SingleKey())?.ticks ?? TickSchedule(start: .zero, tickMilliseconds: 1)
  }

  // MARK: Bank

  public func sequence(of address: Address) -> UInt64 {
    state.read(Tables.accounts, address)?.sequence ?? 0
  }

  public func balances(of address: Address) -> [Coin] {
    let prefix = Tables.balances.prefix { $0.write(address) }
    return state.scan(Tables.balances, prefix: prefix, limit: Self.pageLimit)
      .map { Coin($0.value, $0.key.second) }
  }

  public func balance(of address: Address, in denomination: Denomination) -> Amount {
    state.read(Tables.balances, Pair(address, denomination)) ?? .zero
  }

  public func supply(of denomination: Denomination) -> Amount {
    state.read(Tables.supply, denomination) ?? .zero
  }

  public func balance(of module: ModuleAccount, in denomination: Denomination) -> Amount {
    balance(of: module.address, in: denomination)
  }

  // MARK: Currencies

  /// A currency with its present take rate and what it brought.
  public struct CurrencyStatus: Hashable, Sendable {
    public var currency: Currency
    public var takeBasisPoints: UInt32
    public var takeCollected: Amount
  }

  public var currencies: [CurrencyStatus] {
    state.scan(Tables.currencies, limit: Self.pageLimit).map { _, record in
      CurrencyStatus(
        currency: record.currency,
        takeBasisPoints: record.take.rate,
        takeCollected: record.takeCollected
      )
    }
  }

  /// What the take brought in a currency, day by day since the Unix epoch.
  public func takeIncome(
    in denomination: Denomination,
    days: ClosedRange<UInt64> = 0...UInt64.max - 1
  ) -> [(day: UInt64, amount: Amount)] {
    let from = Tables.takeIncome.prefix { $0.write(days.lowerBound) }
    let to = Tables.takeIncome.prefix { $0.write(days.upperBound + 1) }
    return state.entries(from: from, to: to, limit: Self.pageLimit * 10).compactMap { key, value in
      let key = Tables.takeIncome.key(key)
      return key.second == denomination ? (key.first, Tables.takeIncome.value(value)) : nil
    }
  }

  // MARK: Providers and validators

  public func provider(_ address: Address) -> ProviderEntry? {
    state.read(Tables.providers, address)
  }

  public var providers: [ProviderEntry] {
    state.scan(Tables.providers, limit: Self.pageLimit).map(\.value)
  }

  public var validators: [(address: Address, record: ValidatorRecord)] {
    state.scan(Tables.validators, limit: Self.pageLimit).map { ($0.key, $0.value) }
  }
}
