import NIOCore
import Synchronization

/// Items that any thread may add and that one event loop takes out, all that have gathered at once.
///
/// Waking a sleeping loop costs several microseconds, as much as handling tens of items. So the loop is woken by the
/// first item only; what is added before it has run is taken out with the first.
public final class Mailbox<Item: Sendable>: Sendable {
  private struct State {
    var items: [Item] = []
    var cost = 0
    /// The loop was asked to run `drain` and has not begun.
    var isArmed = false
    var isClosed = false

    mutating func takeAll() -> [Item] {
      defer { (items, cost) = ([], 0) }
      return items
    }
  }

  private let state = Mutex(State())
  private let loop: any EventLoop
  private let limit: Int
  private let cost: @Sendable (Item) -> Int
  private let drain: @Sendable ([Item]) -> Void

  /// Makes an empty mailbox.
  ///
  /// - Parameters:
  ///   - loop: the event loop that takes the items out.
  ///   - limit: how much may wait, in the unit of `cost`; items beyond it are refused.
  ///   - cost: what an item counts; an item of cost 0 is always taken.
  ///   - drain: called on the loop with the items in the order in which they were added.
  public init(
    loop: any EventLoop,
    limit: Int = .max,
    cost: @escaping @Sendable (Item) -> Int = { _ in 0 },
    drain: @escaping @Sendable ([Item]) -> Void
  ) {
    self.loop = loop
    self.limit = limit
    self.cost = cost
    self.drain = drain
  }

  /// Adds items. Returns those that were refused: the mailbox was full. A closed mailbox drops all of them.
  @discardableResult
  public func post(contentsOf items: some Sequence<Item>) -> [Item] {
    let (refused, wakes) = state.withLock { state in
      guard !state.isClosed else { return ([Item](), false) }
      var refused: [Item] = []
      for item in items {
        let cost = cost(item)
        guard cost == 0 || cost <= limit - state.cost else {
          refused.append(item)
          continue
        }
        state.cost += cost
        state.items.append(item)
      }
      guard !state.isArmed, !state.items.isEmpty else { return (refused, false) }
      state.isArmed = true
      return (refused, true)
    }
    if wakes { loop.execute { self.work() } }
    return refused
  }

  /// Takes nothing more from now on. Returns what waits, which `drain` is not called for.
  public func close() -> [Item] {
    state.withLock { state in
      state.isClosed = true
      return state.takeAll()
    }
  }

  private func work() {
    let items = state.withLock { state in
      state.isArmed = false
      return state.takeAll()
    }
    if !items.isEmpty { drain(items) }
  }
}
