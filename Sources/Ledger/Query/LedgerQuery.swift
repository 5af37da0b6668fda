public import Chain
public import Cryptography
public import Primitives

/// Answers queries from a consistent view of committed state.
public struct LedgerQuery<State: StateReading> {
  let state: State

  public init(state: State) { self.state = state }

  public var parameters: Parameters { parametersRecord.values }

  var parametersRecord: ParametersRecord {
    state.read(Tables.parameters, SingleKey()) ?? ParametersRecord(Parameters())
  }

  /// The billing clock at the newest block.
  public var clock: BillingClock {
    state.read(Tables.clock, SingleKey())
      ?? BillingClock(start: state.read(Tables.chain, SingleKey())?.genesisTime ?? .zero)
  }

  /// The height, time and tick of the block that follows this state and has that time.
  public func moment(at height: Height, time: Timestamp) -> Moment {
    let clock = clock.advanced(to: time, atMost: parameters.billedIntervalLimit)
    return Moment(height: height, time: time, tick: ticks.tick(at: clock.time))
  }

  /// The rule that gives the tick of a time of the billing clock.
  public var ticks: TickSchedule {
    state.read(Tables.chain, SingleKey())?.ticks ?? TickSchedule(start: .zero, tickMilliseconds: 1)
  }

  // MARK: Bank

  public func sequence(of address: Address) -> UInt64 { state.read(Tables.accounts, address)?.sequence ?? 0 }

  public func balances(of address: Address) -> [Coin] {
    state.all(Tables.balances, prefix: Tables.balances.prefix(address)) { Coin($1, $0.second) }
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

  /// A currency with its present take rate and its totals.
  public struct CurrencyStatus: Hashable, Sendable {
    public var currency: Currency
    public var takeBasisPoints: UInt32
    /// The network's share of payments (the take) collected since genesis.
    public var takeCollected: Amount
    /// The part of `takeCollected` that went to stakers.
    public var paidToStakers: Amount
    /// The units that the issuer has minted, less those it has burned.
    public var minted: Amount

    init(_ record: CurrencyRecord) {
      currency = record.currency
      takeBasisPoints = record.take.rate
      takeCollected = record.takeCollected
      paidToStakers = record.paidToStakers
      minted = record.minted
    }
  }

  public var currencies: [CurrencyStatus] { state.all(Tables.currencies) { CurrencyStatus($1) } }

  /// A currency by its canonical name or an alias; nil when it is not registered.
  public func currency(_ name: Denomination) -> CurrencyStatus? {
    let own = state.read(Tables.aliases, name)?.name ?? name
    return state.read(Tables.currencies, own).map { CurrencyStatus($0) }
  }

  /// The take (the network's share of payments) by currency and day, counted since the Unix epoch. A nil
  /// `denomination` selects all currencies.
  public func takeIncome(
    in denomination: Denomination? = nil,
    days: ClosedRange<UInt64> = 0...UInt64.max - 1,
    _ request: PageRequest
  ) throws(PageFault) -> Page<(day: UInt64, coin: Coin)> {
    let from = Tables.takeIncome.prefix(days.lowerBound)
    let to = Tables.takeIncome.prefix(days.upperBound + 1)
    return try state.page(from: from, to: to, request) { key, value in
      let key = Tables.takeIncome.key(key)
      guard denomination.map({ $0 == key.second }) ?? true else { return nil }
      return (key.first, Coin(Tables.takeIncome.value(value), key.second))
    }
  }

  // MARK: Providers and validators

  public func provider(_ address: Address) -> ProviderEntry? { state.read(Tables.providers, address) }

  /// All providers, ordered by address.
  public func providers(_ request: PageRequest) throws(PageFault) -> Page<ProviderEntry> {
    try state.page(Tables.providers, request) { $1 }
  }

  /// All validators, ordered by operator address.
  public func validators(
    _ request: PageRequest
  ) throws(PageFault) -> Page<(address: Address, record: ValidatorRecord)> {
    try state.page(Tables.validators, request) { ($0, $1) }
  }

  public var validators: [(address: Address, record: ValidatorRecord)] {
    state.all(Tables.validators) { ($0, $1) }
  }
}
