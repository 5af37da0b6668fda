public import Cryptography
public import Ledger
import Primitives

/// The store from which a replica reads the committed state: its entries and the pages of its authenticated
/// tree.
public protocol ReplicaState: StateReading, StateTreeReading, Sendable {
  /// The result of executing `task` on this state with `layers` on top. An implementation calls `execute`, or
  /// returns an earlier result for an equal task on an equal state.
  func executed(_ task: ExecutionTask, on layers: [StateLayer], _ execute: () -> ExecutedBlock)
    -> ExecutedBlock
}

extension ReplicaState {
  /// The default implementation, which calls `execute` every time.
  public func executed(_ task: ExecutionTask, on layers: [StateLayer], _ execute: () -> ExecutedBlock)
    -> ExecutedBlock
  { execute() }
}

/// The changes that one block made to the state.
public struct StateLayer: Sendable {
  public let height: UInt64
  /// Sorted by key; each key occurs once.
  public let changes: [StateChange]
  /// The changed pages of the state tree; nil for a removed page.
  public let pages: [(path: NibblePath, page: StateTreePage?)]
  /// The root of the state tree after the block.
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

/// The state in the store, and on top of it the changes of blocks that are decided but not yet durable.
///
/// Therefore execution does not wait for the disk. A layer is dropped once its block is durable. Until then
/// the store may already contain its changes; this is harmless, since the values are equal.
struct LayeredState<Base: ReplicaState>: StateReading, StateTreeReading {
  let base: Base
  /// The layers, oldest first.
  private(set) var layers: [StateLayer] = []

  mutating func push(_ layer: StateLayer) { layers.append(layer) }

  mutating func drop(through height: UInt64) { layers.removeAll { $0.height <= height } }

  /// The result of executing `task` on this state; see `ReplicaState.executed`.
  func executed(_ task: ExecutionTask, _ execute: () -> ExecutedBlock) -> ExecutedBlock {
    base.executed(task, on: layers, execute)
  }

  func value(for key: [UInt8]) -> [UInt8]? {
    for layer in layers.reversed() { if let value = layer.valueByKey[key] { return value } }
    return base.value(for: key)
  }

  func page(at path: NibblePath) -> StateTreePage? {
    for layer in layers.reversed() { if let page = layer.pageByPath[path] { return page } }
    return base.page(at: path)
  }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    guard !layers.isEmpty else { return base.entries(from: from, to: to, limit: limit) }
    let own = layeredKeys(from: from, to: to)
    guard !own.isEmpty else { return base.entries(from: from, to: to, limit: limit) }
    // Each key of the layers can replace or delete one entry of the base, so `own.count` more entries are
    // read.
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

  /// The keys of the layers in the range, sorted, each once.
  private func layeredKeys(from: [UInt8], to: [UInt8]) -> [[UInt8]] {
    var keys: [[UInt8]] = []
    for layer in layers {
      let start = layer.changes.partitioningIndex { !KeyOrder.precedes($0.key, from) }
      let end = layer.changes.partitioningIndex { !KeyOrder.precedes($0.key, to) }
      if start < end { keys.append(contentsOf: layer.changes[start..<end].map(\.key)) }
    }
    guard layers.count > 1 else { return keys }
    keys.sort(by: KeyOrder.precedes)
    return keys.reduce(into: []) { unique, key in if unique.last != key { unique.append(key) } }
  }
}
