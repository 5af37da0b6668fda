import Chain
import Ledger
import Primitives

/// The values of the committed state that decide how the next block is built and checked. They are read once
/// for each block.
struct CommittedRules: Hashable, Sendable {
  let parameters: Parameters
  let ticks: TickSchedule
  /// The protocol version by whose rules the next block is executed.
  private(set) var requiredVersion: UInt32

  /// `state` is the state after the block at `height`.
  init(on state: some StateReading, after height: Height) {
    let query = LedgerQuery(state: state)
    parameters = query.parameters
    ticks = query.ticks
    requiredVersion = Executor.requiredVersion(at: height + 1, on: state)
  }

  /// Updates the values after the block at `height`. `changes` are the changes of that block and `state` is
  /// the state after it.
  mutating func update(_ changes: [StateChange], on state: some StateReading, after height: Height) {
    if Executor.hasRuleChanges(changes) {
      self = CommittedRules(on: state, after: height)
    } else {
      requiredVersion = Executor.requiredVersion(at: height + 1, on: state)
    }
  }
}
