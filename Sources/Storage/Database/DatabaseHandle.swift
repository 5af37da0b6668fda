import CRocksDB
import Glibc

/// Runs a RocksDB call that reports its failure as a text through a pointer, and throws that text.
func checked<Value>(
  _ path: String,
  _ call: (_ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
) throws(StorageError) -> Value {
  var message: UnsafeMutablePointer<CChar>?
  let value = call(&message)
  guard let message else { return value }
  defer { rocksdb_free(message) }
  throw StorageError(message: String(cString: message), path: path)
}

/// The open database's pointers. Cursors, snapshots and batches hold a reference to it, so it outlives them.
///
/// It is Sendable because every property is a constant and points to the database, its column families or
/// option objects that no longer change. RocksDB documents all of them as safe for concurrent use. They are
/// destroyed in `deinit`, when no thread has a reference any more.
final class DatabaseHandle: @unchecked Sendable {
  let path: String
  let pointer: OpaquePointer
  let reading: OpaquePointer?
  let writing: OpaquePointer?
  let syncing: OpaquePointer?
  private let families: [OpaquePointer]
  private let defaultFamily: OpaquePointer

  init(path: String, options: DatabaseOptions) throws(StorageError) {
    let rocks = options.makeOptions()
    defer { rocksdb_options_destroy(rocks) }
    let known = ["default"] + ColumnFamily.allCases.map(\.name)
    // RocksDB opens a database only when all its column families are named.
    let names = known + (try Self.retiredFamilies(path, rocks))
    let texts = names.map { UnsafePointer<CChar>(strdup($0)) }
    defer { for text in texts { free(UnsafeMutablePointer(mutating: text)) } }
    let each = [OpaquePointer?](repeating: rocks, count: names.count)
    var handles = [OpaquePointer?](repeating: nil, count: names.count)
    let opened = try checked(path) { error in
      rocksdb_open_column_families(rocks, path, Int32(names.count), texts, each, &handles, error)
    }
    let all = handles.compactMap(\.self)
    guard let opened, all.count == names.count else {
      throw .failed(path: path, detail: "RocksDB opened nothing and gave no reason")
    }
    self.path = path
    pointer = opened
    defaultFamily = all[0]
    families = Array(all[1..<known.count])
    reading = rocksdb_readoptions_create()
    writing = rocksdb_writeoptions_create()
    syncing = rocksdb_writeoptions_create()
    rocksdb_writeoptions_set_sync(syncing, 1)
    try drop(all.dropFirst(known.count))
  }

  /// Deletes the families `retired` and destroys their handles.
  private func drop(_ retired: ArraySlice<OpaquePointer>) throws(StorageError) {
    defer { for family in retired { rocksdb_column_family_handle_destroy(family) } }
    for family in retired {
      try checked(path) { error in rocksdb_drop_column_family(pointer, family, error) }
    }
  }

  deinit {
    // RocksDB requires that column family handles are destroyed before the database is closed.
    for family in families { rocksdb_column_family_handle_destroy(family) }
    rocksdb_column_family_handle_destroy(defaultFamily)
    rocksdb_close(pointer)
    rocksdb_readoptions_destroy(reading)
    rocksdb_writeoptions_destroy(writing)
    rocksdb_writeoptions_destroy(syncing)
  }

  subscript(_ family: ColumnFamily) -> OpaquePointer { families[family.rawValue] }

  /// The families of `ColumnFamily.retired` that the database still has. Throws `.unsupported` when it has an
  /// unknown family: a later version made that, and it would become inconsistent with tables that this
  /// version writes.
  private static func retiredFamilies(
    _ path: String,
    _ options: OpaquePointer?
  ) throws(StorageError) -> [String] {
    guard access(path + "/CURRENT", F_OK) == 0 else { return [] }
    var count = 0
    let list = try checked(path) { error in rocksdb_list_column_families(options, path, &count, error) }
    guard let list else { return [] }
    defer { rocksdb_list_column_families_destroy(list, count) }
    let known = Set(["default"] + ColumnFamily.allCases.map(\.name))
    var retired: [String] = []
    for index in 0..<count {
      guard let text = list[index] else { continue }
      let name = String(cString: text)
      if ColumnFamily.retired.contains(name) {
        retired.append(name)
      } else if !known.contains(name) {
        throw .unsupported(path: path, detail: "it has a table “\(name)” that this version does not know")
      }
    }
    return retired
  }
}

extension [UInt8] {
  /// The bytes as C's `(const char *, size_t)`, valid during `body` only.
  func withCharacters<Value, Failure: Error>(
    _ body: (UnsafePointer<CChar>?, Int) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try withUnsafeBufferPointer { (buffer) throws(Failure) -> Value in
      let raw = UnsafeRawPointer(buffer.baseAddress)
      return try body(raw?.assumingMemoryBound(to: CChar.self), buffer.count)
    }
  }

  /// A copy of C's `(const char *, size_t)`.
  init(characters: UnsafePointer<CChar>?, count: Int) {
    self.init(UnsafeRawBufferPointer(start: characters, count: count))
  }
}
