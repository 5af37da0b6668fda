import Chain
import Ledger
import Primitives

/// When the committed state next changes by itself: money that moves, stake that is free, periods that end.
struct DueWork: Hashable, Sendable {
  private let time: Timestamp?

  /// Looks once; to be made anew after every block.
  init(on state: some StateReading, ticks: TickSchedule) {
    let tick = Executor.nextDueTick(on: state).map { ticks.time(of: $0) }
    let instants = [tick, Executor.nextDueTime(on: state)].compactMap(\.self)
    time = instants.min()
  }

  /// Whether a block of this time would do something by itself.
  func isDue(at time: Timestamp) -> Bool {
    self.time.map { $0 <= time } ?? false
  }
}
