import API
public import Foundation
import UnixSignals

/// A local network in one folder: validators, providers and a tenant, each a process on this machine.
public struct LocalTestnet: Sendable {
  public let folder: URL
  public let plan: TestnetPlan
  public let homes: TestnetHomes

  /// Creates the network in `folder`, or resumes the one that is there.
  ///
  /// `reset`: whether to delete an existing network and create a new one.
  ///
  /// - Throws: `Failure` when the folder holds something else, or a network of a different shape.
  public static func prepare(folder: URL, shape: TestnetShape, reset: Bool) throws -> LocalTestnet {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let existing = TestnetPlan.read(folder)
    guard entries.isEmpty || existing != nil else {
      throw Failure(
        "\(folder.path) is not a testnet's folder",
        why: "it holds other files and no testnet.json",
        fix: "name an empty or new folder with --home"
      )
    }
    if reset, existing != nil { try FileManager.default.removeItem(at: folder) }
    if !reset, var plan = existing {
      try plan.mustMatch(shape)
      try plan.refreshPorts()
      let homes = TestnetHomes(folder: folder, plan: plan)
      try homes.refresh()
      return LocalTestnet(folder: folder, plan: plan, homes: homes)
    }
    let plan = try TestnetPlan(
      validators: shape.validators ?? 4,
      providers: shape.providers ?? 3,
      tickMilliseconds: shape.tickMilliseconds ?? 1_000
    )
    let homes = TestnetHomes(folder: folder, plan: plan)
    try homes.create()
    return LocalTestnet(folder: folder, plan: plan, homes: homes)
  }

  /// Starts every process, waits until the network is up, shows the demo if asked to, and runs until SIGTERM
  /// or SIGINT. Whatever happens, it stops every process at the end.
  ///
  /// - Parameters:
  ///   - demo: Whether to lease two GPUs.
  ///   - check: Whether to run the demo and assert its numbers. The run then ends by itself, and its folder
  ///     is removed if the numbers are right.
  ///   - clockOffsets: By how many milliseconds each node's clock is ahead; missing entries mean 0.
  ///   - statusInterval: The time between status reports once the network runs.
  ///   - report: Called with each event.
  /// - Throws: `Failure` when a node ends by itself, the network does not come up, or a check fails.
  public func run(
    demo: Bool,
    check: Bool,
    clockOffsets: [Int64] = [],
    statusInterval: Duration,
    report: @escaping TestnetReport
  ) async throws {
    let processes = TestnetProcesses(
      testnet: self,
      restarts: !check,
      clockOffsets: clockOffsets,
      report: report
    )
    let failure = await withTaskGroup(of: Result<Void, any Error>.self) { group -> (any Error)? in
      group.addTask { await Self.result { try await processes.run() } }
      group.addTask {
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
          report(.interrupted)
          break
        }
        return .success(())
      }
      group.addTask {
        await Self.result { try await show(demo: demo, check: check, statusInterval: statusInterval, report) }
      }
      // The first task to end ends the network: a process has failed, a signal came, or the check is over.
      var failure: (any Error)?
      if case .failure(let error) = await group.next() { failure = error }
      if failure == nil { report(.stopping(plan.members.count)) }
      group.cancelAll()
      // The remaining tasks end their processes. Their errors say only that they were cancelled.
      await group.waitForAll()
      return failure
    }
    if let failure { throw failure }
    if check { try? FileManager.default.removeItem(at: folder) }
  }

  private func show(
    demo: Bool,
    check: Bool,
    statusInterval: Duration,
    _ report: @escaping TestnetReport
  ) async throws {
    let clients = try TestnetClients(plan: plan)
    try await clients.waitUntilReady(logs: folder.appending(path: "logs"))
    report(.ready)
    if demo || check {
      try await TestnetDemo(testnet: self, clients: clients, report: report).run(check: check)
    }
    guard !check else { return }
    report(.running)
    try await clients.reportStatus(every: statusInterval, report)
  }

  private static func result(_ body: () async throws -> Void) async -> Result<Void, any Error> {
    do {
      return .success(try await body())
    } catch {
      return .failure(error)
    }
  }
}
