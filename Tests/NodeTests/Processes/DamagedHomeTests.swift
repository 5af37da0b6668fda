import Foundation
import Primitives
import Storage
import Testing

extension RealProcesses {
  /// A home whose database has lost something is refused in words, and looked through on request.
  @Suite(.serialized) struct DamagedHomeTests {
    private func delete(block height: UInt64, in home: String) throws {
      let store = try NodeStore(path: home + "/data")
      var writer = ByteWriter(capacity: 8)
      writer.write(height)
      var batch = try store.database.batch()
      batch.delete(writer.bytes, in: .certificates)
      try store.database.write(batch, sync: true)
      store.database.close()
    }

    private func verify(_ home: String, _ options: [String] = []) async throws -> Program.Result {
      try await Program.run(["debug", "verify", "--home", home] + options)
    }

    @Test func `a start says what it verified, and refuses a home with a lost record; debug verify finds it`()
      async throws
    {
      let network = try await LocalNetwork(validators: 1)
      let name = network.validators[0]
      let home = network.home(name)
      let empty = try await verify(home)
      #expect(empty.status == 1 && empty.error.contains("no node has run in this home"), "\(empty.error)")
      try network.start([name])
      try await network.expect([name], at: 6)
      let used = try await verify(home)
      #expect(used.status == 1 && used.error.contains("is in use"), "\(used.error)")
      #expect(used.error.contains("stop the node first"), "\(used.error)")
      #expect(try await network.stop(name) == 0)
      let whole = try await verify(home)
      #expect(
        whole.status == 0 && whole.output.contains("nothing is damaged"),
        "\(whole.output)\(whole.error)"
      )
      #expect(try await verify(home, ["--output", "json"]).output.contains("\"intact\" : true"))
      try network.start([name])
      try await network.expect([name], at: 8)
      #expect(network.log(name).contains("verified the last"), "\(network.tail(name))")
      #expect(try await network.stop(name) == 0)

      try delete(block: 5, in: home)
      let refused = try await Program.run(["start", "--home", home], seconds: 30)
      #expect(refused.status == 1)
      for words in ["the database is damaged: the certificate of block 5 is missing", "fix", "\(home)/data"] {
        #expect(refused.error.contains(words), "no `\(words)` in: \(refused.error)")
      }
      let damaged = try await verify(home, ["--output", "json"])
      #expect(damaged.status == 1 && damaged.output.contains("\"intact\" : false"), "\(damaged.output)")
      #expect(damaged.error.contains("height 5"), "\(damaged.error)")
    }
  }
}
