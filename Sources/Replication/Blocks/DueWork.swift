import Chain
import Ledger
import Primitives

/// The time at which the ledger next has something to do without a transaction: a payment that falls due,
/// stake that becomes free, or a period that ends.
struct DueWork: Hashable, Sendable {
  private let time: Timestamp?

  /// Reads the time from `state`. The caller makes a new value after every block.
  init(on state: some StateReading, ticks: TickSchedule) {
    let tick = Executor.nextDueTick(on: state).map { ticks.time(of: $0) }
    let instants = [tick, Executor.nextDueTime(on: state)].compactMap(\.self)
    time = instants.min()
  }

  /// Whether a block with this time would change the state even without transactions.
  func isDue(at time: Timestamp) -> Bool { self.time.map { $0 <= time } ?? false }
}
