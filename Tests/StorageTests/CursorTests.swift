import CRocksDB
import Glibc
import Testing

@testable import Storage

/// Makes a table that this version does not know.
func addTable(_ name: String, to path: String) throws {
  let options = rocksdb_options_create()
  defer { rocksdb_options_destroy(options) }
  let known = ["default"] + ColumnFamily.allCases.map(\.name)
  let texts = known.map { UnsafePointer<CChar>(strdup($0)) }
  defer { for text in texts { free(UnsafeMutablePointer(mutating: text)) } }
  var handles = [OpaquePointer?](repeating: nil, count: known.count)
  let each = [OpaquePointer?](repeating: options, count: known.count)
  let database = try checked(path) { error in
    rocksdb_open_column_families(options, path, Int32(known.count), texts, each, &handles, error)
  }
  let added = try checked(path) { error in rocksdb_create_column_family(database, options, name, error) }
  for handle in handles + [added] { rocksdb_column_family_handle_destroy(handle) }
  rocksdb_close(database)
}

@Suite struct CursorTests {
  let folder = TemporaryFolder()

  private func filled() throws -> Database {
    let database = try Database(path: folder.path("db"))
    for key: [UInt8] in [[1], [1, 0], [1, 255], [2], [2, 7], [255], [255, 255], [255, 255, 1]] {
      try database.put(key, key, in: .state, sync: false)
    }
    try database.put([1, 1], [9], in: .tree, sync: false)
    return database
  }

  @Test func `walks a table in the order of keys and against it`() throws {
    let database = try filled()
    let all = try database.entries(in: .state, limit: 100).map(\.key)
    #expect(all == [[1], [1, 0], [1, 255], [2], [2, 7], [255], [255, 255], [255, 255, 1]])
    #expect(try database.entries(in: .state, reversed: true, limit: 100).map(\.key) == all.reversed())
    #expect(try database.entries(in: .state, limit: 2).map(\.key) == Array(all.prefix(2)))
    #expect(try database.entries(in: .state, limit: 0).isEmpty)
  }

  @Test func `keeps to its bounds in both directions: the lower one included, the upper one not`() throws {
    let database = try filled()
    let range = KeyRange(from: [1, 0], to: [2, 7])
    #expect(try database.entries(in: .state, range, limit: 100).map(\.key) == [[1, 0], [1, 255], [2]])
    #expect(
      try database.entries(in: .state, range, reversed: true, limit: 100).map(\.key) == [
        [2], [1, 255], [1, 0],
      ]
    )
    let between = KeyRange(from: [1, 1], to: [1, 2])
    #expect(try database.entries(in: .state, between, limit: 100).isEmpty)
    #expect(try database.entries(in: .state, between, reversed: true, limit: 100).isEmpty)
  }

  @Test func `a prefix ends where the next one starts, also after 255`() throws {
    let database = try filled()
    #expect(try database.entries(in: .state, .prefix([1]), limit: 9).map(\.key) == [[1], [1, 0], [1, 255]])
    #expect(try database.entries(in: .state, .prefix([1, 255]), limit: 9).map(\.key) == [[1, 255]])
    #expect(
      try database.entries(in: .state, .prefix([255, 255]), reversed: true, limit: 9).map(\.key)
        == [[255, 255, 1], [255, 255]]
    )
    #expect(KeyRange.prefix([1, 255]) == KeyRange(from: [1, 255], to: [2]))
    #expect(KeyRange.prefix([255]) == KeyRange(from: [255], to: nil))
    #expect(KeyRange.prefix([]) == KeyRange(from: [], to: nil))
  }

  @Test func `stays at its end`() throws {
    let database = try filled()
    var cursor = try database.cursor(in: .tree)
    let first = try cursor.next()
    #expect(first?.value == [9])
    for _ in 0..<3 {
      let next = try cursor.next()
      #expect(next == nil)
    }
  }

  @Test func `does not see what is written after it was made, nor does a snapshot`() throws {
    let database = try filled()
    let snapshot = try database.snapshot()
    var cursor = try database.cursor(in: .tree)
    try database.put([1, 1], [10], in: .tree, sync: false)
    let seen = try cursor.next()
    #expect(seen?.value == [9])
    #expect(try database.get([1, 1], in: .tree, at: snapshot) == [9])
    #expect(try database.entries(in: .tree, limit: 9, at: snapshot).map(\.value) == [[9]])
    #expect(try database.get([1, 1], in: .tree) == [10])
  }
}
