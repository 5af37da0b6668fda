import Testing

@testable import Storage

/// A block whose parts name its height.
func block(_ height: UInt64) -> BlockCommit {
  let mark = StoreKeys.height(height)
  var commit = BlockCommit(
    height: height,
    header: [1] + mark,
    body: [2] + mark,
    certificate: [3] + mark,
    receipts: [4] + mark
  )
  commit.state = [
    Change(key: Array("last".utf8), value: mark),
    Change(key: Array("at".utf8) + mark, value: [1]),
    Change(key: Array("at".utf8) + StoreKeys.height(height - 1), value: nil),
  ]
  commit.tree = [Change(key: [UInt8(truncatingIfNeeded: height & 7)], value: mark)]
  commit.transactions = [[0xaa] + mark, [0xbb] + mark]
  commit.meta = [("newest", mark)]
  return commit
}

let origin = {
  var origin = StoreOrigin(chainID: "test-1", genesisDigest: [UInt8](repeating: 7, count: 32))
  origin.state = [Entry(key: Array("genesis".utf8), value: [1])]
  origin.tree = [Entry(key: [9], value: [9])]
  origin.meta = [("who", [1])]
  return origin
}()

@Suite struct NodeStoreTests {
  let folder = TemporaryFolder()

  private func store() throws(StorageError) -> NodeStore { try NodeStore(path: folder.path("db")) }

  private func started(blocks: UInt64 = 0) throws(StorageError) -> NodeStore {
    let store = try store()
    try store.initialize(origin)
    for height in 0..<blocks { try store.commit(block(height + 1)) }
    return store
  }

