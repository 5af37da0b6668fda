import Chain
import Cryptography
import Primitives

extension Execution {
  /// Checks a proposal's contents at submission by executing and undoing them, so that nobody votes on
  /// something impossible.
  ///
  /// Version 1 checks each content by itself. From version 2 on the contents are executed one after the
  /// other, as when the proposal passes, so that a proposal can add a currency and spend it.
  ///
  /// - Throws: The reason, when the contents could not be executed in this block.
  func validate(_ contents: [ProposalContent]) throws(Rejection) {
    guard protocolVersion >= 2 else {
      for content in contents { try dryRun { () throws(Rejection) in try tryCarryOut(content) } }
      return
    }
    try dryRun { () throws(Rejection) in
      for content in contents { try tryCarryOut(content) }
    }
  }

  private func tryCarryOut(_ content: ProposalContent) throws(Rejection) {
    // The balance of the community pool is not checked: it may change until the vote ends.
    if case .communitySpend(let recipient, let amount) = content {
      try checkSpend(recipient, amount)
    } else {
      try execute(content, proposal: 0)
    }
  }

  /// Applies one content of a passed proposal.
  package func execute(_ content: ProposalContent, proposal id: UInt64) throws(Rejection) {
    switch content {
    case .text(let text): guard !text.isEmpty else { throw .governance(.invalidContent("the text is empty")) }
    case .parameters(let changes):
      guard !changes.isEmpty else { throw .governance(.invalidContent("no parameter is named")) }
      guard Set(changes.map(\.key)).count == changes.count else {
        throw .governance(.invalidContent("a parameter is named twice"))
      }
      for change in changes { try set(change, proposal: id) }
    case .addCurrency(let currency): try add(currency, proposal: id)
    case .retireCurrency(let denomination): try retire(denomination)
    case .communitySpend(let recipient, let amount): try spend(recipient, amount)
    case .softwareUpgrade(let upgrade): try plan(upgrade)
    }
  }

  private func set(_ change: ParameterChange, proposal id: UInt64) throws(Rejection) {
    switch ParameterName(change.key) {
    case .network(let key):
      guard let value = UInt64(change.value) else {
        throw .governance(.parameterValue(key: change.key, value: change.value))
      }
      try set(key, to: value, proposal: id)
    case .currency(let denomination, let field): try set(field, of: denomination, change, proposal: id)
    case nil: throw .governance(.unknownParameter(change.key))
    }
  }

  func set(_ key: ParameterKey, to value: UInt64, proposal id: UInt64) throws(Rejection) {
    guard key.definition.range.contains(value) else { throw .governance(.parameterRange(key, value: value)) }
    parametersRecord.values[key] = value
    parametersRecord.proposals[key.index] = id
    emit(.parameterChanged(key: key.rawValue, value: value, proposal: id))
    switch key {
    case .tickMilliseconds: chain.ticks.change(to: value, at: clock.time)
    case .defaultTake:
      for record in allCurrencies() where record.currency.takeBasisPoints == nil {
        changeTake(of: record, to: UInt32(clamping: value))
      }
    case .maximumValidators: isValidatorSetStale = true
    default: break
    }
  }

  private func set(
    _ field: ParameterName.CurrencyField,
    of denomination: Denomination,
    _ change: ParameterChange,
    proposal id: UInt64
  ) throws(Rejection) {
    var record = try currency(denomination)
    let value = UInt64(change.value)
    guard value != nil || (field == .take && change.value == "default") else {
      throw .governance(.parameterValue(key: change.key, value: change.value))
    }
    guard value.map({ field.range.contains($0) }) ?? true else {
      throw .governance(.parameterValue(key: change.key, value: change.value))
    }
    record.proposals[field.index] = id
    switch field {
    case .take:
      record.currency.takeBasisPoints = value.map { UInt32($0) }
      changeTake(of: record, to: UInt32(clamping: value ?? parameter(.defaultTake)))
    case .minimumDeposit: record.currency.minimumDeposit = Amount(value ?? 0)
    case .leaseDeposit: record.currency.leaseDeposit = Amount(value ?? 0)
    case .minimumFee: record.currency.minimumFee = Amount(value ?? 0)
    case .mintCap: record.currency.mintCap = Amount(value ?? 0)
    }
    if field != .take { write(record) }
    emit(.parameterChanged(key: change.key, value: value ?? parameter(.defaultTake), proposal: id))
  }

