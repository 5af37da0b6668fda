import Chain
import Cryptography
import Primitives

/// The work of one block, or of one look ahead, on the state. The modules are its extensions, one a folder.
///
/// A class, because all handlers of a block share it; it never leaves the call that made it. What is `package` is for
/// the simulator, which plays the ledger's parts without transactions.
package final class Execution {
  let overlay: StateOverlay
  let moment: Moment
  /// The version by whose rules the block is executed.
  let protocolVersion: UInt32
  /// Whether an object's signature is its key's.
  let isAuthentic: (SignedObject, ChainID) -> Bool
  /// What happened since the last `takeEvents()`.
  private(set) var events: [Event] = []
  /// A validator changed in this block: the set must be looked at before its end.
  var isValidatorSetStale = false

  /// Whether a cached record was written since the caches were last known to agree with the state.
  private var hasWrittenCaches = false
  private var cachedChain: ChainRecord?
  private var cachedParameters: ParametersRecord?
  private var cachedCurrencies: [Denomination: CurrencyRecord] = [:]

  package init(
    on state: any StateReading,
    at moment: Moment,
    protocolVersion: UInt32 = 1,
    isAuthentic: @escaping (SignedObject, ChainID) -> Bool = { $0.isAuthentic(on: $1) }
  ) {
    overlay = StateOverlay(state)
    self.moment = moment
    self.protocolVersion = protocolVersion
    self.isAuthentic = isAuthentic
  }

  /// Everything that was written and differs from the state.
  package var changes: [StateChange] { overlay.changes() }

  func emit(_ event: Event) {
    events.append(event)
  }

  func takeEvents() -> [Event] {
    defer { events = [] }
    return events
  }

  /// Runs `body`; what it wrote and announced is undone when it throws.
  package func atomically<Result>(_ body: () throws(Rejection) -> Result) throws(Rejection) -> Result {
    let checkpoint = overlay.checkpoint()
    let eventCount = events.count
    do {
      return try body()
    } catch {
      overlay.rollBack(to: checkpoint)
      events.removeSubrange(eventCount...)
      forgetCaches()
      throw error
    }
  }

  /// Runs `body` to see whether it can be done, and undoes it in any case.
  func rehearse(_ body: () throws(Rejection) -> Void) throws(Rejection) {
    let checkpoint = overlay.checkpoint()
    let eventCount = events.count
    let wasStale = isValidatorSetStale
    defer {
      overlay.rollBack(to: checkpoint)
      events.removeSubrange(eventCount...)
      isValidatorSetStale = wasStale
      forgetCaches()
    }
    try body()
  }

  /// After an undo: a cached record that was only read still holds.
  private func forgetCaches() {
    guard hasWrittenCaches else { return }
    hasWrittenCaches = false
    cachedChain = nil
    cachedParameters = nil
    cachedCurrencies = [:]
  }
}

// What nearly every handler reads, decoded once a block.
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

  /// A currency by its own name or another one; nil when it is not registered.
  func findCurrency(_ name: Denomination) -> CurrencyRecord? {
    if let cached = cachedCurrencies[name] { return cached }
    let canonical = overlay.read(Tables.aliases, name) ?? name
    guard let record = overlay.read(Tables.currencies, canonical) else { return nil }
    cachedCurrencies[canonical] = record
    return record
  }

  func currency(_ name: Denomination) throws(Rejection) -> CurrencyRecord {
    guard let record = findCurrency(name) else { throw .unknownDenomination(name) }
    return record
  }

  /// The currency's own name.
  func canonical(_ name: Denomination) throws(Rejection) -> Denomination {
    try currency(name).currency.denomination
  }

  /// The coin under the currency's own name.
  func canonical(_ coin: Coin) throws(Rejection) -> Coin {
    Coin(coin.amount, try canonical(coin.denomination))
  }

  func write(_ record: CurrencyRecord) {
    cachedCurrencies[record.currency.denomination] = record
    hasWrittenCaches = true
    overlay.write(Tables.currencies, record.currency.denomination, record)
  }

  /// All currencies in the order of their names. They are few.
  func allCurrencies() -> [CurrencyRecord] {
    var records: [CurrencyRecord] = []
    overlay.forEach(Tables.currencies) { _, record in records.append(record) }
    return records
  }
}

/// Runs arithmetic whose failure is a rejection.
func checked<Result>(_ body: () throws(ArithmeticError) -> Result) throws(Rejection) -> Result {
  do {
    return try body()
  } catch {
    throw .arithmetic(error)
  }
}
