import CRocksDB
import Synchronization

/// A RocksDB database with the tables of `ColumnFamily`. It is safe for concurrent use; every call may block
/// on the disk.
///
/// The database closes when the last reference is gone: its own, which `close` releases, and those of its
/// snapshots, cursors and batches.
public final class Database: Sendable {
  public let path: String
  private let handle: Mutex<DatabaseHandle?>

  /// Opens the database in the folder `path`; makes it if it is missing and the options allow that.
  ///
  /// Throws `.locked` when another process has opened it, `.corrupt` when files or the write-ahead log are
  /// damaged, `.unsupported` when a later version wrote it.
  public init(path: String, options: DatabaseOptions = DatabaseOptions()) throws(StorageError) {
    if options.createsIfMissing { try Folder.create(path) }
    self.path = path
    handle = Mutex(try DatabaseHandle(path: path, options: options))
  }

  /// Releases the database. Returns false when a snapshot, cursor, batch or a call of another thread still
  /// holds it; the files and their lock are then released when that ends. Closing twice is harmless.
  @discardableResult
  public func close() -> Bool {
    var taken = handle.withLock { $0.take() }
    return taken == nil || isKnownUniquelyReferenced(&taken)
  }

  func opened() throws(StorageError) -> DatabaseHandle {
    guard let held = handle.withLock({ $0 }) else { throw .closed(path: path) }
    return held
  }

  // MARK: Reading

  /// The value of `key`, as of `snapshot` or now; nil when there is none.
  public func get(
    _ key: [UInt8],
    in family: ColumnFamily,
    at snapshot: Snapshot? = nil
  ) throws(StorageError) -> [UInt8]? {
    try read(key, in: family, at: snapshot) { bytes in bytes.withUnsafeBytes { Array($0) } }
  }

  /// Calls `body` with the bytes of the value of `key`, without copying them; returns nil when there is none.
  /// The value stays in the cache while `body` runs, so `body` should be short.
  public func read<Value>(
    _ key: [UInt8],
    in family: ColumnFamily,
    at snapshot: Snapshot? = nil,
    _ body: (RawSpan) throws(StorageError) -> Value
  ) throws(StorageError) -> Value? {
    let handle = try opened()
    try snapshot?.check(belongsTo: handle)
    let options = snapshot?.reading ?? handle.reading
    let slice = try key.withCharacters { (start, count) throws(StorageError) in
      try checked(path) { error in
        rocksdb_get_pinned_cf(handle.pointer, options, handle[family], start, count, error)
      }
    }
    guard let slice else { return nil }
    defer { rocksdb_pinnableslice_destroy(slice) }
    var count = 0
    let start = rocksdb_pinnableslice_value(slice, &count)
    return try body(UnsafeRawBufferPointer(start: start, count: count).bytes)
  }

  public func contains(_ key: [UInt8], in family: ColumnFamily) throws(StorageError) -> Bool {
    try read(key, in: family) { _ in true } ?? false
  }

  public func snapshot() throws(StorageError) -> Snapshot { try Snapshot(opened()) }

  /// A cursor over `range` in the order of keys, or from the last key to the first when `reversed`. With
  /// `fillsCache` false, blocks that it reads do not displace others from the cache.
  public func cursor(
    in family: ColumnFamily,
    _ range: KeyRange = .all,
    reversed: Bool = false,
    at snapshot: Snapshot? = nil,
    fillsCache: Bool = true
  ) throws(StorageError) -> Cursor {
    let handle = try opened()
    try snapshot?.check(belongsTo: handle)
    return Cursor(handle, family, range, reversed: reversed, snapshot: snapshot, fillsCache: fillsCache)
  }

  /// At most `limit` entries of `range`.
  public func entries(
    in family: ColumnFamily,
    _ range: KeyRange = .all,
    reversed: Bool = false,
    limit: Int,
    at snapshot: Snapshot? = nil
  ) throws(StorageError) -> [Entry] {
    var cursor = try cursor(in: family, range, reversed: reversed, at: snapshot)
    var entries: [Entry] = []
    while entries.count < limit, let entry = try cursor.next() { entries.append(entry) }
    return entries
  }

  // MARK: Writing

  public func batch() throws(StorageError) -> WriteBatch { try WriteBatch(opened()) }

  /// Applies the batch, wholly or not at all. With `sync` it is on disk when the call returns; without, it
  /// survives the end of the process but not of the machine.
  public func write(_ batch: consuming WriteBatch, sync: Bool) throws(StorageError) {
    let handle = try opened()
    guard batch.handle === handle else {
      throw .misuse(path: path, detail: "the batch was made for another database")
    }
    try checked(path) { error in
      rocksdb_write(handle.pointer, sync ? handle.syncing : handle.writing, batch.pointer, error)
    }
  }

  // MARK: Maintenance

  /// About how many bytes of files the table takes; writes that are still in memory do not count.
  public func approximateSize(of family: ColumnFamily) throws(StorageError) -> UInt64 {
    let handle = try opened()
    let lower: [UInt8] = []
    // This is above all keys of the store: they are shorter, and none begins with 64 bytes of 0xff.
    let upper = [UInt8](repeating: 0xff, count: 64)
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
