import Chain
import Ledger
import Primitives

/// The values of the committed state that decide how the next block is built and checked. `requiredVersion` is
/// read after each block, the others only after a block that changes them.
struct CommittedRules: Hashable, Sendable {
  let parameters: Parameters
  let ticks: TickSchedule
  /// The billing clock at the tip.
  private(set) var clock: BillingClock
  /// The protocol version by whose rules the next block is executed.
  private(set) var requiredVersion: UInt32

  /// `state` is the state after the block at `height`.
  init(on state: some StateReading, after height: Height) {
    let query = LedgerQuery(state: state)
    parameters = query.parameters
    ticks = query.ticks
    clock = query.clock
    requiredVersion = Executor.requiredVersion(at: height + 1, on: state)
  }

  /// Updates the values after the block at `height`. `changes` are the changes of that block and `state` is
  /// the state after it.
  mutating func update(_ changes: [StateChange], on state: some StateReading, after height: Height) {
    if Executor.hasRuleChanges(changes) {
      self = CommittedRules(on: state, after: height)
    } else {
      requiredVersion = Executor.requiredVersion(at: height + 1, on: state)
      clock = LedgerQuery(state: state).clock
    }
  }

  /// The height, time and tick of the block that follows the tip and has that time.
  func moment(at height: Height, time: Timestamp) -> Moment {
    let clock = clock.advanced(to: time, atMost: parameters.billedIntervalLimit)
    return Moment(height: height, time: time, tick: ticks.tick(at: clock.time))
  }
}

/// The time at which the ledger next has something to do without a transaction: a payment that falls due,
/// stake that becomes free, or a period that ends.
struct DueWork: Hashable, Sendable {
  private let time: Timestamp?

  /// Reads the time from `state`. The caller makes a new value after every block.
  init(on state: some StateReading, _ rules: CommittedRules) {
    let tick = Executor.nextDueTick(on: state).map { rules.clock.blockTime(at: rules.ticks.time(of: $0)) }
    let instants = [tick, Executor.nextDueTime(on: state)].compactMap(\.self)
    time = instants.min()
  }

  /// Whether a block with this time would change the state even without transactions.
  func isDue(at time: Timestamp) -> Bool { self.time.map { $0 <= time } ?? false }
}
