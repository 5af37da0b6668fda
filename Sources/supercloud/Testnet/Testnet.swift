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
  static func prepare(
    folder: URL,
    validators: Int,
    providers: Int,
    tickMilliseconds: UInt64,
    reset: Bool
  ) throws -> Testnet {
    if reset { try? FileManager.default.removeItem(at: folder) }
    if var plan = TestnetPlan.read(folder) {
      try plan.refreshPorts()
      let homes = TestnetHomes(folder: folder, plan: plan)
      try homes.refresh()
      return Testnet(folder: folder, plan: plan, homes: homes)
    }
    let plan = try TestnetPlan(
      validators: validators,
      providers: providers,
      tickMilliseconds: tickMilliseconds
    )
    let homes = TestnetHomes(folder: folder, plan: plan)
    try homes.create()
    return Testnet(folder: folder, plan: plan, homes: homes)
  }

  /// Starts every process, shows the network, and stops every process, whatever happens.
  func run(demo: Bool, check: Bool) async throws {
    var children: [ChildProcess] = []
    var failure: (any Error)?
    do {
      for member in plan.members {
        children.append(
          try ChildProcess(
            name: member.name,
            arguments: ["start", "--exit-with-parent", "--home", homes.home(member).folder.path],
            log: homes.log(member)
          )
        )
      }
      let running = children
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await Self.waitForInterrupt() }
        group.addTask { try await show(running, demo: demo, check: check) }
        group.addTask { try await Self.watch(running) }
        try await group.next()
        group.cancelAll()
      }
    } catch is Interrupted {
      Console.line()
    } catch is CancellationError {
    } catch {
      failure = error
    }
    if failure == nil { Console.line("stopping \(children.count) processes") }
    for child in children.reversed() { child.stop() }
    for child in children { await child.waitForExit(within: 10) }
    if check, failure == nil { try? FileManager.default.removeItem(at: folder) }
    if let failure { throw failure }
  }

  private func show(_ children: [ChildProcess], demo: Bool, check: Bool) async throws {
    let clients = try Clients(plan: plan)
    try await clients.waitUntilReady(children)
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

  /// Ends with an error when a node ends by itself.
  private static func watch(_ children: [ChildProcess]) async throws {
    while true {
      try await Task.sleep(for: .milliseconds(250))
      for child in children where !child.isRunning {
        throw Failure(
          "\(child.name) ended by itself with status \(child.exitStatus)",
          why: "\n" + child.tail(),
          fix: "its log is \(child.log.path)"
        )
      }
    }
  }

  private static func waitForInterrupt() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { throw Interrupted() }
  }

  private struct Interrupted: Error {}
}

/// The HTTP ports of a testnet's nodes.
struct Clients {
  let nodes: [(member: TestnetPlan.Member, client: NodeClient)]

  init(plan: TestnetPlan) throws {
    nodes = try plan.members.map { ($0, try NodeClient("127.0.0.1:\($0.apiPort)")) }
  }

  func client(of name: String) throws -> NodeClient {
    guard let found = nodes.first(where: { $0.member.name == name }) else {
      throw Failure("there is no node \(name)")
    }
    return found.client
  }

  func statuses() async throws -> [Answer.Status] {
    try await withThrowingTaskGroup(of: (Int, Answer.Status).self) { group in
      for (index, node) in nodes.enumerated() {
        group.addTask { (index, try await node.client.get("/v1/status")) }
      }
      var found: [(Int, Answer.Status)] = []
      for try await status in group { found.append(status) }
      return found.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  /// Waits until every node has a block and knows every provider.
  func waitUntilReady(_ children: [ChildProcess]) async throws {
    let providers = nodes.filter { $0.member.role == "provider" }.count
    let deadline = Date().addingTimeInterval(60)
    var last = "no node answers"
    while Date() < deadline {
      if let statuses = try? await statuses() {
        let low = statuses.map(\.height).min() ?? 0
        let known: [Answer.Provider] = (try? await nodes.last?.client.get("/v1/providers")) ?? []
        let offering = known.filter { $0.endpoint != nil }.count
        if low > 0, statuses.allSatisfy({ $0.peers > 0 || nodes.count == 1 }), offering >= providers {
          return
        }
        last = "lowest height \(low), \(offering) of \(providers) providers known to the tenant"
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Failure(
      "the network did not come up within 60 s",
      why: last + "\n" + (children.first?.tail() ?? ""),
      fix: "the logs are in \(children.first?.log.deletingLastPathComponent().path ?? "logs")"
    )
  }

  /// One line that tells how the network is doing, until the task ends.
  func statusLine() async throws {
    guard let node = nodes.last else { return }
    while true {
      if let status: Answer.Status = try? await node.client.get("/v1/status") {
        let line =
          "height \(status.height)  tick \(status.tick)  block \(status.blockInterval) ms  peers \(status.peers)  "
          + "orders \(status.orders)  bids \(status.bids)  leases \(status.leases)  mempool \(status.mempoolTransactions)"
        if Console.isTerminal { Console.status(line) } else { Console.line(line) }
      }
      try await Task.sleep(for: Console.isTerminal ? .milliseconds(500) : .seconds(10))
    }
  }
}
