extension NodeStore {
  /// Tables that a snapshot fills.
  public enum StagedTable: Hashable, Sendable {
    case state
    case tree

    var family: ColumnFamily {
      switch self {
      case .state: .state
      case .tree: .tree
      }
    }
  }

  /// Puts a part of a snapshot into a new store, before `initialize` makes it count. Not durable by itself; after a
  /// crash in between the store is new still, and `discardStaged` clears it for another attempt.
  public func stage(_ entries: [Entry], in table: StagedTable) throws(StorageError) {
    try exclusively { (progress) throws(StorageError) in
      try Self.checkNew(progress, database)
      var batch = try database.batch()
      for entry in entries { batch.put(entry.key, entry.value, in: table.family) }
      try database.write(batch, sync: false)
    }
  }

  /// Removes everything staged from a new store.
  public func discardStaged() throws(StorageError) {
    try exclusively { (progress) throws(StorageError) in
      try Self.checkNew(progress, database)
      var batch = try database.batch()
      for family in [ColumnFamily.state, .tree] {
        guard let last = try database.entries(in: family, reversed: true, limit: 1).first else { continue }
        batch.deleteRange(from: [], to: last.key, in: family)
        batch.delete(last.key, in: family)
      }
      try database.write(batch, sync: true)
    }
  }
}
