import Chain
import Cryptography
import Primitives

/// Executes one block, or checks transactions ahead of it, on an overlay over the state. Its extensions in
/// the other folders are the modules of the ledger.
///
/// It is a class because all handlers of a block share it; it does not outlive the call that made it. Members
/// with `package` access are for the simulator, which uses parts of the ledger without transactions.
package final class Execution {
  let overlay: StateOverlay
  let moment: Moment
  /// The version by whose rules the block is executed.
  let protocolVersion: UInt32
  /// Checks the signatures of the orders and bids in agreements.
  let checks: Checks
  /// The events since the last `takeEvents()`.
  private(set) var events: [Event] = []
  /// Whether a validator changed in this block, so that the validator set must be computed anew at its end.
  var isValidatorSetStale = false

  /// Whether a write has put a record into the caches. If so, an undo empties the caches, since it may have undone
  /// that write.
  private var hasWrittenCaches = false
  private var cachedChain: ChainRecord?
  private var cachedParameters: ParametersRecord?
  private var cachedCurrencies: [Denomination: CurrencyRecord] = [:]

  package init(
    on state: any StateReading,
    at moment: Moment,
    protocolVersion: UInt32 = 1,
    checks: Checks = .ed25519
  ) {
    overlay = StateOverlay(state)
    self.moment = moment
    self.protocolVersion = protocolVersion
    self.checks = checks
  }

  /// All written entries whose value differs from the state, sorted by key.
  package var changes: [StateChange] { overlay.changes() }

  func emit(_ event: Event) { events.append(event) }

  func takeEvents() -> [Event] {
    defer { events = [] }
    return events
  }

  /// Runs `body`. When it throws, its writes and events are undone.
  package func atomically<Result>(_ body: () throws(Rejection) -> Result) throws(Rejection) -> Result {
    let checkpoint = overlay.checkpoint()
    let eventCount = events.count
    let hadWritten = hasWrittenCaches
    do {
      return try body()
    } catch {
      overlay.rollBack(to: checkpoint)
      events.removeSubrange(eventCount...)
      invalidateCaches(keepingFlag: hadWritten)
      throw error
    }
  }

  /// Runs `body` to learn whether it would throw, and undoes its writes and events in any case.
  func dryRun(_ body: () throws(Rejection) -> Void) throws(Rejection) {
    let checkpoint = overlay.checkpoint()
    let eventCount = events.count
    let (wasStale, hadWritten) = (isValidatorSetStale, hasWrittenCaches)
    defer {
      overlay.rollBack(to: checkpoint)
      events.removeSubrange(eventCount...)
      isValidatorSetStale = wasStale
      invalidateCaches(keepingFlag: hadWritten)
    }
    try body()
  }

  /// Empties the caches after an undo, unless they hold only records that were read and not written. `hadWritten`
  /// is the flag from before the undone body: an outer body that has written may be undone too.
  private func invalidateCaches(keepingFlag hadWritten: Bool) {
    guard hasWrittenCaches else { return }
    hasWrittenCaches = hadWritten
    cachedChain = nil
    cachedParameters = nil
    cachedCurrencies = [:]
  }
}

// Records that nearly every handler reads. They are cached, so that most reads decode nothing.
extension Execution {
  /// - Precondition: The state was made by `Executor.genesis`.
  var chain: ChainRecord {
    get {
      if let cachedChain { return cachedChain }
      guard let record = overlay.read(Tables.chain, SingleKey()) else {
        preconditionFailure("the state has no chain: it does not come from a genesis")
      }
      cachedChain = record
      return record
    }
    set {
      cachedChain = newValue
      hasWrittenCaches = true
      overlay.write(Tables.chain, SingleKey(), newValue)
    }
  }

  var parametersRecord: ParametersRecord {
    get {
      if let cachedParameters { return cachedParameters }
      let record = overlay.read(Tables.parameters, SingleKey()) ?? ParametersRecord(Parameters())
      cachedParameters = record
      return record
    }
    set {
      cachedParameters = newValue
      hasWrittenCaches = true
      overlay.write(Tables.parameters, SingleKey(), newValue)
    }
  }

  func parameter(_ key: ParameterKey) -> UInt64 { parametersRecord.values[key] }

  /// The billing clock at this block. It is the same before and after the block has written it.
  var clock: BillingClock {
    let last = overlay.read(Tables.clock, SingleKey()) ?? BillingClock(start: chain.genesisTime)
    return last.advanced(to: moment.time, atMost: parametersRecord.values.billedIntervalLimit)
  }

  /// A currency by its canonical name or by an alias; nil when it is not registered.
  func findCurrency(_ name: Denomination) -> CurrencyRecord? {
    if let cached = cachedCurrencies[name] { return cached }
    let canonical = overlay.read(Tables.aliases, name)?.name ?? name
    guard let record = overlay.read(Tables.currencies, canonical) else { return nil }
    cachedCurrencies[canonical] = record
    return record
  }

  func currency(_ name: Denomination) throws(Rejection) -> CurrencyRecord {
    guard let record = findCurrency(name) else { throw .unknownDenomination(name) }
    return record
  }

  /// The canonical name of a currency that may be given by an alias.
  func canonical(_ name: Denomination) throws(Rejection) -> Denomination {
    try currency(name).currency.denomination
  }

  /// The same coin with the canonical name of its currency.
  func canonical(_ coin: Coin) throws(Rejection) -> Coin {
    Coin(coin.amount, try canonical(coin.denomination))
  }

  func write(_ record: CurrencyRecord) {
    cachedCurrencies[record.currency.denomination] = record
    hasWrittenCaches = true
    overlay.write(Tables.currencies, record.currency.denomination, record)
  }

  /// All currencies in the order of their names.
  func allCurrencies() -> [CurrencyRecord] { overlay.all(Tables.currencies) { $1 } }
}

/// Computes `body` and turns an arithmetic error into a rejection.
func checked<Result>(_ body: @autoclosure () throws(ArithmeticError) -> Result) throws(Rejection) -> Result {
  do {
    return try body()
  } catch {
    throw .arithmetic(error)
  }
}
