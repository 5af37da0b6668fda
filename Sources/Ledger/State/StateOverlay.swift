/// Uncommitted writes on top of a committed state, with checkpoints.
///
/// A failed transaction is rolled back to the checkpoint at its beginning. Entries that were read are kept,
/// so that a block reads each one once. It is a class because all handlers of a block share it; it does not
/// outlive the block.
final class StateOverlay: StateReading {
  /// A point to which writes can be rolled back.
  struct Checkpoint {
    fileprivate var journalCount: Int
  }

  private struct Entry {
    var value: [UInt8]?
    /// The value in the committed state.
    let committed: [UInt8]?
    /// Whether the block has written the entry. False when it was only read, or when its write was rolled
    /// back.
    var isWritten: Bool
  }

  private let base: any StateReading
  private var entries: [[UInt8]: Entry] = [:]
  private var journal: [(key: [UInt8], previous: Entry)] = []
  /// The written keys of each table, indexed by their first byte, the table's prefix. It keeps keys whose
  /// write was rolled back.
  private var written: [WrittenKeys]

  init(_ base: any StateReading) {
    self.base = base
    written = Array(repeating: WrittenKeys(), count: 256)
  }

  func value(for key: [UInt8]) -> [UInt8]? {
    if let entry = entries[key] { return entry.value }
    return load(key).value
  }

  /// Writes `value`, or removes the entry when it is nil.
  func set(_ key: [UInt8], to value: [UInt8]?) {
    let previous = entries[key] ?? load(key)
    journal.append((key, previous))
    if !previous.isWritten { written[Int(key.first ?? 0)].insert(key) }
    entries[key] = Entry(value: value, committed: previous.committed, isWritten: true)
  }

  private func load(_ key: [UInt8]) -> Entry {
    let value = base.value(for: key)
    let entry = Entry(value: value, committed: value, isWritten: false)
    entries[key] = entry
    return entry
  }

  func checkpoint() -> Checkpoint { Checkpoint(journalCount: journal.count) }

  /// Undoes every write since `checkpoint`.
  func rollBack(to checkpoint: Checkpoint) {
    while journal.count > checkpoint.journalCount, let (key, previous) = journal.popLast() {
      entries[key] = previous
    }
  }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    guard limit > 0, KeyOrder.precedes(from, to) else { return [] }
    var own = ownEntries(from: from, to: to)[...]
    var found: [(key: [UInt8], value: [UInt8])] = []
    var start = from
    var wanted = limit
    while found.count < limit {
      // The block may have removed or replaced entries of the committed state. So pages, each larger than the
      // one before, are read until there are enough entries.
      let page = base.entries(from: start, to: to, limit: wanted)
      merge(page, with: &own, limit: limit, into: &found)
      guard page.count == wanted, let last = page.last else { break }
      start = last.key + [0]
      wanted = min(wanted.multipliedReportingOverflow(by: 4).partialValue, max(256, limit - found.count))
    }
    while found.count < limit, let entry = own.popFirst() {
      if let value = entry.value { found.append((entry.key, value)) }
    }
    return found
  }

  /// All written entries whose value differs from the committed one, sorted by key.
  func changes() -> [StateChange] {
    var changes: [StateChange] = []
    for table in written.indices {
      for key in written[table].sorted() {
        guard let entry = entries[key], entry.isWritten, entry.value != entry.committed else { continue }
        changes.append(StateChange(key: key, value: entry.value))
      }
    }
    return changes
  }

  private func ownEntries(from: [UInt8], to: [UInt8]) -> [(key: [UInt8], value: [UInt8]?)] {
    var found: [(key: [UInt8], value: [UInt8]?)] = []
    for table in Int(from.first ?? 0)...Int(to.first ?? 0) {
      for key in written[table].range(from: from, to: to) {
        guard let entry = entries[key], entry.isWritten else { continue }
        found.append((key, entry.value))
      }
    }
    return found
  }

  private func merge(
    _ page: [(key: [UInt8], value: [UInt8])],
    with own: inout ArraySlice<(key: [UInt8], value: [UInt8]?)>,
    limit: Int,
    into found: inout [(key: [UInt8], value: [UInt8])]
  ) {
    for entry in page {
      while found.count < limit, let first = own.first, KeyOrder.precedes(first.key, entry.key) {
        own.removeFirst()
        if let value = first.value { found.append((first.key, value)) }
      }
      guard found.count < limit else { return }
      if let first = own.first, first.key == entry.key {
        own.removeFirst()
        if let value = first.value { found.append((first.key, value)) }
      } else {
        found.append(entry)
      }
    }
  }
}

/// The keys of one table that a block wrote. They are sorted only when the order is needed.
private struct WrittenKeys {
  private var keys: [[UInt8]] = []
  /// The keys before this index are sorted; the later ones are not yet.
  private var sortedCount = 0

  mutating func insert(_ key: [UInt8]) { keys.append(key) }

  mutating func sorted() -> [[UInt8]] {
    sort()
    return keys
  }

  mutating func range(from: [UInt8], to: [UInt8]) -> ArraySlice<[UInt8]> {
    sort()
    let start = lowerBound(from)
    let end = lowerBound(to)
    return start < end ? keys[start..<end] : []
  }

  private mutating func sort() {
    guard sortedCount < keys.count else { return }
    if keys.count - sortedCount <= 8 {
      let late = Array(keys[sortedCount...])
      keys.removeSubrange(sortedCount...)
      for key in late {
        let index = lowerBound(key)
        if index == keys.count || keys[index] != key { keys.insert(key, at: index) }
      }
    } else {
      keys.sort(by: KeyOrder.precedes)
      // A key is listed twice when its first write was rolled back and it was written again.
      keys = keys.reduce(into: []) { unique, key in
        if unique.last != key { unique.append(key) }
      }
    }
    sortedCount = keys.count
  }

  private func lowerBound(_ key: [UInt8]) -> Int { keys.partitionPoint { KeyOrder.precedes($0, key) } }
}
