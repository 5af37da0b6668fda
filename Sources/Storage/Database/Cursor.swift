import CRocksDB

/// A key and its value.
public struct Entry: Hashable, Sendable {
  public var key: [UInt8]
  public var value: [UInt8]

  public init(key: [UInt8], value: [UInt8]) {
    self.key = key
    self.value = value
  }
}

/// The keys from `lower` to before `upper`, compared bytewise; a bound that is nil is open.
public struct KeyRange: Hashable, Sendable {
  public var lower: [UInt8]?
  public var upper: [UInt8]?

  public init(from lower: [UInt8]?, to upper: [UInt8]?) {
    self.lower = lower
    self.upper = upper
  }

  public static let all = KeyRange(from: nil, to: nil)

  /// All keys that start with `prefix`.
  public static func prefix(_ prefix: [UInt8]) -> KeyRange {
    var upper = prefix
    while let last = upper.popLast() {
      if last < 0xff {
        upper.append(last + 1)
        return KeyRange(from: prefix, to: upper)
      }
    }
    return KeyRange(from: prefix, to: nil)
  }
}

/// A frozen view of the database. While it exists the database keeps old versions on disk, so release it
/// soon.
///
/// It is Sendable because its properties are constants: any thread may use a RocksDB snapshot and read
/// options that no longer change. They are released in `deinit`.
public final class Snapshot: @unchecked Sendable {
  private let handle: DatabaseHandle
  let pointer: OpaquePointer?
  let reading: OpaquePointer?

  init(_ handle: DatabaseHandle) {
    self.handle = handle
    pointer = rocksdb_create_snapshot(handle.pointer)
    reading = rocksdb_readoptions_create()
    rocksdb_readoptions_set_snapshot(reading, pointer)
  }

  deinit {
    rocksdb_readoptions_destroy(reading)
    rocksdb_release_snapshot(handle.pointer, pointer)
  }

  func check(belongsTo other: DatabaseHandle) throws(StorageError) {
    guard handle === other else {
      throw .misuse(path: other.path, detail: "the snapshot was made of another database")
    }
  }
}

/// An iterator over a range of keys. It sees the database as it was when its snapshot was made, or, without a
/// snapshot, when the cursor was made.
///
/// It is Sendable because it has one owner, and any thread may use a RocksDB iterator if one at a time does.
public struct Cursor: ~Copyable, @unchecked Sendable {
  private let handle: DatabaseHandle
  private let snapshot: Snapshot?
  private let options: OpaquePointer?
  private let iterator: OpaquePointer?
  /// The bytes of the bounds. RocksDB keeps pointers to them, so they live as long as the cursor.
  private let bounds: [UnsafeMutablePointer<CChar>]
  private let isReversed: Bool
  private var place = Place.before

  private enum Place { case before, within, after }

  init(
    _ handle: DatabaseHandle,
    _ family: ColumnFamily,
    _ range: KeyRange,
    reversed: Bool,
    snapshot: Snapshot?,
    fillsCache: Bool
  ) {
    self.handle = handle
    self.snapshot = snapshot
    isReversed = reversed
    options = rocksdb_readoptions_create()
    rocksdb_readoptions_set_fill_cache(options, fillsCache ? 1 : 0)
    if let snapshot { rocksdb_readoptions_set_snapshot(options, snapshot.pointer) }
    var bounds: [UnsafeMutablePointer<CChar>] = []
    if let lower = range.lower {
      bounds.append(Self.copy(lower))
      rocksdb_readoptions_set_iterate_lower_bound(options, bounds.last, lower.count)
    }
    if let upper = range.upper {
      bounds.append(Self.copy(upper))
      rocksdb_readoptions_set_iterate_upper_bound(options, bounds.last, upper.count)
    }
    self.bounds = bounds
    iterator = rocksdb_create_iterator_cf(handle.pointer, options, handle[family])
  }

  deinit {
    rocksdb_iter_destroy(iterator)
    rocksdb_readoptions_destroy(options)
    for bound in bounds { bound.deallocate() }
  }

  private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: max(bytes.count, 1))
    for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
    return copy
  }

  /// The next entry; nil after the last one.
  public mutating func next() throws(StorageError) -> Entry? {
    try next { key, value in
      Entry(key: key.withUnsafeBytes { Array($0) }, value: value.withUnsafeBytes { Array($0) })
    }
  }

  /// Calls `body` with the next entry's bytes, without copying them; returns nil after the last entry.
  public mutating func next<Value>(
    _ body: (_ key: RawSpan, _ value: RawSpan) throws(StorageError) -> Value
  ) throws(StorageError) -> Value? {
    switch (place, isReversed) {
    case (.before, false): rocksdb_iter_seek_to_first(iterator)
    case (.before, true): rocksdb_iter_seek_to_last(iterator)
    case (.within, false): rocksdb_iter_next(iterator)
    case (.within, true): rocksdb_iter_prev(iterator)
    // RocksDB does not define the effect of moving an iterator that is not valid.
    case (.after, _): return nil
    }
    place = .within
    guard rocksdb_iter_valid(iterator) != 0 else {
      place = .after
      // An iterator is not valid at the end and after a failure.
      try checked(handle.path) { error in rocksdb_iter_get_error(iterator, error) }
      return nil
    }
    var keyCount = 0
    var valueCount = 0
    let key = rocksdb_iter_key(iterator, &keyCount)
    let value = rocksdb_iter_value(iterator, &valueCount)
    return try body(
      UnsafeRawBufferPointer(start: key, count: keyCount).bytes,
      UnsafeRawBufferPointer(start: value, count: valueCount).bytes
    )
  }
}
