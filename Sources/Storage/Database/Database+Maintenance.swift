import CRocksDB

extension Database {
  /// What the database holds in memory, in bytes.
  public struct Memory: Hashable, Sendable {
    public var writeBuffers: UInt64
    public var blockCache: UInt64
    /// Indexes and filters that are not in the cache.
    public var tableReaders: UInt64
  }

  public func memory() throws(StorageError) -> Memory {
    let handle = try opened()
    func sum(_ property: String) -> UInt64 {
      ColumnFamily.allCases.reduce(0) { sum, family in
        var value: UInt64 = 0
        let status = rocksdb_property_int_cf(handle.pointer, handle[family], property, &value)
        return status == 0 ? sum &+ value : sum
      }
    }
    var cache: UInt64 = 0
    // The tables share one cache, so that any of them tells.
    _ = rocksdb_property_int_cf(handle.pointer, handle[.state], "rocksdb.block-cache-usage", &cache)
    return Memory(
      writeBuffers: sum("rocksdb.cur-size-all-mem-tables"),
      blockCache: cache,
      tableReaders: sum("rocksdb.estimate-table-readers-mem")
    )
  }

  /// About how many entries a table has; deleted and replaced ones may still count.
  public func estimatedCount(of family: ColumnFamily) throws(StorageError) -> UInt64 {
    let handle = try opened()
    var value: UInt64 = 0
    _ = rocksdb_property_int_cf(handle.pointer, handle[family], "rocksdb.estimate-num-keys", &value)
    return value
  }

  /// About how many bytes of files a table's range takes; unflushed writes do not count.
  public func approximateSize(of family: ColumnFamily, _ range: KeyRange = .all) throws(StorageError)
    -> UInt64
  {
    let handle = try opened()
    let lower = range.lower ?? []
    // No key of ours is as long as this one, or starts like it.
    let upper = range.upper ?? [UInt8](repeating: 0xff, count: 64)
    var size: UInt64 = 0
    try lower.withCharacters { (lowerStart, lowerCount) throws(StorageError) in
      try upper.withCharacters { (upperStart, upperCount) throws(StorageError) in
        var starts = [lowerStart]
        var limits = [upperStart]
        var startCounts = [lowerCount]
        var limitCounts = [upperCount]
        try checked(path) { error in
          rocksdb_approximate_sizes_cf(
            handle.pointer,
            handle[family],
            1,
            &starts,
            &startCounts,
            &limits,
            &limitCounts,
            &size,
            error
          )
        }
      }
    }
    return size
  }

  /// Writes what is in memory into table files.
  public func flush() throws(StorageError) {
    let handle = try opened()
    let options = rocksdb_flushoptions_create()
    defer { rocksdb_flushoptions_destroy(options) }
    rocksdb_flushoptions_set_wait(options, 1)
    for family in ColumnFamily.allCases {
      try checked(path) { error in rocksdb_flush_cf(handle.pointer, options, handle[family], error) }
    }
  }

  /// Makes everything written so far durable, also what was written without `sync`.
  public func sync() throws(StorageError) {
    let handle = try opened()
    try checked(path) { error in rocksdb_flush_wal(handle.pointer, 1, error) }
  }

  /// Rewrites a range so that what was deleted frees its space. Takes as long as reading and writing it.
  public func compact(_ family: ColumnFamily, _ range: KeyRange = .all) throws(StorageError) {
    let handle = try opened()
    (range.lower ?? []).withCharacters { lowerStart, lowerCount in
      (range.upper ?? []).withCharacters { upperStart, upperCount in
        rocksdb_compact_range_cf(
          handle.pointer,
          handle[family],
          range.lower == nil ? nil : lowerStart,
          lowerCount,
          range.upper == nil ? nil : upperStart,
          upperCount
        )
      }
    }
  }

  /// Makes a second database in `folder` (which must not exist) with the present contents, sharing files where
  /// the file system allows. The signing guard is not in it: see `SignerGuard`.
  public func checkpoint(to folder: String) throws(StorageError) {
    let handle = try opened()
    let checkpoint = try checked(path) { error in rocksdb_checkpoint_object_create(handle.pointer, error) }
    defer { rocksdb_checkpoint_object_destroy(checkpoint) }
    // Zero: flush first, so that the copy needs no log.
    try checked(folder) { error in rocksdb_checkpoint_create(checkpoint, folder, 0, error) }
  }
}
