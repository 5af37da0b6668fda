public import Chain
import Cryptography
public import Primitives

/// Executes blocks: a function `(state, block) → (changes, receipts, events, validator updates)` without side
/// effects.
public enum Executor {
  /// The protocol versions whose rules this program knows.
  ///
  /// Version 2: the contents of a proposal are checked one after another on the same state, and deployments
  /// and leases are indexed by owner and state. `Migrations` changes the state of a chain that upgrades.
  public static let versions: ClosedRange<UInt32> = 1...2

  /// Executes a decided block: first everything that is due, then the transactions in their order, then the
  /// end of the block: periods of proposals that end, fees for delegators, the next validator set.
  ///
  /// The caller has checked the signatures of the transactions. `checks` checks those of orders and bids
  /// inside agreements.
  public static func execute(
    _ block: BlockInput,
    transactions: [Transaction],
    on state: some StateReading,
    checks: Checks = .ed25519
  ) -> BlockOutcome {
    let execution = Execution(
      on: state,
      at: block.moment,
      protocolVersion: block.protocolVersion,
      checks: checks
    )
    execution.begin(block)
    var events = execution.takeEvents()
    let receipts = transactions.map { execution.run($0) }
    let updates = execution.end()
    events.append(contentsOf: execution.takeEvents())
    return BlockOutcome(
      changes: execution.changes,
      receipts: receipts,
      events: events,
      validatorUpdates: updates,
      moment: block.moment
    )
  }

  /// Whether a block with these `changes` changed parameters, the tick schedule or the planned upgrade.
  public static func hasRuleChanges(_ changes: [StateChange]) -> Bool {
    let tables = [Tables.parameters.prefix, Tables.chain.prefix]
    return changes.contains { change in change.key.first.map { tables.contains($0) } ?? false }
  }

  /// The next tick at which a block must settle an escrow account, for a periodic payout or because its funds
  /// run out; nil when there is none.
  public static func nextDueTick(on state: some StateReading) -> Tick? {
    let floor = state.read(Tables.dueFloor, SingleKey()) ?? 0
    let from = Tables.due.prefix(floor)
    guard let end = KeyOrder.end(of: [Tables.due.prefix]) else { return nil }
    return state.entries(from: from, to: end, limit: 1).first.map { Tables.due.key($0.key).first }
  }

  /// The next time at which an unbonding or redelegation ends or the period of a proposal ends; nil for none.
  public static func nextDueTime(on state: some StateReading) -> Timestamp? {
    let stake = state.scan(Tables.maturities, limit: 1).first?.key.time
    let period = state.scan(Tables.periods, limit: 1).first?.key.time
    guard let stake else { return period }
    return period.map { min($0, stake) } ?? stake
  }

  /// The protocol version by whose rules the block at `height` must be executed. A node must stop before that
  /// block when its `versions` do not contain the version.
  public static func requiredVersion(at height: Height, on state: some StateReading) -> UInt32 {
    guard let chain = state.read(Tables.chain, SingleKey()) else { return versions.lowerBound }
    if let upgrade = chain.upgrade, height >= upgrade.height { return upgrade.protocolVersion }
    return chain.protocolVersion
  }
}

extension Execution {
  /// The steps before the transactions.
  func begin(_ block: BlockInput) {
    upgrade()
    overlay.write(Tables.clock, SingleKey(), clock)
    processDue()
    removeExpired()
    for misbehaviour in block.evidence.prefix(ChainLimits.blockEvidence) {
      attempt { () throws(Rejection) in try punish(misbehaviour) }
    }
    for signer in block.lastCommit where !signer.hasSigned {
      attempt { () throws(Rejection) in try countAbsence(signer.validator) }
    }
    attempt { () throws(Rejection) in try matureStakes() }
  }

  /// The steps after the transactions. Returns the changes of the validator set.
  func end() -> [ValidatorUpdate] {
    endPeriods()
    attempt { () throws(Rejection) in try distributeFees() }
    return attempt { () throws(Rejection) in try updateValidatorSet() } ?? []
  }

  /// Runs a step of the block itself. No transaction can make such a step fail. If one fails all the same, it
  /// is undone, and the chain goes on.
  @discardableResult
  private func attempt<Result>(_ body: () throws(Rejection) -> Result) -> Result? {
    do {
      return try atomically(body)
    } catch {
      return nil
    }
  }
}
