extension NodeStore {
  /// Puts a part of a snapshot into a store that has no origin yet: neither a genesis nor a whole snapshot with
  /// which its chain begins. `marks` are entries by which the caller later recognises the stored parts
  /// (`stagedMarks`). The part is written wholly or not at all, without a sync. A crash may lose the parts of
  /// the last calls, but never a part before one that is kept.
  public func stage(state: [Entry], tree: [Entry], marks: [Entry]) throws(StorageError) {
    try withWriter { (progress) throws(StorageError) in
      try Self.checkNew(progress, database)
      var batch = try database.batch()
      for entry in state { batch.put(entry.key, entry.value, in: .state) }
      for entry in tree { batch.put(entry.key, entry.value, in: .tree) }
      for mark in marks { batch.put(StoreKeys.staged(mark.key), mark.value, in: .meta) }
      try database.write(batch, sync: false)
    }
  }

  /// The marks of the staged parts, sorted by key; empty in a store that has an origin.
  public func stagedMarks() throws(StorageError) -> [Entry] {
    let range = KeyRange.prefix(StoreKeys.stagedPrefix)
    return try database.entries(in: .meta, range, limit: .max).map {
      Entry(key: Array($0.key.dropFirst(StoreKeys.stagedPrefix.count)), value: $0.value)
    }
  }

  /// Removes everything that was staged. Throws `.misuse` when the store has an origin.
  public func discardStaged() throws(StorageError) {
    try withWriter { (progress) throws(StorageError) in
      try Self.checkNew(progress, database)
      var batch = try database.batch()
      for family in [ColumnFamily.state, .tree] {
        guard let last = try database.entries(in: family, reversed: true, limit: 1).first else { continue }
        batch.deleteRange(from: [], to: last.key, in: family)
        batch.delete(last.key, in: family)
      }
      Self.deleteStagingMarks(in: &batch)
      try database.write(batch, sync: true)
    }
  }

  static func deleteStagingMarks(in batch: inout WriteBatch) {
    let range = KeyRange.prefix(StoreKeys.stagedPrefix)
    if let lower = range.lower, let upper = range.upper {
      batch.deleteRange(from: lower, to: upper, in: .meta)
    }
  }

  /// Whether a database without a schema version contains nothing but staged parts.
  static func isUntouched(_ database: Database) throws(StorageError) -> Bool {
    for reversed in [false, true] {
      let entry = try database.entries(in: .meta, reversed: reversed, limit: 1).first
      if let entry, !entry.key.starts(with: StoreKeys.stagedPrefix) { return false }
    }
    return true
  }
}
