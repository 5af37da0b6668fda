import Chain
import Cryptography
import Foundation
import Logging
import NIOCore
import NIOPosix
import Primitives
import Replication
import Storage
import Synchronization
import Testing
import Transport

@testable import Node

extension RealProcesses {
  /// Joining by a snapshot over real sockets, from one real database into another.
  @Suite(.serialized) final class SnapshotSocketTests {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "snapshots-\(UUID().uuidString.prefix(8))"
    )
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let chain: SignedChain
    let archive: SnapshotArchive

    init() throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      chain = try SignedChain(entries: 20_000, heights: 140, folder: folder.appending(path: "chain"))
      let height: Height = 140
      let view = try chain.store.database.snapshot()
      var export = SnapshotExport(of: chain.store, at: view, height: height - 1, root: chain.root)
      (export.memory, export.chunkBytes) = (300_000, 20_000)
      let place = folder.appending(path: "snapshots/\(height - 1)")
      let report = try export.run(into: place)
      #expect(report.entries == 20_000 && report.depth == 2 && report.runs == 8, "\(report)")
      #expect(report.chunks == 256 && report.largestChunk < 20_000)
      archive = try SnapshotArchive(place)
    }

    deinit {
      try? group.syncShutdownGracefully()
      try? FileManager.default.removeItem(at: folder)
    }

    private func server(_ alter: @escaping @Sendable (SnapshotMessage) -> SnapshotMessage? = { $0 })
      async throws
      -> SnapshotServer
    {
      try await SnapshotServer(
        chain,
        snapshots: folder.appending(path: "snapshots"),
        on: group,
        alter: alter
      )
    }

    private func joinStore() throws -> JoinStore {
      JoinStore(try NodeStore(path: folder.appending(path: "joined").path))
    }

    /// The joined store has what the chain's has, and goes on where it stands.
    private func expectJoined(_ outcome: SnapshotJoin.Outcome, _ joined: JoinStore) throws {
      guard case .restored(let plan) = outcome else { throw TestFailure("\(outcome)") }
      try joined.finish(plan, genesis: chain.genesis)
      let store = joined.store
      #expect(store.lastHeight == 139 && store.lowestHeight == 139)
      for table in [ColumnFamily.state, .tree] {
        let own = try store.database.entries(in: table, limit: .max)
        let theirs = try chain.store.database.entries(in: table, limit: .max)
        #expect(own == theirs, "\(table)")
      }
      #expect(try store.header(at: 139) == chain.store.header(at: 139))
      #expect(try store.certificate(at: 139) == chain.store.certificate(at: 139))
      #expect(try store.meta("tip") == plan.tip.encoded)
      #expect(try LightBlocks.block(at: 139, in: store)?.identifier == plan.tip.block)
      #expect(try LightBlocks.validators(at: 141, in: store) == plan.tip.nextValidators)
      #expect(try store.stagedMarks().isEmpty)
      #expect(try store.verify(.everything)?.height == 139)
    }

    @Test func `a state is fetched from several peers at once and is the same in the new database`()
      async throws
    {
      let servers = [try await server(), try await server(), try await server()]
      let joined = try joinStore()
      let outcome = try await joinBySnapshot(chain, joined, servers)
      try expectJoined(outcome, joined)
      #expect(servers.allSatisfy { $0.partsSent > 20 }, "\(servers.map(\.partsSent))")
      for server in servers { await server.stop() }
    }

    @Test func `peers that send a wrong chunk, manifest or header are left, and the state is right`()
      async throws
    {
      let chunkLiar = try await server { message in
        guard case .part(let height, .chunk(let path), var bytes?) = message else { return message }
        bytes[bytes.count / 2] ^= 1
        return .part(height, .chunk(path), bytes)
      }
      let manifestLiar = try await server { message in
        guard case .part(let height, .manifest, var bytes?) = message else { return message }
        bytes[bytes.count / 2] ^= 1
        return .part(height, .manifest, bytes)
      }
      let headerLiar = try await server { message in
        guard case .lightBlock(let height, var bytes?) = message else { return message }
        bytes[40] ^= 1
        return .lightBlock(height, bytes)
      }
      let honest = try await server()
      let servers = [chunkLiar, manifestLiar, headerLiar, honest]
      let joined = try joinStore()
      let outcome = try await joinBySnapshot(chain, joined, servers)
      try expectJoined(outcome, joined)
      // It was asked for little more than what showed the lie.
      #expect(chunkLiar.partsSent <= 4)
      for server in servers { await server.stop() }
    }

    @Test func `a node that ends in the middle goes on with what it has, in another process's place`()
      async throws
    {
      // Eighty parts are served, then nobody answers any more.
      let limit = ServedLimit(80)
      let first = try await server { message in
        if case .part = message, !limit.take() { return nil }
        return message
      }
      let begun = try joinStore()
      let task = Task { [chain] in try await joinBySnapshot(chain, begun, [first]) }
      let store = begun.store
      let reached = await Program.until(seconds: 30) { try store.stagedMarks().count >= 79 }
      #expect(reached)
      task.cancel()
      _ = try? await task.value
      await first.stop()
      let staged = try store.stagedMarks().count
      store.database.close()
      let joined = try joinStore()
      #expect(try joined.store.stagedMarks().count == staged)
      #expect(joined.store.lastHeight == nil)
      let known = try #require(try joined.stagedJoin())
      #expect(known.staged.count == staged - 1 && known.plan.tip.height == 139)
      let second = try await server()
      let outcome = try await joinBySnapshot(chain, joined, [second])
      try expectJoined(outcome, joined)
      #expect(second.partsSent == 256 - known.staged.count)
      await second.stop()
    }

    @Test func `a damaged snapshot file is not served`() async throws {
      let chunks = archive.folder.appending(path: "chunks")
      var bytes = try Data(contentsOf: chunks)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: chunks)
      let damaged = archive.paths.count { path in (try? archive.chunk(path)) == nil }
      #expect(damaged == 1)
      let index = archive.folder.appending(path: "index")
      var table = try Data(contentsOf: index)
      table[table.count / 2] ^= 1
      try table.write(to: index)
      #expect(throws: DecodingError.self) { try SnapshotArchive(archive.folder) }
    }
  }
}

/// Runs a joining node that knows these servers from its seeds.
private func joinBySnapshot(
  _ chain: SignedChain,
  _ store: JoinStore,
  _ servers: [SnapshotServer]
) async throws -> SnapshotJoin.Outcome {
  var settings = SnapshotJoin.Settings()
  settings.minimumGain = 1
  settings.noProgressTimeout = .seconds(20)
  return try await SnapshotJoiner(
    genesis: chain.genesis,
    seeds: servers.map(\.seed),
    transport: SnapshotServer.transport(chain.genesis, key: .generate()),
    store: store,
    ownHeight: 0,
    anchor: .tip(chain.origin),
    settings: settings,
    logger: Transport.Endpoint.silentLogger
  ).run()
}

/// Counts down, from any thread.
private final class ServedLimit: Sendable {
  private let left: Mutex<Int>

  init(_ count: Int) { left = Mutex(count) }

  func take() -> Bool {
    left.withLock { left in
      left -= 1
      return left >= 0
    }
  }
}