  @Test func `a new store has nothing, and takes no block before its origin`() throws {
    let store = try store()
    #expect(store.lastHeight == nil)
    #expect(try store.verify() == nil)
    #expect(try store.chainID() == nil)
    #expect(throws: StorageError.misuse(path: store.database.path, detail: "the store has no origin yet")) {
      try store.commit(block(1))
    }
  }

  @Test func `an origin is put once, and is there after opening again`() throws {
    let first = try started()
    #expect(throws: StorageError.self) { try first.initialize(origin) }
    #expect(first.database.close())
    let store = try store()
    #expect(store.lastHeight == 0)
    #expect(try store.chainID() == "test-1")
    #expect(try store.genesisDigest() == origin.genesisDigest)
    #expect(try store.stateValue(Array("genesis".utf8)) == [1])
    #expect(try store.treePage([9]) == [9])
    #expect(try store.meta("who") == [1])
    #expect(try store.header(at: 0) == nil)
    let report = try store.verify(.everything)
    #expect(report?.height == 0)
    #expect(report?.description == "test-1 at height 0, blocks from 1")
  }

  @Test func `a snapshot's height is where the chain goes on`() throws {
    let store = try store()
    var origin = origin
    origin.height = 500
    origin.block = ([1], [2])
    try store.initialize(origin)
    #expect(try store.header(at: 500) == [1])
    #expect(try store.certificate(at: 500) == [2])
    #expect(throws: StorageError.wrongHeight(path: store.database.path, expected: 501, found: 1)) {
      try store.commit(block(1))
    }
    try store.commit(block(501))
    #expect(try store.verify(.everything)?.height == 501)
    #expect(store.lowestHeight == 500)
  }

  @Test func `everything of a block is found again, also after opening again`() throws {
    try started(blocks: 3).database.close()
    let store = try store()
    let mark = StoreKeys.height(2)
    #expect(store.lastHeight == 3)
    #expect(try store.header(at: 2) == [1] + mark)
    #expect(try store.body(at: 2) == [2] + mark)
    #expect(try store.certificate(at: 2) == [3] + mark)
    #expect(try store.receipts(at: 2) == [4] + mark)
    #expect(try store.header(at: 4) == nil)
    #expect(try store.transactionLocation([0xbb] + mark) == TransactionLocation(height: 2, index: 1))
    #expect(try store.transactionLocation(mark) == nil)
    #expect(try store.transactions(at: 2) == [[0xaa] + mark, [0xbb] + mark])
    #expect(try store.stateValue(Array("last".utf8)) == StoreKeys.height(3))
    let at = try store.stateEntries(from: Array("at".utf8), to: Array("au".utf8), limit: 9)
    #expect(at.map(\.key) == [Array("at".utf8) + StoreKeys.height(3)])
    #expect(try store.treePage([2]) == mark)
    #expect(try store.meta("newest") == StoreKeys.height(3))
    let report = try store.verify(.everything)
    #expect(report?.height == 3)
    #expect((report?.entries ?? 0) > 25)
  }

  @Test func `heights come one after the other`() throws {
    let store = try started(blocks: 2)
    let path = store.database.path
    #expect(throws: StorageError.wrongHeight(path: path, expected: 3, found: 2)) {
      try store.commit(block(2))
    }
    #expect(throws: StorageError.wrongHeight(path: path, expected: 3, found: 4)) {
      try store.commit(block(4))
    }
    try store.commit(block(3))
    #expect(store.lastHeight == 3)
  }

  @Test func `pruning removes blocks and all that belongs to them, and keeps state`() throws {
    let store = try started(blocks: 10)
    #expect(store.lowestBlock == 1)
    #expect(try store.prune(below: 8, limit: 100) == false)
    #expect(store.lowestHeight == 8 && store.lowestBlock == 8)
    for family in [ColumnFamily.headers, .bodies, .certificates, .receipts] {
      let heights = try store.database.entries(in: family, limit: 99).map { StoreKeys.height(of: $0.key) }
      #expect(heights == [8, 9, 10], "\(family.name)")
    }
    #expect(try store.transactionLocation([0xaa] + StoreKeys.height(7)) == nil)
    #expect(try store.transactionLocation([0xaa] + StoreKeys.height(8)) != nil)
    #expect(try store.database.entries(in: .transactions, limit: 99).count == 9)
    #expect(try store.stateValue(Array("genesis".utf8)) == [1])
    #expect(try store.verify(.everything)?.lowest == 8)
    store.database.close()
    let again = try NodeStore(path: folder.path("db"))
    #expect(again.lowestHeight == 8 && again.lowestBlock == 8)
    try again.commit(block(11))
    #expect(try again.verify(.everything)?.height == 11)
  }

  @Test func `a step of pruning is bounded, and the last block stays whatever is asked`() throws {
    let store = try started(blocks: 30)
    #expect(try store.prune(below: 100, limit: 16))
    #expect(store.lowestHeight == 16)
    #expect(try store.prune(below: 100, limit: 16) == false)
    #expect(store.lowestHeight == 30)
    #expect(try store.prune(below: 100, limit: 16) == false)
    #expect(try (0...31).filter { try store.header(at: $0) != nil } == [30])
    #expect(try store.verify(.everything) != nil)
  }

  @Test func `sets of validators go when they decide no height that is left`() throws {
    let store = try store()
    var origin = origin
    origin.validators = [(1, [1]), (2, [2])]
    try store.initialize(origin)
    for height in 1...UInt64(9) {
      var commit = block(height)
      if height == 4 { commit.validators = [(6, [6])] }
      try store.commit(commit)
    }
    _ = try store.prune(below: 5, limit: 100)
    #expect(try store.validators(at: 1) == nil)
    #expect(try store.validators(at: 5)?.set == [2])
    _ = try store.prune(below: 8, limit: 100)
    #expect(try store.validators(at: 5) == nil)
    #expect(try store.validators(at: 8)?.set == [6])
  }

  @Test func `names of the caller never touch those of the store`() throws {
    let store = try started(blocks: 1)
    try store.setMeta("store/height", [1])
    try store.setMeta("height", [2])
    #expect(try store.meta("height") == [2])
    try store.setMeta("height", nil)
    #expect(try store.meta("height") == nil)
    #expect(try store.verify()?.height == 1)
  }

  @Test(
    arguments: [ColumnFamily.headers, .bodies, .certificates, .receipts]
  )
  func `a missing part of the last block is reported`(family: ColumnFamily) throws {
    let store = try started(blocks: 3)
    var batch = try store.database.batch()
    batch.delete(StoreKeys.height(3), in: family)
    try store.database.write(batch, sync: true)
    #expect(
      throws: StorageError.corrupt(
        path: store.database.path,
        detail: "the last height is 3, but \(family.name) has nothing for it"
      )
    ) { try store.verify() }
  }

  @Test func `an entry beyond the last height, and a gap, are reported`() throws {
    let store = try started(blocks: 5)
    var batch = try store.database.batch()
    batch.delete(StoreKeys.height(3), in: .bodies)
    try store.database.write(batch, sync: true)
    #expect(try store.verify() != nil)
    #expect(
      throws: StorageError.corrupt(path: store.database.path, detail: "bodies has nothing for height 3")
    ) { try store.verify(.everything) }
    try store.database.put(StoreKeys.height(6), [1], in: .headers, sync: true)
    #expect(
      throws: StorageError.corrupt(
        path: store.database.path,
        detail: "headers has an entry beyond the last height 5"
      )
    ) { try store.verify() }
  }

  @Test func `a snapshot is staged in parts, counts when it is complete, and is discarded when it is not`()
    throws
  {
    let first = try store()
    let entries = [Entry(key: [1], value: [1]), Entry(key: [2], value: [2])]
    let marks = [Entry(key: [0], value: [7]), Entry(key: [1, 5], value: [])]
    try first.stage(state: entries, tree: [Entry(key: [3], value: [3])], marks: marks)
    first.database.close()
    let store = try store()
    #expect(store.lastHeight == nil)
    #expect(try store.verify() == nil)
    #expect(try store.stagedMarks() == marks)
    #expect(try store.stateEntries(limit: 9) == entries)
    try store.discardStaged()
    #expect(try store.stagedMarks().isEmpty)
    #expect(try store.stateEntries(limit: 9).isEmpty)
    #expect(try store.treePage([3]) == nil)
    try store.stage(state: [Entry(key: [4], value: [4])], tree: [], marks: marks)
    var origin = origin
    origin.height = 70
    origin.validators = [(70, [1]), (72, [2])]
    try store.initialize(origin)
    #expect(try store.stateValue([4]) == [4])
    #expect(store.lastHeight == 70)
    #expect(try store.stagedMarks().isEmpty)
    #expect(try store.validators(at: 69) == nil)
    #expect(try store.validators(at: 71)?.height == 70)
    #expect(try store.validators(at: 90)?.set == [2])
    #expect(throws: StorageError.self) { try store.stage(state: [], tree: [], marks: []) }
    #expect(throws: StorageError.self) { try store.discardStaged() }
  }

  @Test func `another layout version is refused`() throws {
    let store = try started()
    try store.database.put(StoreKeys.Meta.schema.key, [0, 0, 0, 2], in: .meta, sync: true)
    store.database.close()
    #expect(
      throws: StorageError.unsupported(
        path: folder.path("db"),
        detail: "its layout is version 2, this program's is 1"
      )
    ) { try self.store() }
  }

  @Test func `a closed store commits nothing`() throws {
    let store = try started(blocks: 1)
    store.database.close()
    #expect(throws: StorageError.closed(path: store.database.path)) { try store.commit(block(2)) }
    #expect(store.lastHeight == 1)
  }
}
