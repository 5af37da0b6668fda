import API
import Chain
import Cryptography
public import Foundation
import Glibc
import Node
import Primitives
import Replication
import Testnet
import Transport
import Wire

/// The result of one phase of the measurement.
public struct VotesRow: Codable, Sendable {
  public var floodedLinks: Int
  /// Mebibytes a second that all flooding links sent; the node has read them, but for what sockets buffer.
  public var mebibytesPerSecond: Double
  /// Votes that were answered.
  public var votes: Int
  public var p50Milliseconds: Double
  public var p99Milliseconds: Double
  public var maximumMilliseconds: Double
  /// Votes whose request was not answered within a second.
  public var unanswered: Int
  /// Percentage of the phase's time in which the node's network thread was ready to run but had no core.
  public var coreWaitPercent: Double
}

/// One run of the votes benchmark: a node process, a validator that votes, and the links that flood.
public struct VotesRun: Sendable {
  let folder: URL
  let links: Int
  let rate: UInt64
  let program: URL?
  let progress: @Sendable (String) -> Void

  /// - Parameters:
  ///   - folder: a folder to be created, for the homes and logs of the network.
  ///   - links: the number of links that are flooded.
  ///   - rate: the number of votes per second.
  ///   - program: the node's program; nil for the running program.
  ///   - progress: called with a text for each phase.
  public init(
    folder: URL,
    links: Int,
    rate: UInt64,
    program: URL?,
    progress: @escaping @Sendable (String) -> Void
  ) {
    self.folder = folder
    self.links = links
    self.rate = rate
    self.program = program
    self.progress = progress
  }

  /// Measures for `seconds` without a flood and for as long with it. Returns one row for each phase.
  ///
  /// - Throws: `Failure` when the node does not start, lets nobody in or proposes no block.
  public func measure(seconds: UInt64) async throws -> [VotesRow] {
    let plan = TestnetPlan(validators: 4, providers: 0, tickMilliseconds: 1_000)
    let homes = TestnetHomes(folder: folder, plan: plan)
    try homes.create()
    let definition = try NetworkDefinition(at: folder.appending(path: "network"))
    let tip = try NodeRuntime.genesisTip(definition.genesis)
    // The proposer of the first block must be measured, because the voter asks for the block that it makes.
    guard let proposer = tip.validators[tip.validators.proposer]?.key,
      let member = try plan.validators.first(where: { try consensusKey(homes, $0).publicKey == proposer }),
      let voter = plan.validators.first(where: { $0.name != member.name })
    else { throw Failure("the network has no proposer") }
    let log = homes.log(member)
    return try await withThrowingTaskGroup(of: [VotesRow].self) { group in
      group.addTask {
        let arguments = ["start", "--exit-with-parent", "--home", homes.home(member).folder.path]
        let status = try await OwnProgram.run(arguments, program: program, log: log)
        throw Failure(
          "the node ended by itself, \(status.words)",
          why: "\n" + OwnProgram.tail(of: log),
          fix: "its log is \(log.path)"
        )
      }
      group.addTask { try await measure(seconds, homes.home(member), homes.home(voter), definition, tip) }
      // Cancelling the group also ends the node's process.
      defer { group.cancelAll() }
      return try await group.next() ?? []
    }
  }

  private func consensusKey(_ homes: TestnetHomes, _ member: TestnetPlan.Member) throws -> SigningKey {
    try homes.home(member).consensusKey()
  }

  private func measure(
    _ seconds: UInt64,
    _ node: Home,
    _ voter: Home,
    _ definition: NetworkDefinition,
    _ tip: Tip
  ) async throws -> [VotesRow] {
    let runtime = try await runtime(of: node)
    guard let address = NetworkAddress(runtime.peerAddress),
      let bytes = Hex.decode(runtime.nodeKey), let key = PublicKey(bytes)
    else { throw Failure("the node's runtime.json names no address") }
    let target = VotesTarget(address: address, key: key, network: definition.genesis)
    let client = try await VotesVoter.start(home: voter, target: target, tip: tip)
    try await client.connect()
    try await propose(on: NodeClient(runtime.apiAddress), chain: definition.genesis.chain)
    try await client.awaitBlock()
    let usage = ThreadUsage(busiestLoopOf: runtime.process)
    usage.prioritize()
    progress("measuring \(seconds) s without a flood")
    let quiet = try await phase(client, usage, flood: nil, seconds)
    progress("opening \(links) links")
    let flood = try await VotesFlood.start(links: links, target: target)
    progress("measuring \(seconds) s with \(links) flooded links")
    let flooded = try await phase(client, usage, flood: flood, seconds)
    await flood.stop()
    await client.stop()
    return [quiet, flooded]
  }

