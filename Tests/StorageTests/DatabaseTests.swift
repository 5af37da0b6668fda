import Testing

@testable import Storage

@Suite struct DatabaseTests {
  let folder = TemporaryFolder()

  private func open(_ options: DatabaseOptions = DatabaseOptions()) throws(StorageError) -> Database {
    try Database(path: folder.path("db"), options: options)
  }

  @Test func `gives back what was put, in its table only, also after it was opened again`() throws {
    let first = try open()
    try first.put([1], [10, 11], in: .state, sync: true)
    try first.put([], [], in: .meta, sync: false)
    #expect(try first.get([1], in: .state) == [10, 11])
    #expect(try first.get([1], in: .tree) == nil)
    #expect(first.close())
    let second = try open()
    #expect(try second.get([1], in: .state) == [10, 11])
    #expect(try second.get([], in: .meta) == [])
    #expect(try second.contains([1], in: .state))
    #expect(try !second.contains([2], in: .state))
  }

  @Test func `lends a value without a copy`() throws {
    let database = try open()
    try database.put([1], [1, 2, 3], in: .bodies, sync: false)
    let sum = try database.read([1], in: .bodies) { bytes in
      (0..<bytes.byteCount).reduce(0) { $0 + Int(bytes.unsafeLoad(fromByteOffset: $1, as: UInt8.self)) }
    }
    #expect(sum == 6)
    #expect(try database.read([2], in: .bodies) { $0.byteCount } == nil)
  }

  @Test func `applies a batch in its order, all tables together`() throws {
    let database = try open()
    for key in 0..<10 { try database.put([UInt8(key)], [1], in: .headers, sync: false) }
    var batch = try database.batch()
    batch.deleteRange(from: [2], to: [8], in: .headers)
    batch.put([5], [2], in: .headers)
    batch.delete([9], in: .headers)
    batch.set([1], nil, in: .headers)
    batch.set([1], [3], in: .state)
    try database.write(batch, sync: true)
    let keys = try database.entries(in: .headers, limit: 100).map(\.key)
    #expect(keys == [[0], [5], [8]])
    #expect(try database.get([1], in: .state) == [3])
  }

  @Test func `refuses a batch that was made for another database`() throws {
    let other = try Database(path: folder.path("other"))
    var batch = try other.batch()
    batch.put([1], [1], in: .state)
    let database = try open()
    do throws(StorageError) {
      try database.write(batch, sync: false)
      Issue.record("the batch was taken")
    } catch {
      #expect(error == .misuse(path: database.path, detail: "the batch was made for another database"))
    }
    let snapshot = try other.snapshot()
    #expect(throws: StorageError.self) { try database.get([1], in: .state, at: snapshot) }
  }

  @Test func `a second opening finds it locked`() throws {
    let database = try open()
    #expect(throws: StorageError.locked(path: database.path, holder: nil)) { try open() }
    database.close()
    #expect(throws: Never.self) { try open() }
  }

  @Test func `a closed database says so, and what outlives it keeps working until it ends`() throws {
    let database = try open()
    try database.put([1], [1], in: .state, sync: false)
    let path = database.path
    do {
      let snapshot = try database.snapshot()
      var cursor = try database.cursor(in: .state, at: snapshot)
      #expect(!database.close())
      let entry = try cursor.next()
      #expect(entry == Entry(key: [1], value: [1]))
      #expect(throws: StorageError.closed(path: path)) { try database.get([1], in: .state) }
      #expect(throws: StorageError.closed(path: path)) { try database.put([1], [1], in: .state, sync: false) }
    }
    #expect(database.close())
    #expect(throws: Never.self) { try open() }
  }

  @Test func `a missing database is not made when that was not asked for`() throws {
    var options = DatabaseOptions()
    options.createsIfMissing = false
    let error = #expect(throws: StorageError.self) { try open(options) }
    guard case .missing = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a changed byte in a table file is reported when it is read`() throws {
    let database = try open()
    for key in 0..<200 {
      try database.put([UInt8(key)], [UInt8](repeating: UInt8(key), count: 100), in: .state, sync: false)
    }
    try database.flush()
    database.close()
    for name in try names(in: folder.path("db")) where name.hasSuffix(".sst") {
      try flip(folder.path("db/" + name), at: 300)
    }
    let error = #expect(throws: StorageError.self) {
      let database = try open()
      _ = try database.entries(in: .state, limit: 1000)
    }
    guard case .corrupt(folder.path("db"), _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a changed byte in the middle of the log is reported`() throws {
    let database = try open()
    for key in 0..<20 { try database.put([UInt8(key)], [1, 2, 3], in: .state, sync: true) }
    // A copy of the files as they are now is what a crash leaves.
    try copy(folder.path("db"), to: folder.path("crashed"))
    database.close()
    let log = try #require(try names(in: folder.path("crashed")).first { $0.hasSuffix(".log") })
    try flip(folder.path("crashed/" + log), at: try contents(of: folder.path("crashed/" + log)).count / 2)
    let error = #expect(throws: StorageError.self) { try Database(path: folder.path("crashed")) }
    guard case .corrupt = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a table of a later version is refused, not ignored`() throws {
    try open().close()
    try addTable("later", to: folder.path("db"))
    #expect(
      throws: StorageError.unsupported(
        path: folder.path("db"),
        detail: "it has a table “later” that this version does not know"
      )
    ) { try open() }
  }

  @Test(
    arguments: ColumnFamily.retired
  )
  func `tables that earlier versions never wrote to go when their database is opened`(_ name: String) throws {
    let database = try open()
    try database.put([1], [2], in: .state, sync: true)
    database.close()
    try addTable(name, to: folder.path("db"))
    for _ in 0..<2 {
      let database = try open()
      #expect(try database.get([1], in: .state) == [2])
      database.close()
    }
    // Makes the table, which it could not if there were one.
    try addTable(name, to: folder.path("db"))
  }

  @Test func `tells how many bytes a range takes`() throws {
    let database = try open()
    var seed: UInt64 = 1
    for key in 0..<2000 {
      let noise = (0..<100).map { _ in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1
        return UInt8(seed >> 56)
      }
      try database.put([UInt8(key >> 8), UInt8(key & 255)], noise, in: .bodies, sync: false)
    }
    try database.flush()
    let full = try database.approximateSize(of: .bodies)
    #expect(full > 150_000)
    #expect(try database.approximateSize(of: .headers) < full / 2)
  }

  @Test func `serves many threads at once`() async throws {
    let database = try open()
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          (0..<100).allSatisfy { turn in
            let key = [UInt8(task), UInt8(turn)]
            guard (try? database.put(key, key, in: .state, sync: false)) != nil else { return false }
            return (try? database.get(key, in: .state)) == key
          }
        }
      }
      for await success in group { #expect(success) }
    }
    #expect(try database.entries(in: .state, limit: 10_000).count == 800)
  }
}
