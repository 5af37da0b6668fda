import Glibc
import Testing

@testable import Storage

@Suite struct CrashTests {
  let folder = TemporaryFolder()

  /// Checks that everything of the last height is there and nothing of the next.
  private func expectWhole(_ path: String) throws -> UInt64 {
    let store = try NodeStore(path: path)
    defer { store.database.close() }
    let height = try #require(try store.verify(.everything)).height
    guard height > 0 else { return 0 }
    let mark = StoreKeys.height(height)
    #expect(try store.stateValue(Array("last".utf8)) == mark)
    #expect(try store.stateEntries(from: Array("at".utf8), to: Array("au".utf8), limit: 9).count == 1)
    #expect(try store.transactionLocation([0xbb] + mark)?.height == height)
    #expect(try store.transactionLocation([0xaa] + StoreKeys.height(height + 1)) == nil)
    #expect(try store.meta("newest") == mark)
    return height
  }

  @Test func `a process killed while it commits leaves a height, and at least the last one it was told of`()
    async throws
  {
    for round in 0..<6 {
      let path = folder.path("db-\(round)")
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round = round as Int] in
        let store = try NodeStore(path: path + "/store")
        try store.initialize(origin)
        let told = open(path + "/told", O_CREAT | O_RDWR, 0o600)
        for height in 1...UInt64.max {
          try store.commit(block(height))
          if height > 20 { _ = try store.prune(below: height - 20, limit: 16) }
          var bytes = height.littleEndian
          pwrite(told, &bytes, 8, 0)
          if height == 1 { Killer.start(after: UInt32(20_000 + round * 7_300)) }
        }
      }
      let told = try contents(of: path + "/told").reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let height = try expectWhole(path + "/store")
      #expect(told >= 1)
      #expect(height == told || height == told + 1)
    }
  }

  @Test func `a log cut off anywhere in the last batch leaves the height before it, or it`() throws {
    let path = folder.path("db")
    let store = try NodeStore(path: path)
    try store.initialize(origin)
    for height in 1...UInt64(3) { try store.commit(block(height)) }
    let log = try #require(try names(in: path).first { $0.hasSuffix(".log") })
    let before = try contents(of: path + "/" + log).count
    try store.commit(block(4))
    let after = try contents(of: path + "/" + log)
    try copy(path, to: folder.path("whole"))
    store.database.close()
    let cuts = Array(stride(from: before, through: after.count, by: 9)) + [after.count - 1, after.count]
    for (index, cut) in cuts.enumerated() {
      let cutPath = folder.path("cut-\(index)")
      try copy(folder.path("whole"), to: cutPath)
      try overwrite(cutPath + "/" + log, Array(after[..<cut]))
      #expect(try expectWhole(cutPath) == (cut == after.count ? 4 : 3), "cut at \(cut) of \(after.count)")
      try remove(cutPath)
    }
  }

  @Test func `a file system without room is reported as such, the store then refuses, and nothing is lost`()
    async throws
  {
    let path = folder.path("db")
    await #expect(processExitsWith: .exitCode(9)) { [path = path as String] in
      signal(SIGXFSZ, SIG_IGN)
      let store = try NodeStore(path: path)
      try store.initialize(origin)
      var limit = rlimit(rlim_cur: 200_000, rlim_max: 200_000)
      guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(1) }
      for height in 1...UInt64(1000) {
        do throws(StorageError) {
          var large = block(height)
          large.body = [UInt8](repeating: 1, count: 10_000)
          try store.commit(large)
        } catch {
          guard case .noSpace = error else { exit(2) }
          guard store.lastHeight == height - 1, height > 5 else { exit(3) }
          do throws(StorageError) {
            try store.commit(block(height))
          } catch {
            guard case .poisoned = error else { exit(4) }
            exit(9)
          }
        }
      }
      exit(5)
    }
    #expect(try expectWhole(path) > 5)
  }
}
