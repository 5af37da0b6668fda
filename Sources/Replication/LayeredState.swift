public import Cryptography
public import Ledger
import Primitives

/// What a replica reads committed state from: entries, and the pages of their authenticated tree.
public protocol ReplicaState: StateReading, StateTreeReading, Sendable {}

/// Committed state with the blocks on top that are decided but not durable yet.
///
/// Execution goes on while the storage writes: a layer is dropped once its block is durable. A layer that the store
/// has taken over already does no harm: it holds the same values.
struct LayeredState<Base: ReplicaState>: StateReading, StateTreeReading {
  struct Layer: Sendable {
    let height: UInt64
    let values: [[UInt8]: [UInt8]?]
    /// Sorted.
    let keys: [[UInt8]]
    let pages: [NibblePath: StateTreePage?]

    init(height: UInt64, changes: [StateChange], pages: [(path: NibblePath, page: StateTreePage?)]) {
      self.height = height
      values = Dictionary(changes.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
      keys = changes.map(\.key)
      self.pages = Dictionary(pages.map { ($0.path, $0.page) }, uniquingKeysWith: { $1 })
    }
  }

  let base: Base
  /// Oldest first.
  private(set) var layers: [Layer] = []

  init(base: Base) {
    self.base = base
  }

  mutating func push(_ layer: Layer) {
    layers.append(layer)
  }

  mutating func drop(through height: UInt64) {
    layers.removeAll { $0.height <= height }
  }

  func value(for key: [UInt8]) -> [UInt8]? {
    for layer in layers.reversed() {
      if let value = layer.values[key] { return value }
    }
    return base.value(for: key)
  }

  func page(at path: NibblePath) -> StateTreePage? {
    for layer in layers.reversed() {
      if let page = layer.pages[path] { return page }
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
      let start = layer.keys.partitioningIndex { !KeyOrder.precedes($0, from) }
      let end = layer.keys.partitioningIndex { !KeyOrder.precedes($0, to) }
      if start < end { keys.append(contentsOf: layer.keys[start..<end]) }
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
