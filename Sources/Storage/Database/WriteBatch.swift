import CRocksDB

/// Changes that are applied together, in the order in which they were added.
///
/// It is Sendable because it has one owner, and any thread may use a RocksDB batch if one at a time does.
public struct WriteBatch: ~Copyable, @unchecked Sendable {
  let handle: DatabaseHandle
  let pointer: OpaquePointer?

  init(_ handle: DatabaseHandle) {
    self.handle = handle
    pointer = rocksdb_writebatch_create()
  }

  deinit { rocksdb_writebatch_destroy(pointer) }

  public mutating func put(_ key: [UInt8], _ value: [UInt8], in family: ColumnFamily) {
    key.withCharacters { keyStart, keyCount in
      value.withCharacters { valueStart, valueCount in
        rocksdb_writebatch_put_cf(pointer, handle[family], keyStart, keyCount, valueStart, valueCount)
      }
    }
  }

  public mutating func delete(_ key: [UInt8], in family: ColumnFamily) {
    key.withCharacters { start, count in rocksdb_writebatch_delete_cf(pointer, handle[family], start, count) }
  }

  /// Puts the value, or deletes the key when `value` is nil.
  public mutating func set(_ key: [UInt8], _ value: [UInt8]?, in family: ColumnFamily) {
    if let value { put(key, value, in: family) } else { delete(key, in: family) }
  }

  /// Deletes the keys from `lower` to before `upper`. This is cheap to write but slows reads of nearby keys
  /// until it is compacted, so delete a few keys one by one.
  public mutating func deleteRange(from lower: [UInt8], to upper: [UInt8], in family: ColumnFamily) {
    lower.withCharacters { lowerStart, lowerCount in
      upper.withCharacters { upperStart, upperCount in
        rocksdb_writebatch_delete_range_cf(
          pointer,
          handle[family],
          lowerStart,
          lowerCount,
          upperStart,
          upperCount
        )
      }
    }
  }
}
