import Cryptography
import Ledger
import Replication
import Synchronization

/// An immutable state with its state tree. Nodes that write equal changes to the same version share the next
/// one.
///
/// So a thousand nodes with equal state need the memory of one. A node that writes anything different gets
/// its own version.
final class StateVersion: Sendable {
  private struct Successor: Sendable {
    let changes: [StateChange]
    /// The root of the state tree, which determines the successor's pages.
    let root: Digest
    weak var version: StateVersion?
  }

  private struct Cache: Sendable {
    var successors: [Successor] = []
    var executed: [(task: ExecutionTask, block: ExecutedBlock)] = []
  }

  let state: MemoryState
  let pages: [NibblePath: StateTreePage]
  private let cache = Mutex(Cache())

  init(state: MemoryState, pages: [NibblePath: StateTreePage]) {
    self.state = state
    self.pages = pages
  }

  /// The version after a block's writes. `root` is that of the tree with the new `pages`, nil ones removed.
  func successor(
    writing changes: [StateChange],
    _ pages: [(path: NibblePath, page: StateTreePage?)],
    root: Digest
  ) -> StateVersion {
    cache.withLock { cache in
      cache.successors.removeAll { $0.version == nil }
      let known = cache.successors.first { $0.root == root && $0.changes == changes }
      if let version = known?.version { return version }
      var state = state
      state.apply(changes)
      var allPages = self.pages
      for (path, page) in pages { allPages[path] = page }
      let version = StateVersion(state: state, pages: allPages)
      cache.successors.append(Successor(changes: changes, root: root, version: version))
      return version
    }
  }

  /// The result of executing a block on this version: a stored result for an equal `task`, else that of
  /// `execute`.
  func executed(_ task: ExecutionTask, _ execute: () -> ExecutedBlock) -> ExecutedBlock {
    let known = cache.withLock { cache in cache.executed.first { $0.task == task } }
    if let known { return known.block }
    let block = execute()
    cache.withLock { $0.executed.append((task, block)) }
    return block
  }
}
