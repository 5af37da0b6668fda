import Chain
import Consensus
import Cryptography
import Foundation
import Logging
import Primitives
import Replication
import Storage
import Synchronization
import Testing
import Transport

@testable import Consensus
@testable import Node

/// What the storage thread tells the signing guard of blocks.
@Suite struct StorageWorkerTests {
  /// Gathers what the worker reports.
  final class Reports: Sendable {
    private let inputs = Mutex<[ReplicaInput]>([])

    func add(_ new: [ReplicaInput]) { inputs.withLock { $0 += new } }

    var signed: [SignedMessage] {
      inputs.withLock { $0.compactMap { if case .signed(let message) = $0 { message } else { nil } } }
    }

    var durable: [Height] {
      inputs.withLock { $0.compactMap { if case .durable(let height) = $0 { height } else { nil } } }
    }

    /// The lowest block that is left, as last reported.
    var lowestBlock: Height? {
      inputs.withLock { $0.compactMap { if case .pruned(let height) = $0 { height } else { nil } }.last }
    }
  }

  static func prevote(_ height: Height) -> StorageWorker.Job {
    .sign(
      SigningRequest(kind: .prevote, height: height, round: 0, validRound: nil, block: nil, validator: 0)
    )
  }

  /// A validator whose guard's file is gone: somebody else may sign with its key.
  private func worker(
    _ chain: SignedChain,
    _ folder: URL,
    _ reports: Reports,
    keepBlocks: UInt64 = 0,
    neededFrom: @escaping @Sendable () -> Height? = { nil }
  ) throws -> StorageWorker {
    let log = try SignerLog(
      logFolder: folder.appending(path: "log").path,
      guardPath: folder.appending(path: "guard").path,
      instance: [1, 2, 3],
      initialHeight: 1,
      certifiedHeight: 0
    )
    let parts = StorageWorker.Parts(
      store: chain.store,
      cache: StateCache(),
      keepBlocks: keepBlocks,
      neededFrom: neededFrom,
      key: SignedChain.key,
      chain: chain.genesis.chain,
      logger: Transport.Endpoint.silentLogger,
      written: { _ in },
      report: { reports.add($0) },
      failed: { Issue.record($0) }
    )
    return StorageWorker(parts, signer: log)
  }

  @Test func `blocks from others end no quarantine, and still nothing is signed at their heights or below`()
    async throws
  {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "worker-\(UUID().uuidString.prefix(8))"
    )
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try SignedChain(entries: 3, heights: 0, folder: folder.appending(path: "chain"))
    let reports = Reports()
    let worker = try worker(chain, folder, reports)
    var tip = chain.origin
    func commit(_ count: Int, isDecidedByConsensus: Bool) -> [StorageWorker.Job] {
      (0..<count).map { _ in
        let commit = chain.commit(after: tip, isDecidedByConsensus: isDecidedByConsensus)
        tip = commit.tip
        return .commit(commit)
      }
    }
    let segments = { try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "log").path) }
    let before = try segments()
    worker.post(commit(130, isDecidedByConsensus: false) + [Self.prevote(131)])
    #expect(await Program.until(seconds: 30) { reports.durable.count == 130 })
    worker.post(commit(1, isDecidedByConsensus: true) + [Self.prevote(132)])
    #expect(await Program.until(seconds: 30) { reports.durable.count == 131 })
    #expect(try segments() == before, "catching up leaves the log's files alone")
    // The second height that was seen being decided without this key shows that nobody else signs with it.
    worker.post(
      commit(1, isDecidedByConsensus: true) + [Self.prevote(132), Self.prevote(100), Self.prevote(133)]
    )
    await worker.stop()
    #expect(reports.durable == Array(1...132))
    let heights = reports.signed.map { message in
      if case .vote(let vote) = message { vote.height } else { Height(0) }
    }
    #expect(heights == [133])
  }

  @Test func `blocks older than those to keep are deleted, but none that a snapshot needs`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "worker-\(UUID().uuidString.prefix(8))"
    )
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try SignedChain(entries: 3, heights: 0, folder: folder.appending(path: "chain"))
    let reports = Reports()
    let needed = Mutex<Height?>(30)
    let worker = try worker(chain, folder, reports, keepBlocks: 20) { needed.withLock { $0 } }
    var tip = chain.origin
    func commit(through height: Height) -> [StorageWorker.Job] {
      var jobs: [StorageWorker.Job] = []
      while tip.height < height {
        let commit = chain.commit(after: tip)
        tip = commit.tip
        jobs.append(.commit(commit))
      }
      return jobs
    }
    worker.post(commit(through: 15))
    #expect(await Program.until(seconds: 30) { reports.durable.count == 15 })
    #expect(reports.lowestBlock == nil && chain.store.lowestBlock == 1)
    // Many at once: what is old by then goes in steps.
    worker.post(commit(through: 60))
    #expect(await Program.until(seconds: 30) { reports.lowestBlock == 30 })
    #expect(reports.durable == Array(1...60))
    needed.withLock { $0 = nil }
    worker.post(commit(through: 61))
    #expect(await Program.until(seconds: 30) { reports.lowestBlock == 42 })
    await worker.stop()
    #expect(chain.store.lowestBlock == 42)
    #expect(try chain.store.body(at: 41) == nil && chain.store.certificate(at: 41) == nil)
    #expect(try LightBlocks.block(at: 42, in: chain.store)?.height == 42)
    #expect(try LightBlocks.block(at: 61, in: chain.store)?.height == 61)
    #expect(try chain.store.verify(.everything)?.lowest == 42)
  }
}
