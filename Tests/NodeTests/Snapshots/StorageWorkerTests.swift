import API
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

/// What the storage thread tells the signing guard of blocks and of others' signatures.
@Suite struct StorageWorkerTests {
  /// Gathers what the worker reports.
  final class Reports: Sendable {
    private let inputs = Mutex<[ReplicaInput]>([])

    func add(_ new: [ReplicaInput]) { inputs.withLock { $0 += new } }

    var signed: [SignedMessage] {
      inputs.withLock { $0.compactMap { if case .signed(let message) = $0 { message } else { nil } } }
    }

    /// The heights of the votes that were signed.
    var signedHeights: [Height] {
      signed.compactMap { if case .vote(let vote) = $0 { vote.height } else { nil } }
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

  private func worker(
    _ chain: SignedChain,
    _ folder: URL,
    _ reports: Reports,
    _ standing: SigningStanding = SigningStanding(hasKey: true, advice: "", quarantine: nil),
    keepBlocks: UInt64 = 0,
    trusted: TrustedHeader? = nil,
    neededFrom: @escaping @Sendable () -> Height? = { nil },
    failed: @escaping @Sendable (any Error) -> Void = { Issue.record($0) }
  ) throws -> StorageWorker {
    let guardPath = folder.appending(path: "guard").path
    if !FileManager.default.fileExists(atPath: guardPath) {
      try SignerGuard.create(path: guardPath, key: SignedChain.key.publicKey)
    }
    let log = try SignerLog(
      logFolder: folder.appending(path: "log").path,
      guardPath: guardPath,
      key: SignedChain.key.publicKey,
      certifiedHeight: 0
    )
    let parts = StorageWorker.Parts(
      store: chain.store,
      cache: StateCache(),
      keepBlocks: keepBlocks,
      neededFrom: neededFrom,
      key: SignedChain.key,
      standing: standing,
      trusted: trusted,
      chain: chain.genesis.chain,
      logger: Transport.Endpoint.silentLogger,
      written: { _ in },
      report: { reports.add($0) },
      failed: failed
    )
    return StorageWorker(parts, signer: log)
  }

  private static func temporaryFolder() -> URL {
    FileManager.default.temporaryDirectory.appending(path: "worker-\(UUID().uuidString.prefix(8))")
  }

  @Test func `nothing is signed at the heights of blocks from others or below`() async throws {
    let folder = Self.temporaryFolder()
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
    worker.post(commit(130, isDecidedByConsensus: false) + [Self.prevote(130), Self.prevote(100)])
    #expect(await Program.until(seconds: 30) { reports.durable.count == 130 })
    #expect(try segments() == before, "catching up leaves the log's files alone")
    worker.post(commit(2, isDecidedByConsensus: true) + [Self.prevote(132), Self.prevote(133)])
    await worker.stop()
    #expect(reports.durable == Array(1...132))
    #expect(reports.signedHeights == [133])
  }

  /// A precommit of the worker's own key, given elsewhere; `forged` has a wrong signature.
  private static func precommit(_ height: Height, chain: SignedChain, forged: Bool = false)
    -> StorageWorker.Job
  {
    let request = SigningRequest(
      kind: .precommit,
      height: height,
      round: 0,
      validRound: nil,
      block: .zero,
      validator: 0
    )
    let message = request.domain.message(chain: chain.genesis.chain.text, request.signBody)
    let signature = (forged ? SignedChain.signer : SignedChain.key).sign(message)
    return .judge(request.message(with: signature)!)
  }

  @Test
  func `a vote of the own key that came from elsewhere stops signing at once, and blocks are still written`()
    async throws
  {
    let folder = Self.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try SignedChain(entries: 3, heights: 0, folder: folder.appending(path: "chain"))
    let reports = Reports()
    let standing = SigningStanding(hasKey: true, advice: "supercloud validator adopt", quarantine: nil)
    let worker = try worker(chain, folder, reports, standing)
    let signed = Self.prevote(1)
    worker.post([signed])
    #expect(await Program.until(seconds: 30) { reports.signedHeights == [1] })
    // Its own vote comes back, and somebody sends rubbish: it goes on.
    let own = try #require(reports.signed.first)
    worker.post([.judge(own), Self.precommit(1, chain: chain, forged: true), Self.prevote(2)])
    #expect(await Program.until(seconds: 30) { reports.signedHeights == [1, 2] })
    #expect(standing.signs)
    let commit = chain.commit(after: chain.origin)
    worker.post([Self.precommit(3, chain: chain), Self.prevote(4), .commit(commit), Self.prevote(5)])
    await worker.stop()
    #expect(reports.signedHeights == [1, 2])
    #expect(reports.durable == [1])
    #expect(!standing.signs)
    let answer = try #require(standing.answer)
    #expect(answer.reason?.contains("somebody else signs with this key") == true)
    #expect(answer.fix == "supercloud validator adopt")
    let path = folder.path
    let quarantine = try SignerLog.inspect(
      logFolder: path + "/log",
      guardPath: path + "/guard",
      key: SignedChain.key.publicKey
    )
    #expect(quarantine == .usedElsewhere(SignerPosition(height: 3, round: 0, step: .precommit)))
  }

  @Test func `in a restored network an old vote of the own key raises the floor, and signing goes on`()
    async throws
  {
    let folder = Self.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try SignedChain(entries: 3, heights: 0, folder: folder.appending(path: "chain"))
    _ = try SignerLog.adopt(
      logFolder: folder.appending(path: "log").path,
      guardPath: folder.appending(path: "guard").path,
      key: SignedChain.key.publicKey,
      tip: 0,
      .wholeNetworkRestored
    )
    let reports = Reports()
    let standing = SigningStanding(hasKey: true, advice: "", quarantine: nil, isRestored: true)
    let worker = try worker(chain, folder, reports, standing)
    worker.post([Self.precommit(3, chain: chain), Self.prevote(3), Self.prevote(4)])
    await worker.stop()
    #expect(reports.signedHeights == [4])
    #expect(standing.signs && standing.isRestored)
    #expect(standing.answer?.floorHeight == 3)
  }

  @Test func `a block other than the one that --trust names is not written`() async throws {
    let folder = Self.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try SignedChain(entries: 3, heights: 0, folder: folder.appending(path: "chain"))
    let first = chain.commit(after: chain.origin)
    let second = chain.commit(after: first.tip)
    let failures = Mutex<[String]>([])
    let wrong = try #require(TrustedHeader("2:" + String(repeating: "ab", count: 32)))
    let reports = Reports()
    let worker = try worker(
      chain,
      folder,
      reports,
      trusted: wrong,
      failed: { error in
        failures.withLock { $0.append("\(error)") }
      }
    )
    worker.post([.commit(first), .commit(second)])
    #expect(await Program.until(seconds: 30) { failures.withLock { !$0.isEmpty } })
    await worker.stop()
    #expect(chain.store.lastHeight == 1)
    #expect(failures.withLock { $0.first }?.contains("--trust names 2:abab") == true)
  }

  @Test func `blocks older than those to keep are deleted, but none that a snapshot needs`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "worker-\(UUID().uuidString.prefix(8))"
    )
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try SignedChain(entries: 3, heights: 0, folder: folder.appending(path: "chain"))
    let reports = Reports()
    let needed = Mutex<Height?>(30)
    let worker = try worker(chain, folder, reports, keepBlocks: 20, neededFrom: { needed.withLock { $0 } })
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
