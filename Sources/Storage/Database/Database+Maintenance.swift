import CRocksDB

extension Database {
  /// About how many bytes of files the keys of `range` take; writes that are still in memory do not count.
  public func approximateSize(of family: ColumnFamily, _ range: KeyRange = .all) throws(StorageError)
    -> UInt64
  {
    let handle = try opened()
    let lower = range.lower ?? []
    // This is above all keys of the store: they are shorter, and none begins with 64 bytes of 0xff.
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

  /// Writes the changes that are in memory into table files, and waits for it.
  public func flush() throws(StorageError) {
    let handle = try opened()
    let options = rocksdb_flushoptions_create()
    defer { rocksdb_flushoptions_destroy(options) }
    rocksdb_flushoptions_set_wait(options, 1)
    for family in ColumnFamily.allCases {
      try checked(path) { error in rocksdb_flush_cf(handle.pointer, options, handle[family], error) }
    }
  }
}