  /// Sets the take rate (the network's share of earnings) for ticks from the block's tick on. Running leases
  /// need no update, since everything due up to this tick is settled before.
  func changeTake(of record: CurrencyRecord, to basisPoints: UInt32) {
    var record = record
    record.take.change(to: basisPoints, at: moment.tick)
    write(record)
    emit(
      .takeRateChanged(
        denomination: record.currency.denomination,
        basisPoints: UInt64(basisPoints),
        tick: moment.tick
      )
    )
  }

  private func add(_ currency: Currency, proposal id: UInt64) throws(Rejection) {
    guard findCurrency(currency.denomination) == nil else {
      throw .governance(.invalidContent("\(currency.denomination) is registered already"))
    }
    if let fault = CurrencyNames.fault(of: currency, beside: allCurrencies().map(\.currency)) {
      throw .governance(.invalidContent(fault))
    }
    guard currency.takeBasisPoints.map({ $0 <= 10_000 }) ?? true else {
      throw .governance(.invalidContent("a take is at most 10000 basis points"))
    }
    let minimums = [currency.minimumDeposit, currency.leaseDeposit, currency.minimumFee]
    guard minimums.allSatisfy({ $0.units <= ParameterName.largestMinimum }) else {
      throw .governance(
        .invalidContent("deposits and fees are at most \(ParameterName.largestMinimum) units")
      )
    }
    guard currency.issuer.map({ !ModuleAccount.contains($0) }) ?? true else {
      throw .governance(.invalidContent("the ledger itself issues no currency"))
    }
    var record = CurrencyRecord(
      currency: currency,
      take: TakeIndex(
        rate: currency.takeBasisPoints ?? UInt32(clamping: parameter(.defaultTake)),
        since: moment.tick
      ),
      proposal: id
    )
    record.currency.isRetired = false
    write(record)
    for alias in currency.aliases {
      guard findCurrency(alias) == nil else {
        throw .governance(.invalidContent("\(alias) is registered already"))
      }
      overlay.write(Tables.aliases, alias, CanonicalName(currency.denomination))
    }
    emit(.currencyAdded(denomination: currency.denomination))
  }

  private func retire(_ denomination: Denomination) throws(Rejection) {
    var record = try currency(denomination)
    guard record.currency.denomination != .uakt else {
      throw .governance(.invalidContent("uakt is what is staked: it cannot be retired"))
    }
    guard !record.currency.isRetired else { throw .retiredDenomination(record.currency.denomination) }
    record.currency.isRetired = true
    write(record)
    emit(.currencyRetired(denomination: record.currency.denomination))
  }

  private func checkSpend(_ recipient: Address, _ amount: [Coin]) throws(Rejection) {
    guard !ModuleAccount.contains(recipient) else { throw .moduleAccount(recipient) }
    guard !amount.isEmpty, amount.allSatisfy({ !$0.amount.isZero }) else { throw .zeroAmount }
    for coin in amount { _ = try canonical(coin) }
  }

  private func spend(_ recipient: Address, _ amount: [Coin]) throws(Rejection) {
    try checkSpend(recipient, amount)
    for coin in amount {
      let coin = try canonical(coin)
      try transfer(coin, from: ModuleAccount.communityPool.address, to: recipient)
      emit(.communityPoolSpent(recipient: recipient, coin: coin))
    }
  }

  private func plan(_ upgrade: SoftwareUpgrade) throws(Rejection) {
    guard !upgrade.name.isEmpty, upgrade.height > moment.height else {
      throw .governance(.invalidContent("an upgrade needs a name and a height to come"))
    }
    guard upgrade.protocolVersion > chain.protocolVersion else {
      throw .governance(.invalidContent("the protocol version is \(chain.protocolVersion) already"))
    }
    chain.upgrade = upgrade
    emit(
      .upgradePlanned(name: upgrade.name, height: upgrade.height, version: UInt64(upgrade.protocolVersion))
    )
  }
}
