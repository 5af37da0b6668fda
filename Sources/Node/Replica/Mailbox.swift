import NIOCore
import Synchronization

/// A queue from other threads to one event loop. Items are appended under a lock, and the loop is woken only
/// when no wake-up is pending.
///
/// A wake-up costs as much as a quarter of a signature check; under load one wake-up handles about a hundred
/// items.
final class Mailbox<Item: Sendable>: Sendable {
  private struct State {
    var items: [Item] = []
    var isArmed = false
  }

  private let state = Mutex(State())
  private let loop: any EventLoop
  private let drain: @Sendable ([Item]) -> Void

  /// `drain` is called on `loop` with all items that have gathered.
  init(loop: any EventLoop, drain: @escaping @Sendable ([Item]) -> Void) {
    self.loop = loop
    self.drain = drain
  }

  func post(_ item: Item) {
    post(contentsOf: CollectionOfOne(item))
  }

  func post(contentsOf items: some Collection<Item>) {
    guard !items.isEmpty else { return }
    let wakes = state.withLock { state in
      state.items.append(contentsOf: items)
      let wasArmed = state.isArmed
      state.isArmed = true
      return !wasArmed
    }
    if wakes { loop.execute { self.work() } }
  }

  private func work() {
    let items = state.withLock { state in
      state.isArmed = false
      let items = state.items
      state.items = []
      return items
    }
    if !items.isEmpty { drain(items) }
  }
}
