import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// A chain in memory, with named accounts: one block a call, audited after each.
final class TestChain {
  static let id = ChainID("test-1")!

  private(set) var state = MemoryState()
  private(set) var moment: Moment
  private(set) var genesisValidators: [ValidatorUpdate] = []
  private(set) var lastEvents: [Event] = []
  private(set) var lastUpdates: [ValidatorUpdate] = []
  let genesisTime = Timestamp(milliseconds: 1_800_000_000_000)
  var evidence: [BlockInput.Misbehaviour] = []
  var lastCommit: [BlockInput.Signer] = []
  var protocolVersion: UInt32 = 1
  private var keys: [String: SigningKey] = [:]

  /// Coins by account name, stake by validator name.
  init(
    balances: [String: [Coin]] = [:],
    validators: [(name: String, stake: UInt64)] = [("validator", 10_000_000)],
    parameters: [ParameterKey: UInt64] = [:],
    adjust: (inout Genesis) -> Void = { _ in }
  ) throws {
    var values = Parameters()
    // Tests leap over many ticks from one block to the next; `BillingClockTests` has the standard value.
    values[.maximumBilledInterval] = ParameterKey.maximumBilledInterval.definition.range.upperBound
    for (key, value) in parameters { values[key] = value }
    moment = Moment(height: 0, time: genesisTime, tick: 0)
    var genesis = Genesis(
      chain: Self.id,
      time: genesisTime,
      currencies: Self.currencies,
      parameters: values,
      accounts: [],
      validators: []
    )
    for (name, coins) in balances.sorted(by: { $0.key < $1.key }) {
      genesis.accounts.append(.init(address: address(name), coins: coins))
    }
    for (name, stake) in validators {
      genesis.validators.append(
        .init(
          operatorAddress: address(name),
          consensusKey: key("consensus of " + name).publicKey,
          moniker: name,
          stake: Amount(stake),
          commission: Decimal18("0.05")!
        )
      )
    }
    adjust(&genesis)
    let outcome = try Executor.genesis(genesis)
    state.apply(outcome.changes)
    genesisValidators = outcome.validators
    audit()
  }

  static let ibc = Denomination("ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1")!

  static var currencies: [Currency] {
    [
      Currency(
        denomination: .uakt,
        symbol: "AKT",
        exponent: 6,
        minimumDeposit: Amount(5_000_000),
        leaseDeposit: Amount(500_000),
        minimumFee: Amount(5_000),
        takeBasisPoints: 400
      ),
      Currency(
        denomination: .uusdc,
        symbol: "USDC",
        exponent: 6,
        aliases: [ibc],
        minimumDeposit: Amount(5_000_000),
        leaseDeposit: Amount(500_000),
        minimumFee: Amount(5_000),
        takeBasisPoints: 2_000
      ),
    ]
  }

  func key(_ name: String) -> SigningKey {
    if let key = keys[name] { return key }
    let key = SigningKey(seed: Digest.sha256(name.utf8).bytes)!
    keys[name] = key
    return key
  }

  func address(_ name: String) -> Address { key(name).address }

  var query: LedgerQuery<MemoryState> { LedgerQuery(state: state) }

  func balance(_ name: String, _ denomination: Denomination = .uakt) -> UInt64 {
    query.balance(of: address(name), in: denomination).units
  }

  func balance(_ module: ModuleAccount, _ denomination: Denomination = .uakt) -> UInt64 {
    query.balance(of: module, in: denomination).units
  }

  /// Moves time on by ticks before the next block.
  func advance(ticks: UInt64) {
    moment.tick += ticks
    moment.time = moment.time.advanced(byMilliseconds: ticks * 6_000)
  }

  func advance(milliseconds: UInt64) {
    moment.time = moment.time.advanced(byMilliseconds: milliseconds)
    moment = query.moment(at: moment.height, time: moment.time)
  }

  func transaction(
    _ actions: [Action],
    by name: String,
    fee: Fee = Fee(amount: Coin(5_000, .uakt)),
    sequence: UInt64? = nil,
    timeout: Height = 0
  ) -> Transaction {
    TransactionDraft(
      actions: actions,
      timeoutHeight: timeout,
      sequence: sequence ?? query.sequence(of: address(name)),
      fee: fee
    ).signed(by: key(name), chain: Self.id)
  }

  /// Executes a block with these transactions at the present.
  @discardableResult
  func block(_ transactions: [Transaction] = []) -> BlockOutcome {
    moment.height += 1
    let outcome = Executor.execute(
      BlockInput(
        moment: moment,
        evidence: evidence,
        lastCommit: lastCommit,
        protocolVersion: protocolVersion
      ),
      transactions: transactions,
      on: state
    )
    state.apply(outcome.changes)
    lastEvents = outcome.events
    lastUpdates = outcome.validatorUpdates
    evidence = []
    audit()
    return outcome
  }

  /// Executes a block with one transaction.
  @discardableResult
  func submit(_ actions: Action..., by name: String, fee: Fee = Fee(amount: Coin(5_000, .uakt))) -> Receipt {
    block([transaction(actions, by: name, fee: fee)]).receipts[0]
  }

  func audit() {
    for report in query.conservationReports() { #expect(report.isConserved, "\(report)") }
  }

  /// The code of what the ledger would say to a look ahead; nil when it would do it.
  func rejection(_ body: (Execution) throws(Rejection) -> Void) -> Rejection? {
    let execution = Execution(on: state, at: moment, protocolVersion: protocolVersion)
    do {
      try body(execution)
      return nil
    } catch {
      return error
    }
  }

  /// Does something without a transaction, as a block would.
  func perform(_ body: (Execution) throws(Rejection) -> Void) throws {
    moment.height += 1
    let execution = Execution(on: state, at: moment, protocolVersion: protocolVersion)
    execution.processDue()
    do {
      try execution.atomically { () throws(Rejection) in try body(execution) }
    } catch {
      state.apply(execution.overlay.changes())
      throw error
    }
    state.apply(execution.overlay.changes())
    lastEvents = execution.takeEvents()
    audit()
  }
}

extension Receipt {
  /// `codespace/code`; empty for success.
  var codeText: String { isSuccess ? "" : "\(codespace)/\(code)" }
}
