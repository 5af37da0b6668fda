public import Chain
public import Cryptography
public import Primitives

/// Why a genesis is not valid.
public enum GenesisError: Error, Hashable, Sendable {
  case noValidators
  /// Two currencies have the same name or alias, or one currency has a name twice.
  case repeatedCurrency(Denomination)
  /// The symbol or the exponent of a currency is not legal, or the symbol is taken.
  case illegalCurrency(Denomination, String)
  /// A coin or a stake is in a currency that the genesis does not register.
  case unknownCurrency(Denomination)
  /// The amounts of one currency sum to more than 64 bits.
  case supply(Denomination)
  case repeatedValidator(Address)
  /// The stake is less than one unit of voting power, the consensus key is not a point of the prime-order
  /// group or is used twice, or the commission is out of range.
  case illegalValidator(Address)
  /// The value of a parameter is outside its range.
  case parameter(ParameterKey)
  /// The take rate is above 10,000 basis points.
  case takeRate(Denomination)
  /// The genesis gives coins to a module account; these must begin empty.
  case moduleAccount(Address)
}

extension Executor {
  /// Returns the state before the first block as changes to an empty state, and the first validators.
  public static func genesis(
    _ genesis: Genesis
  ) throws(GenesisError) -> (changes: [StateChange], validators: [ValidatorUpdate]) {
    for key in ParameterKey.allCases where !key.definition.range.contains(genesis.parameters[key]) {
      throw .parameter(key)
    }
    let execution = try begin(genesis)
    let validators = try bond(genesis.validators, in: execution)
    return (execution.changes, validators)
  }

  /// Returns an execution that holds the genesis state without its validators. Parameters may be outside the
  /// range that governance must keep to, because the simulator runs chains with such values.
  package static func begin(_ genesis: Genesis) throws(GenesisError) -> Execution {
    let execution = Execution(
      on: MemoryState(),
      at: Moment(height: 0, time: genesis.time, tick: 0),
      protocolVersion: genesis.protocolVersion
    )
    execution.chain = ChainRecord(
      chain: genesis.chain,
      genesisTime: genesis.time,
      protocolVersion: genesis.protocolVersion,
      ticks: TickSchedule(start: genesis.time, tickMilliseconds: genesis.parameters[.tickMilliseconds])
    )
    execution.parametersRecord = ParametersRecord(genesis.parameters)
    execution.overlay.write(Tables.clock, SingleKey(), BillingClock(start: genesis.time))
    try register(genesis.currencies, in: execution)
    for account in genesis.accounts {
      guard !ModuleAccount.contains(account.address) else { throw .moduleAccount(account.address) }
      for coin in account.coins { try fund(account.address, coin, in: execution) }
    }
    return execution
  }

  private static func register(_ currencies: [Currency], in execution: Execution) throws(GenesisError) {
    var names: Set<Denomination> = []
    for (index, currency) in currencies.enumerated() {
      for name in [currency.denomination] + currency.aliases where !names.insert(name).inserted {
        throw .repeatedCurrency(name)
      }
      if let fault = CurrencyNames.fault(of: currency, beside: Array(currencies[..<index])) {
        throw .illegalCurrency(currency.denomination, fault)
      }
      let rate = currency.takeBasisPoints ?? UInt32(clamping: execution.parameter(.defaultTake))
      guard rate <= 10_000 else { throw .takeRate(currency.denomination) }
      execution.write(CurrencyRecord(currency: currency, take: TakeIndex(rate: rate, since: 0)))
      for alias in currency.aliases {
        execution.overlay.write(Tables.aliases, alias, CanonicalName(currency.denomination))
      }
    }
  }

  private static func fund(_ address: Address, _ coin: Coin, in execution: Execution) throws(GenesisError) {
    guard let record = execution.findCurrency(coin.denomination) else {
      throw .unknownCurrency(coin.denomination)
    }
    guard !coin.amount.isZero else { return }
    do {
      try execution.create(Coin(coin.amount, record.currency.denomination), for: address)
    } catch {
      throw .supply(coin.denomination)
    }
  }

  /// Gives each validator its stake, which it delegates to itself, and returns the first validator set.
  private static func bond(
    _ validators: [Genesis.Validator],
    in execution: Execution
  ) throws(GenesisError) -> [ValidatorUpdate] {
    guard !validators.isEmpty else { throw .noValidators }
    for validator in validators {
      let address = validator.operatorAddress
      guard !execution.overlay.contains(Tables.validators, address) else { throw .repeatedValidator(address) }
      guard validator.stake.units >= ValidatorRecord.unitsPerPower else { throw .illegalValidator(address) }
      try fund(address, Coin(validator.stake, .uakt), in: execution)
      let creation = CreateValidator(
        operatorAddress: address,
        description: ValidatorDescription(moniker: validator.moniker),
        consensusKey: validator.consensusKey,
        commission: validator.commission,
        maximumCommission: Decimal18(1),
        maximumCommissionChange: Decimal18(raw: Decimal18.one / 100),
        minimumSelfDelegation: Amount(1),
        stake: Coin(validator.stake, .uakt)
      )
      do {
        try execution.createValidator(creation)
      } catch {
        throw .illegalValidator(address)
      }
    }
    do {
      return try execution.updateValidatorSet()
    } catch {
      throw .noValidators
    }
  }
}
