import Cryptography
import Primitives

/// What `StateTree` must be, computed the slow way from all entries at once.
struct NaiveStateTree {
  private(set) var root = Digest.zero
  /// The paths at which there must be pages.
  private(set) var paths: Set<NibblePath> = []

  init(_ entries: [Digest: Digest]) {
    let sorted = entries.sorted { $0.key < $1.key }
    if !sorted.isEmpty { root = page(sorted[...], at: .root) }
  }

  private mutating func page(_ entries: ArraySlice<(key: Digest, value: Digest)>, at path: NibblePath)
    -> Digest
  {
    paths.insert(path)
    var level: [Digest] = []
    for nibble in 0..<16 {
      let child = path.appending(nibble)
      let below = entries.filter { child.isPrefix(of: $0.key) }
      switch below.count {
      case 0: level.append(.zero)
      case 1: level.append(.blake2b([2] + below[0].key.bytes + below[0].value.bytes))
      default: level.append(page(below[...], at: child))
      }
    }
    while level.count > 1 {
      var parents: [Digest] = []
      for index in stride(from: 0, to: level.count, by: 2) {
        let (left, right) = (level[index], level[index + 1])
        let isEmpty = left == .zero && right == .zero
        parents.append(isEmpty ? .zero : .blake2b([3] + left.bytes + right.bytes))
      }
      level = parents
    }
    return level[0]
  }
}

/// A tree under test: its pages, and its entries beside them.
struct StateTreeModel {
  var pages: [NibblePath: StateTreePage] = [:]
  var root = StateTree.emptyRoot
  var entries: [Digest: Digest] = [:]

  mutating func apply(_ changes: [StateTreeChange]) throws {
    let update = try StateTree.apply(changes, to: pages, root: root)
    root = update.root
    for (path, page) in update.pages { pages[path] = page }
    for change in changes { entries[change.key] = change.value }
  }

  /// Up to `limit` changes of new, changed and removed entries.
  mutating func randomChanges(
    limit: UInt64,
    crowded: Bool,
    _ generator: inout SeededGenerator
  ) -> [StateTreeChange] {
    let present = entries.keys.sorted()
    var changes: [Digest: StateTreeChange] = [:]
    for _ in 0..<generator.next(below: limit) + 1 {
      let kind = generator.next(below: 10)
      let isKnown = kind < 6 && !present.isEmpty
      let key =
        isKnown
        ? present[Int(generator.next(below: UInt64(present.count)))]
        : crowded ? generator.crowdedDigest() : generator.digest()
      changes[key] = StateTreeChange(key: key, value: kind < 4 ? nil : generator.digest())
    }
    return generator.shuffled(changes.values.sorted { $0.key < $1.key })
  }
}

extension SeededGenerator {
  mutating func digest() -> Digest {
    Digest(bytes(32))!
  }

  /// A digest that shares long beginnings with others: its nibbles are mostly zero.
  mutating func crowdedDigest() -> Digest {
    var raw = [UInt8](repeating: 0, count: 32)
    for index in [0, 1, 2, 15, 16, 31] where chance(partsPerMillion: 400_000) {
      raw[index] = [1, 0x10, 0x11][Int(next(below: 3))]
    }
    return Digest(raw)!
  }

  mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var elements = elements
    for index in elements.indices.dropFirst() {
      elements.swapAt(index, Int(next(below: UInt64(index) + 1)))
    }
    return elements
  }
}

extension StateTree {
  static func prove(key: [UInt8], in reader: some StateTreeReading, root: Digest) throws(StateTreeError)
    -> StateTreeProof
  { try prove(key: keyDigest(key), in: reader, root: root) }
}
