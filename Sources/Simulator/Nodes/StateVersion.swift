import Cryptography
import Ledger
import Replication
import Synchronization

/// What the state of a node is after some blocks; one for all nodes whose entries and pages are equal.
///
/// A thousand nodes that hold the same state hold it once, and a node whose state differs in anything has its own.
final class StateVersion: Sendable {
  private struct Successor: Sendable {
    let changes: [StateChange]
    /// Says which pages the successor has.
    let root: Digest
    weak var version: StateVersion?
  }

  private struct Memory: Sendable {
    var successors: [Successor] = []
    var executed: [(task: ExecutionTask, block: ExecutedBlock)] = []
  }

  let state: MemoryState
  let pages: [NibblePath: StateTreePage]
  private let memory = Mutex(Memory())

  init(state: MemoryState, pages: [NibblePath: StateTreePage]) {
    self.state = state
    self.pages = pages
  }

  /// The version after a block's writes; `root`: of the tree with the changed `pages`.
  func successor(
    writing changes: [StateChange],
    _ pages: [(path: NibblePath, page: StateTreePage?)],
    root: Digest
  ) -> StateVersion {
    memory.withLock { memory in
      memory.successors.removeAll { $0.version == nil }
      let known = memory.successors.first { $0.root == root && $0.changes == changes }
      if let version = known?.version { return version }
      var state = state
      state.apply(changes)
      var allPages = self.pages
      for (path, page) in pages { allPages[path] = page }
      let version = StateVersion(state: state, pages: allPages)
      memory.successors.append(Successor(changes: changes, root: root, version: version))
      return version
    }
  }

  /// What the task makes of this version; executed for the first who asks.
  func executed(_ task: ExecutionTask, _ execute: () -> ExecutedBlock) -> ExecutedBlock {
    let known = memory.withLock { memory in memory.executed.first { $0.task == task } }
    if let known { return known.block }
    let block = execute()
    memory.withLock { $0.executed.append((task, block)) }
    return block
  }
}
