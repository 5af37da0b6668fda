import Chain
import Ledger
import Primitives

/// What the committed state says about how the next block is made and judged; read once a block.
struct CommittedRules: Hashable, Sendable {
  let parameters: Parameters
  let ticks: TickSchedule
  /// By whose rules the next block is executed.
  private(set) var requiredVersion: UInt32

  /// `height`: of the block after which `state` is.
  init(on state: some StateReading, after height: Height) {
    let query = LedgerQuery(state: state)
    parameters = query.parameters
    ticks = query.ticks
    requiredVersion = Executor.requiredVersion(at: height + 1, on: state)
  }

  /// Goes on to the block at `height`, which made `changes` and after which `state` is.
  mutating func follow(_ changes: [StateChange], on state: some StateReading, after height: Height) {
    if Executor.changeRules(changes) {
      self = CommittedRules(on: state, after: height)
    } else {
      requiredVersion = Executor.requiredVersion(at: height + 1, on: state)
    }
  }
}
