import API
public import Foundation
import Node
import UnixSignals

/// A local network in one folder: validators, providers and a tenant, each a process on this machine.
public struct LocalTestnet: Sendable {
  public let folder: URL
  public let plan: TestnetPlan
  public let homes: TestnetHomes
  /// Held as long as this value lives, so that no other command changes or removes the folder meanwhile.
  private let lock: TestnetLock

  /// How the ports of nodes come about.
  public enum Ports: Sendable {
    /// Each node binds a free port and reports it. One that has run before asks for the same again.
    case bound
    /// They are chosen now, for nodes that are started one by one by somebody else.
    case chosen
  }

  /// Creates the network in `folder`, or resumes the one that is there. When it cannot be created, nothing is left
  /// of it; what an interrupted creation or removal has left is removed first.
  ///
  /// `reset`: whether to delete an existing network and create a new one. `force`: whether to stop the processes
  /// that use the folder; nil for a command that cannot.
  ///
  /// - Throws: `Failure` when the folder holds something else, or a network of a different shape, or when a process
  ///   uses it.
  public static func prepare(
    folder: URL,
    shape: TestnetShape,
    reset: Bool = false,
    force: Bool? = nil,
    ports: Ports
  ) async throws -> LocalTestnet {
    let files = TestnetFiles(folder: folder)
    let isNew = !FileManager.default.fileExists(atPath: folder.path)
    return try await files.explaining {
      let lock = try await lock(files, force: force)
      // The content is read again, since another command may have had the lock until now.
      switch try files.content() {
      case .network(var plan) where !reset:
        try plan.mustMatch(shape)
        if ports == .chosen { try plan.choosePorts() }
        let homes = TestnetHomes(folder: folder, plan: plan)
        try homes.refresh()
        try homes.adoptSigners()
        try files.write(plan)
        return LocalTestnet(folder: folder, plan: plan, homes: homes, lock: lock)
      case .network(let plan), .remains(let plan):
        try await TestnetWorkloads(folder: folder, plan: plan).end(force: force)
        try files.remove(plan)
      case .nothing: break
      }
      var plan = TestnetPlan(
        validators: shape.validators ?? 4,
        providers: shape.providers ?? 3,
        tickMilliseconds: shape.tickMilliseconds ?? 1_000
      )
      if ports == .chosen { try plan.choosePorts() }
      let homes = TestnetHomes(folder: folder, plan: plan)
      do {
        try files.make(plan) { try homes.create() }
      } catch {
        if isNew { files.removeFolder() }
        throw error
      }
      return LocalTestnet(folder: folder, plan: plan, homes: homes, lock: lock)
    }
  }

  /// Removes the network in `folder`, and the folder unless something else is in it. Returns the names of what else
  /// is in it, which stays.
  ///
  /// - Throws: As `prepare`.
  public static func remove(folder: URL, force: Bool) async throws -> [String] {
    let files = TestnetFiles(folder: folder)
    let missing = Failure("\(folder.path) is not a testnet's folder", why: "\(TestnetPlan.file) is not there")
    if let closed = Failure(closedFolder: folder.appending(path: TestnetPlan.file)) { throw closed }
    guard try files.content().plan != nil else { throw missing }
    return try await files.explaining {
      let lock = try await lock(files, force: force)
      guard let plan = try files.content().plan else { throw missing }
      try await TestnetWorkloads(folder: folder, plan: plan).end(force: force)
      try files.remove(plan)
      return withExtendedLifetime(lock) { files.removeFolder() }
    }
  }

  private static func lock(_ files: TestnetFiles, force: Bool?) async throws -> TestnetLock {
    let plan = try files.content().plan
    let homes = (plan?.members ?? []).map { files.folder.appending(path: $0.name) }
    return try await TestnetLock(folder: files.folder, homes: homes, force: force)
  }

  /// Starts every process, waits until the network is up, shows the demo if asked to, and runs until SIGTERM
  /// or SIGINT, or SIGHUP if that was not ignored before. Whatever happens, it stops every process at the end.
  ///
  /// - Parameters:
  ///   - demo: Whether to lease GPUs.
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
        await Self.waitForSignal(report)
        return .success(())
      }
      group.addTask {
        await Self.result {
          try await operate(demo: demo, check: check, statusInterval: statusInterval, report)
        }
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

  /// Waits for a signal that ends the network. Those that mean nothing to it are reported.
  private static func waitForSignal(_ report: TestnetReport) async {
    var signals: [UnixSignal] = [.sigterm, .sigint, .sigusr1, .sigusr2, .sigalrm]
    // `nohup` starts a program so that it goes on when the terminal closes.
    if !IgnoredSignals.contains(UnixSignal.sighup.rawValue) { signals.append(.sighup) }
    for await signal in await UnixSignalsSequence(trapping: signals) {
      guard [.sigterm, .sigint, .sighup].contains(signal) else {
        report(.ignored("\(signal)"))
        continue
      }
      report(.interrupted)
      return
    }
  }

  /// Waits until the network is up, stores the ports that the nodes have bound, and runs the demo if asked to.
  /// Then reports the status until cancelled; with `check` it returns instead.
  private func operate(
    demo: Bool,
    check: Bool,
    statusInterval: Duration,
    _ report: @escaping TestnetReport
  ) async throws {
    let clients = TestnetClients(homes: homes)
    try await clients.waitUntilReady(logs: folder.appending(path: "logs"))
    let plan = plan.withPorts { homes.home($0).readRuntime() }
    let bound = TestnetHomes(folder: folder, plan: plan)
    try bound.refresh()
    // A first node that is started again at another port finds the others by these.
    try bound.writeSeeds(plan.validators.map { ($0, "127.0.0.1:\($0.peerPort)") })
    try TestnetFiles(folder: folder).write(plan)
    report(.ready(plan))
    if demo || check {
      do {
        try await TestnetDemo(testnet: self, clients: clients, report: report).run(check: check)
      } catch let error where !check && !(error is CancellationError) {
        try Task.checkCancellation()
        report(.demoFailed("\(error)"))
      }
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
