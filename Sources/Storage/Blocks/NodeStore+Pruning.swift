import Primitives

extension NodeStore {
  /// From this many heights on a range deletion is cheaper than one deletion for each.
  private static let rangeThreshold: UInt64 = 64

  /// Adds the deletions that `commit` asks for to its batch; returns the lowest height left.
  func prune(
    from lowest: UInt64,
    for commit: BlockCommit,
    in batch: inout WriteBatch
  ) throws(StorageError) -> UInt64 {
    // The newest block always stays. `lowest` grows by a bounded step, so a commit's work is bounded too.
    let wanted = min(commit.pruneBelow ?? 0, commit.height)
    guard wanted > lowest else { return lowest }
    let end = wanted - lowest > Self.pruningStep ? lowest + Self.pruningStep : wanted
    try deleteTransactions(from: lowest, to: end, in: &batch)
    for family in [ColumnFamily.bodies, .receipts] {
      Self.delete(family, from: lowest, to: end, in: &batch)
    }
    var start = lowest
    for kept in commit.keptHeights.filter({ $0 >= lowest && $0 < end }).sorted() + [end] {
      Self.delete(.headers, from: start, to: kept, in: &batch)
      Self.delete(.certificates, from: start, to: kept, in: &batch)
      start = kept + 1
    }
    batch.put(StoreKeys.Meta.lowest.key, StoreKeys.height(end), in: .meta)
    return end
  }

  private static func delete(
    _ family: ColumnFamily,
    from start: UInt64,
    to end: UInt64,
    in batch: inout WriteBatch
  ) {
    guard start < end else { return }
    if end - start >= rangeThreshold {
      batch.deleteRange(from: StoreKeys.height(start), to: StoreKeys.height(end), in: family)
    } else {
      for height in start..<end { batch.delete(StoreKeys.height(height), in: family) }
    }
  }

  /// Deletes the transactions that the heights' lists name, and the lists.
  private func deleteTransactions(
    from start: UInt64,
    to end: UInt64,
    in batch: inout WriteBatch
  ) throws(StorageError) {
    let range = KeyRange(from: StoreKeys.itemList(start), to: StoreKeys.itemList(end))
    var lists = try database.cursor(in: .transactions, range, fillsCache: false)
    while let list = try lists.next() {
      let items = try decoded(.transactions) { () throws(DecodingError) in
        try StoreKeys.decode(list: list.value)
      }
      for item in items { batch.delete(StoreKeys.item(item), in: .transactions) }
      batch.delete(list.key, in: .transactions)
    }
  }

  func decoded<Value>(
    _ family: ColumnFamily,
    _ body: () throws(DecodingError) -> Value
  ) throws(StorageError) -> Value {
    do throws(DecodingError) {
      return try body()
    } catch {
      throw .corrupt(path: database.path, detail: "an entry of \(family.name) does not decode: \(error)")
    }
  }
}
