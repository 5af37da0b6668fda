public import Chain
import Cryptography
public import Primitives

/// Whether an object's signature is its key's on a chain. Replaceable, so that a simulator can do without signatures
/// and a node can remember what it has checked.
public typealias ObjectCheck = @Sendable (SignedObject, ChainID) -> Bool

/// What blocks mean: `(state, block) → (changes, receipts, events, validator updates)`.
public enum Executor {
  /// Libsodium's verdict.
  public static let ed25519: ObjectCheck = { $0.isAuthentic(on: $1) }

  /// Protocol versions whose rules this program knows, side by side.
  ///
  /// 2: the contents of a proposal are rehearsed together; what an owner has is indexed by state. `Migrations` says
  /// what becomes of the state of a chain that crosses over.
  public static let versions: ClosedRange<UInt32> = 1...2

  /// Executes a decided block. What falls due comes first, then the transactions in their order, then what a block's
  /// end brings: votes that are over, fees to those who stake, the next validators.
  ///
  /// The transactions' signatures are checked by whoever let them into the block; those of orders and bids inside
  /// agreements by `isAuthentic`.
  public static func execute(
    _ block: BlockInput,
    transactions: [Transaction],
    on state: some StateReading,
    isAuthentic: @escaping ObjectCheck = Executor.ed25519
  ) -> BlockOutcome {
    let execution = Execution(
      on: state,
      at: block.moment,
      protocolVersion: block.protocolVersion,
      isAuthentic: isAuthentic
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

  /// Whether a block that made `changes` changed parameters, ticks or what is to become of the protocol.
  public static func changeRules(_ changes: [StateChange]) -> Bool {
    let tables = [Tables.parameters.prefix, Tables.chain.prefix]
    return changes.contains { change in change.key.first.map { tables.contains($0) } ?? false }
  }

  /// The tick at which money next moves by itself; nil when none ever does.
  public static func nextDueTick(on state: some StateReading) -> Tick? {
    let floor = state.read(Tables.dueFloor, SingleKey()) ?? 0
    let from = Tables.due.prefix { $0.write(floor) }
    guard let end = KeyOrder.end(of: [Tables.due.prefix]) else { return nil }
    return state.entries(from: from, to: end, limit: 1).first.map { Tables.due.key($0.key).first }
  }

  /// The time at which stake is free or a proposal's period ends next; nil when nothing waits.
  public static func nextDueTime(on state: some StateReading) -> Timestamp? {
    let stake = state.scan(Tables.maturities, limit: 1).first?.key.time
    let period = state.scan(Tables.periods, limit: 1).first?.key.time
    guard let stake else { return period }
    return period.map { min($0, stake) } ?? stake
  }

  /// Whether a block at `moment` would do something by itself.
  public static func hasDueWork(at moment: Moment, on state: some StateReading) -> Bool {
    nextDueTick(on: state).map { $0 <= moment.tick } ?? false
      || nextDueTime(on: state).map { $0 <= moment.time } ?? false
  }

  /// The protocol version by whose rules the block at `height` must be executed. A program that does not know it
  /// (`versions`) must stop before that block.
  public static func requiredVersion(at height: Height, on state: some StateReading) -> UInt32 {
    guard let chain = state.read(Tables.chain, SingleKey()) else { return versions.lowerBound }
    if let upgrade = chain.upgrade, height >= upgrade.height { return upgrade.protocolVersion }
    return chain.protocolVersion
  }
}

extension Execution {
  /// What a block does before its transactions.
  func begin(_ block: BlockInput) {
    upgrade()
    processDue()
    forgetExpired()
    for misbehaviour in block.evidence.prefix(ChainLimits.blockEvidence) {
      attempt { () throws(Rejection) in try punish(misbehaviour) }
    }
    for signer in block.lastCommit where !signer.signed {
      attempt { () throws(Rejection) in try countAbsence(signer.validator) }
    }
    attempt { () throws(Rejection) in try matureStakes() }
  }

  /// What a block does after them.
  func end() -> [ValidatorUpdate] {
    endPeriods()
    attempt { () throws(Rejection) in try distributeFees() }
    return attempt { () throws(Rejection) in try updateValidatorSet() } ?? []
  }

  /// Runs a step of the block itself. None of them can be refused by what a transaction wrote; were one, it would be
  /// undone and the chain would go on.
  @discardableResult
  private func attempt<Result>(_ body: () throws(Rejection) -> Result) -> Result? {
    do {
      return try atomically(body)
    } catch {
      return nil
    }
  }
}
