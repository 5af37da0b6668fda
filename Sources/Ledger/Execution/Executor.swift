public import Chain
public import Cryptography
public import Primitives

/// Why a genesis makes no state.
public enum GenesisError: Error, Hashable, Sendable {
  case noValidators
  case repeatedCurrency(Denomination)
  /// A coin or stake of a currency that the genesis does not register.
  case unknownCurrency(Denomination)
  /// Amounts of one currency exceed 64 bits.
  case supply(Denomination)
  case repeatedValidator(Address)
}

/// What blocks mean: `(state, block) → (changes, receipts, events, validator updates)`.
public enum Executor {
  /// The state before the first block, and the first validators.
  public static func genesis(
    _ genesis: Genesis
  ) throws(GenesisError) -> (changes: [StateChange], validators: [ValidatorUpdate]) {
    let execution = Execution(
      on: MemoryState(), at: Moment(height: 0, time: genesis.time, tick: 0),
      protocolVersion: genesis.protocolVersion)
    execution.chain = ChainRecord(
      chain: genesis.chain, genesisTime: genesis.time, protocolVersion: genesis.protocolVersion,
      ticks: TickSchedule(start: genesis.time, tickMilliseconds: genesis.parameters[.tickMilliseconds]))
    execution.parametersRecord = ParametersRecord(genesis.parameters)
    var names: Set<Denomination> = []
    for currency in genesis.currencies {
      for name in [currency.denomination] + currency.aliases where !names.insert(name).inserted {
        throw .repeatedCurrency(name)
      }
      let rate = currency.takeBasisPoints ?? UInt32(clamping: genesis.parameters[.defaultTake])
      execution.write(CurrencyRecord(currency: currency, take: TakeIndex(rate: rate, since: 0)))
      for alias in currency.aliases { execution.overlay.write(Tables.aliases, alias, currency.denomination) }
    }
    for account in genesis.accounts {
      for coin in account.coins { try fund(account.address, coin, in: execution) }
    }
    let validators = try bond(genesis.validators, in: execution)
    return (execution.overlay.changes(), validators)
  }

  private static func fund(_ address: Address, _ coin: Coin, in execution: Execution) throws(GenesisError) {
    guard execution.findCurrency(coin.denomination) != nil else { throw .unknownCurrency(coin.denomination) }
    do {
      try execution.create(coin, for: address)
    } catch {
      throw .supply(coin.denomination)
    }
  }

  private static func bond(
    _ validators: [Genesis.Validator], in execution: Execution
  ) throws(GenesisError) -> [ValidatorUpdate] {
    guard !validators.isEmpty else { throw .noValidators }
    var updates: [ValidatorUpdate] = []
    for validator in validators {
      guard !execution.overlay.contains(Tables.validators, validator.operatorAddress) else {
        throw .repeatedValidator(validator.operatorAddress)
      }
      try fund(ModuleAccount.bondedStake.address, Coin(validator.stake, .uakt), in: execution)
      execution.overlay.write(
        Tables.validators, validator.operatorAddress, ValidatorRecord(genesis: validator))
      updates.append(
        ValidatorUpdate(
          address: validator.operatorAddress, key: validator.consensusKey,
          power: ValidatorRecord.power(of: validator.stake)))
    }
    return updates.sorted { $0.address < $1.address }
  }

  /// Executes a decided block. What falls due comes first, then the transactions in their order.
  public static func execute(
    _ block: BlockInput, transactions: [Transaction], on state: some StateReading
  ) -> BlockOutcome {
    let execution = Execution(on: state, at: block.moment, protocolVersion: block.protocolVersion)
    execution.processDue()
    execution.forgetExpired()
    var events = execution.takeEvents()
    let receipts = transactions.map { execution.run($0) }
    execution.payFees(to: block.proposer)
    events.append(contentsOf: execution.takeEvents())
    return BlockOutcome(
      changes: execution.overlay.changes(), receipts: receipts, events: events, validatorUpdates: [],
      moment: block.moment)
  }

  /// Why a transaction would not be let into a block now: sequence number, fee, balance, or a first look at what it
  /// asks. Nil when it would.
  ///
  /// - Parameter expectedSequence: where others of the sender wait before it.
  public static func check(
    _ transaction: Transaction, at moment: Moment, on state: some StateReading, expectedSequence: UInt64? = nil
  ) -> Rejection? {
    let execution = Execution(on: state, at: moment)
    do {
      try execution.admit(transaction, expecting: expectedSequence)
      // What depends on earlier transactions that wait is judged when its turn comes.
      guard expectedSequence == nil else { return nil }
      for action in transaction.actions { try execution.perform(action) }
      return nil
    } catch {
      return error
    }
  }

  /// The tick at which something happens by itself; nil when nothing ever does.
  public static func nextDueTick(on state: some StateReading) -> Tick? {
    state.scan(Tables.due, limit: 1).first?.key.first
  }
}

extension Execution {
  /// A block's fees go to the validator that proposed it.
  func payFees(to proposer: Address) {
    for record in allCurrencies() {
      let coin = Coin(
        balance(of: .feeCollector, in: record.currency.denomination), record.currency.denomination)
      do {
        try transfer(coin, from: ModuleAccount.feeCollector.address, to: proposer)
      } catch {
        preconditionFailure("the fee collector cannot pay what it holds: \(error)")
      }
    }
  }
}
