public import Cryptography
public import Ledger
import Primitives

/// What a replica reads committed state from: entries, and the pages of their authenticated tree.
public protocol ReplicaState: StateReading, StateTreeReading, Sendable {
  /// What `task` makes of this state with `layers` on top: what `execute` says, or what it said for an equal task on
  /// equal contents.
  func executed(_ task: ExecutionTask, on layers: [StateLayer], _ execute: () -> ExecutedBlock)
    -> ExecutedBlock
}

extension ReplicaState {
  public func executed(
    _ task: ExecutionTask,
    on layers: [StateLayer],
    _ execute: () -> ExecutedBlock
  ) -> ExecutedBlock {
    execute()
  }
}

/// What one block changed.
public struct StateLayer: Sendable {
  public let height: UInt64
  /// Sorted by key, each once.
  public let changes: [StateChange]
  public let pages: [(path: NibblePath, page: StateTreePage?)]
  /// After the block.
  public let stateRoot: Digest
  fileprivate let valueByKey: [[UInt8]: [UInt8]?]
  fileprivate let pageByPath: [NibblePath: StateTreePage?]

  init(height: UInt64, changes: [StateChange], tree: StateTreeUpdate) {
    self.height = height
    self.changes = changes
    pages = tree.pages
    stateRoot = tree.root
    valueByKey = Dictionary(changes.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    pageByPath = Dictionary(pages.map { ($0.path, $0.page) }, uniquingKeysWith: { $1 })
  }
}

/// Committed state with the blocks on top that are decided but not durable yet.
///
/// Execution goes on while the storage writes: a layer is dropped once its block is durable. A layer that the store
/// has taken over already does no harm: it holds the same values.
struct LayeredState<Base: ReplicaState>: StateReading, StateTreeReading {
  let base: Base
  /// Oldest first.
  private(set) var layers: [StateLayer] = []

  init(base: Base) {
    self.base = base
  }

  mutating func push(_ layer: StateLayer) {
    layers.append(layer)
  }

  mutating func drop(through height: UInt64) {
    layers.removeAll { $0.height <= height }
  }

  /// What `task` makes of this state.
  func executed(_ task: ExecutionTask, _ execute: () -> ExecutedBlock) -> ExecutedBlock {
    base.executed(task, on: layers, execute)
  }

  func value(for key: [UInt8]) -> [UInt8]? {
    for layer in layers.reversed() {
      if let value = layer.valueByKey[key] { return value }
    }
    return base.value(for: key)
  }

  func page(at path: NibblePath) -> StateTreePage? {
    for layer in layers.reversed() {
      if let page = layer.pageByPath[path] { return page }
    }
    return base.page(at: path)
  }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    guard !layers.isEmpty else { return base.entries(from: from, to: to, limit: limit) }
    let own = layeredKeys(from: from, to: to)
    guard !own.isEmpty else { return base.entries(from: from, to: to, limit: limit) }
    // Every key of the layers can hide one entry of the base.
    let below = base.entries(from: from, to: to, limit: limit + own.count)
    var merged: [(key: [UInt8], value: [UInt8])] = []
    var next = own.startIndex
    func takeLayered() {
      if let value = value(for: own[next]) { merged.append((own[next], value)) }
      next += 1
    }
    for entry in below {
      while next < own.endIndex, KeyOrder.precedes(own[next], entry.key) { takeLayered() }
      if next < own.endIndex, own[next] == entry.key { takeLayered() } else { merged.append(entry) }
      if merged.count >= limit { return Array(merged.prefix(limit)) }
    }
    while next < own.endIndex, merged.count < limit { takeLayered() }
    return merged
  }

  /// The layers' keys in the range, sorted, each once.
  private func layeredKeys(from: [UInt8], to: [UInt8]) -> [[UInt8]] {
    var keys: [[UInt8]] = []
    for layer in layers {
      let start = layer.changes.partitioningIndex { !KeyOrder.precedes($0.key, from) }
      let end = layer.changes.partitioningIndex { !KeyOrder.precedes($0.key, to) }
      if start < end { keys.append(contentsOf: layer.changes[start..<end].map(\.key)) }
    }
    guard layers.count > 1 else { return keys }
    keys.sort(by: KeyOrder.precedes)
    return keys.reduce(into: []) { unique, key in
      if unique.last != key { unique.append(key) }
    }
  }
}

extension Array {
  /// The first index whose element belongs to the second part of a partitioned array.
  fileprivate func partitioningIndex(where isSecond: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
