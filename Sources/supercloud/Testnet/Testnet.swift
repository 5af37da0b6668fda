import API
import ArgumentParser
import Cryptography
import Foundation
import Glibc
import Node
import Primitives
import UnixSignals

/// A running local network: its processes, and what is shown of them.
struct Testnet {
  let folder: URL
  let plan: TestnetPlan
  let homes: TestnetHomes

  /// Makes or resumes the network of `folder`.
  ///
  /// Throws `Failure` when the folder holds something else, or a network of another shape than asked for.
  static func prepare(folder: URL, options: TestnetOptions, reset: Bool) throws -> Testnet {
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
      try plan.mustMatch(options)
      try plan.refreshPorts()
      let homes = TestnetHomes(folder: folder, plan: plan)
      try homes.refresh()
      return Testnet(folder: folder, plan: plan, homes: homes)
    }
    let plan = try TestnetPlan(
      validators: options.validators ?? 4,
      providers: options.providers ?? 3,
      tickMilliseconds: options.tick ?? 1_000
    )
    let homes = TestnetHomes(folder: folder, plan: plan)
    try homes.create()
    return Testnet(folder: folder, plan: plan, homes: homes)
  }

  /// Starts every process, shows the network, and stops every process, whatever happens.
  func run(demo: Bool, check: Bool, clockOffsets: [Int64] = []) async throws {
    let processes = TestnetProcesses(testnet: self, restarts: !check, clockOffsets: clockOffsets)
    var failure: (any Error)?
    do {
      try processes.start()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await Self.waitForInterrupt() }
        group.addTask { try await show(processes, demo: demo, check: check) }
        group.addTask { try await processes.watch() }
        try await group.next()
        group.cancelAll()
      }
    } catch is Interrupted {
      Console.line()
    } catch is CancellationError {
    } catch {
      failure = error
    }
    if failure == nil { Console.line("stopping \(plan.members.count) processes") }
    await processes.stop()
    if check, failure == nil { try? FileManager.default.removeItem(at: folder) }
    if let failure { throw failure }
  }

  private func show(_ processes: TestnetProcesses, demo: Bool, check: Bool) async throws {
    let clients = try Clients(plan: plan)
    try await clients.waitUntilReady(processes)
    banner()
    if demo || check {
      let demo = TestnetDemo(testnet: self, clients: clients)
      try await demo.run(check: check)
    }
    guard !check else { return }
    Console.line("\nThe network runs until Ctrl-C. Try: \(Self.example(plan, homes))")
    try await clients.statusLine()
  }

  private func banner() {
    Console.line(
      "supercloud testnet   chain \(plan.chain)   tick \(plan.tickMilliseconds) ms   \(folder.path)\n"
    )
    Console.line("Accounts of the public test mnemonic (23 × abandon, then art): never use them elsewhere")
    let accounts: [(String, UInt32)] = [
      ("faucet", TestnetPlan.faucetIndex), ("tenant", TestnetPlan.tenantIndex),
      ("tenant 2", TestnetPlan.secondTenantIndex),
    ]
    var rows: [[String]] = []
    for (name, index) in accounts {
      guard let key = try? TestnetPlan.key(index) else { continue }
      rows.append([name, key.address.text(), "m/44'/118'/\(index)'/0'/0'", Hex.encode(key.seed())])
    }
    Console.table(["NAME", "ADDRESS", "PATH", "PRIVATE KEY (SEED)"], rows, indent: "  ")
    Console.line("\nNodes")
    Console.table(
      ["NAME", "ROLE", "HARDWARE (DECLARED)", "PEERS", "HTTP", "LOG"],
      plan.members.map { member in
        [
          member.name, member.role, member.hardware ?? "", "127.0.0.1:\(member.peerPort)",
          "http://127.0.0.1:\(member.apiPort)", homes.log(member).path,
        ]
      },
      indent: "  "
    )
    Console.line()
  }

  private static func example(_ plan: TestnetPlan, _ homes: TestnetHomes) -> String {
    guard let tenant = plan.member("tenant") else { return "supercloud status" }
    return "supercloud market gpus --home \(homes.home(tenant).folder.path)"
  }

  private static func waitForInterrupt() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { throw Interrupted() }
  }

  private struct Interrupted: Error {}
}