  private func runtime(of home: Home) async throws -> Home.Runtime {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      if let runtime = home.readRuntime() { return runtime }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failure("the node did not start", why: "it wrote no runtime.json within 60 s")
  }

  /// Submits a transaction to the node, so that it proposes a block.
  private func propose(on client: NodeClient, chain: ChainID) async throws {
    let key = try TestnetPlan.key(TestnetPlan.tenantIndex)
    let fee = try await client.minimumFee()
    let transfer = Transaction.transfer(from: key, sequence: 0, chain: chain, fee: fee)
    let _: Answer.TransactionResult = try await client.post("/v1/transactions", body: transfer.encoded)
  }

  private func phase(
    _ client: VotesVoter,
    _ usage: ThreadUsage,
    flood: VotesFlood?,
    _ seconds: UInt64
  ) async throws -> VotesRow {
    await flood?.run()
    let (waited, sent, began) = (usage.waitedNanoseconds, await flood?.sentBytes() ?? 0, ContinuousClock.now)
    let result = try await client.vote(rate: rate, seconds: seconds)
    let elapsed = (ContinuousClock.now - began) / .seconds(1)
    let share = Double(usage.waitedNanoseconds &- waited) / 1e9 / elapsed
    return VotesRow(
      floodedLinks: flood == nil ? 0 : links,
      mebibytesPerSecond: Double((await flood?.sentBytes() ?? 0) - sent) / elapsed / 1_048_576,
      votes: result.latencies.count,
      p50Milliseconds: result.latencies.quantile(0.5),
      p99Milliseconds: result.latencies.quantile(0.99),
      maximumMilliseconds: result.latencies.quantile(1),
      unanswered: result.unanswered,
      coreWaitPercent: 100 * share
    )
  }
}

/// The scheduling of a thread of another process.
struct ThreadUsage {
  private let thread: Int32?

  /// Finds the event loop's thread that has used the most CPU time, which is the one that serves the peers.
  init(busiestLoopOf process: Int32) {
    let folder = "/proc/\(process)/task"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let loops = names.compactMap { Int32($0) }.filter { thread in
      let name = try? String(contentsOfFile: "\(folder)/\(thread)/comm", encoding: .utf8)
      return name?.hasPrefix("NIO-ELT") ?? false
    }
    thread = loops.max { Self.schedule(of: $0).ran < Self.schedule(of: $1).ran }
  }

  /// How many nanoseconds the thread has run since its start, and how many it was ready to run but had no
  /// core.
  private static func schedule(of thread: Int32) -> (ran: UInt64, waited: UInt64) {
    let text = (try? String(contentsOfFile: "/proc/\(thread)/schedstat", encoding: .utf8)) ?? ""
    let fields = text.split(whereSeparator: \.isWhitespace).map { UInt64($0) ?? 0 }
    return fields.count > 1 ? (fields[0], fields[1]) : (0, 0)
  }

  var waitedNanoseconds: UInt64 { thread.map { Self.schedule(of: $0).waited } ?? 0 }

  /// Gives the thread a real-time priority. Does nothing when this process lacks the right.
  func prioritize() {
    if let thread { Self.prioritize(thread) }
  }

  /// Gives any thread a real-time priority (`SCHED_FIFO`), so that it preempts normal threads. 0 is the
  /// calling thread.
  static func prioritize(_ thread: Int32) {
    var parameters = sched_param()
    parameters.sched_priority = 1
    sched_setscheduler(thread, SCHED_FIFO, &parameters)
  }
}
