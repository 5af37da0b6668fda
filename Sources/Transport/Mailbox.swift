import NIOCore
import Synchronization

/// A queue to which any thread may add items and from which one event loop takes all waiting items at once.
///
/// Waking a sleeping loop costs several microseconds, as much as handling tens of items. So only the first
/// item wakes the loop; items added before the loop runs are taken out together with the first.
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
  ///   - limit: the greatest total cost of waiting items; items beyond it are refused.
  ///   - cost: the cost of an item in a unit of the caller's choice; an item of cost 0 is always accepted.
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

  /// Adds items. Returns those refused because the mailbox was full. A closed mailbox drops items silently.
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

  /// Accepts no more items. Returns the waiting items, which are not passed to `drain`.
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
