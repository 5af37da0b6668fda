import API
import ArgumentParser
import Bench
import Foundation
import Glibc
import Node
import Testnet

struct BenchCommand: AsyncParsableCommand {
  static let configuration = about(
    "Measure, on this machine, now.",
    named: "bench",
    [LoadCommand.self, LeasesCommand.self, SettlementCommand.self, SnapshotCommand.self, VotesCommand.self]
  )
}

/// Sends transfers to a running testnet and reports the results.
struct LoadCommand: AsyncParsableCommand {
  static let configuration = about(
    "Sign transfers ahead of time, drive a running testnet with them from this process, and report.",
    named: "load"
  )

  @Option(help: "How long to drive.") var seconds: UInt64 = 30
  @Option(help: "Transfers offered per second; 0 offers as many as the network takes.") var rate: UInt64 = 0
  @Option(help: "Connections, spread over the validators.") var connections = 8
  @Option(help: "Sending accounts.") var accounts = 64
  @Option(help: "Transfers signed ahead of time.") var signed = 200_000
  @OptionGroup var network: TestnetFolder
  @OptionGroup var output: OutputOption

  func validate() throws {
    guard connections > 0 else { throw ValidationError("--connections is at least 1") }
    guard accounts > 0 else { throw ValidationError("--accounts is at least 1") }
    guard signed >= 0 else { throw ValidationError("--signed is at least 0") }
  }

  func run() async throws {
    let home = network.home
    let folder = URL(filePath: home)
    guard let plan = TestnetPlan.read(folder) else {
      throw Failure(
        "there is no testnet in \(home)",
        why: "testnet.json is missing",
        fix: "start one: `supercloud testnet up --no-demo --home \(CommandText.quoted(home))`"
      )
    }
    let homes = TestnetHomes(folder: folder, plan: plan)
    let validators = plan.validators
    let nodes = try validators.map { member -> LoadRun.Node in
      guard let runtime = homes.home(member).readRuntime() else {
        throw Failure(
          "\(member.name) does not run",
          fix: "start the testnet: `supercloud testnet up --no-demo --home \(CommandText.quoted(home))`"
        )
      }
      let client = try NodeClient(runtime.apiAddress)
      return LoadRun.Node(name: member.name, client: client, process: runtime.process)
    }
    let load = LoadRun(
      nodes: nodes,
      offer: .init(
        seconds: seconds,
        rate: rate,
        connections: connections,
        accounts: accounts,
        transfers: signed
      ),
      faucet: try TestnetPlan.key(TestnetPlan.faucetIndex),
      note: { Console.note($0) }
    )
    let report = try await load.run()
    if output.isJSON { return try Console.json(report) }
    report.show()
  }
}

extension LoadReport {
  func show() {
    func text(_ value: Double, _ digits: Int = 1) -> String { String(format: "%.\(digits)f", value) }
    let limit = verifiesPerSecondPerCore * Double(cores) / Double(max(1, nodes.count))
    let share = 100 * committedPerSecond / max(1, limit)
    let interval = text(blockIntervalMilliseconds)
    Console.line(
      """
      committed        \(committed) of \(offered) offered in \(text(seconds)) s, \(refused) refused
      throughput       \(text(committedPerSecond, 0)) transfers/s
      signature limit  \(text(limit, 0)) transfers/s (\(cores) cores × \(text(verifiesPerSecondPerCore, 0)) checks/s / \
      \(nodes.count) nodes); reached \(text(share, 0)) %
      latency          p50 \(text(latencyP50Milliseconds)) ms, p95 \(text(latencyP95Milliseconds)) ms, \
      p99 \(text(latencyP99Milliseconds)) ms (submit to committed, \(latencySamples) samples)
      blocks           \(blocks), one every \(interval) ms
      CPU              \(text(cpuMicrosecondsPerTransaction)) µs per transfer, all nodes together
      """
    )
    Console.table(
      ["NODE", "CPU µs PER TRANSFER", "RESIDENT MiB"],
      nodes.map { [$0.name, text($0.cpuMicrosecondsPerTransaction), text($0.residentMebibytes)] }
    )
  }
}

/// Opens leases one by one on a running testnet: order, cheapest bid, agreement, closing.
struct LeasesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leases",
    abstract: "Order, take the cheapest bid, agree and close, many times; report the latencies.",
    discussion: """
      The times begin when the order is signed. The bids come over a stream from the tenant's node, as
      deploy follows them. No workload is started: no manifest is sent.
      """
  )

  @Option(help: "Leases.") var count = 200
  @Option(help: "Milliseconds to gather bids after the first; deploy waits 300.") var wait: UInt64 = 0
  @Option(help: "Seconds to wait for a bid.") var timeout: UInt64 = 30
  @Option(
    help: "The deploy.yaml; one with one group. Default: a small web service beside one GPU of any model.",
    completion: .file()
  )
  var file: String?
  @OptionGroup var network: TestnetFolder
  @OptionGroup var output: OutputOption

  func validate() throws {
    guard (1...100_000).contains(count) else { throw ValidationError("--count is between 1 and 100000") }
  }

  func run() async throws {
    let home = network.home
    let folder = URL(filePath: home)
    guard let plan = TestnetPlan.read(folder), let member = plan.validators.first,
      let runtime = TestnetHomes(folder: folder, plan: plan).home(member).readRuntime()
    else {
      throw Failure(
        "no testnet runs in \(home)",
        why: "there is no plan, or its first validator does not run",
        fix: "start one: `supercloud testnet up --no-demo --home \(CommandText.quoted(home))`"
      )
    }
    let key = try TestnetPlan.key(TestnetPlan.tenantIndex)
    let wallet = try await Wallet(key: key, client: NodeClient(runtime.apiAddress))
    let run = LeaseRun(wallet: wallet, request: try request(wallet), wait: wait, timeout: timeout)
    var samples: [LeaseRun.Sample] = []
    for number in 0..<count {
      samples.append(try await run.lease(UInt64(number)))
      if Console.isTerminal, !output.isJSON { Console.status("lease \(number + 1) of \(count)") }
    }
    let report = LeasesReport(samples)
    if Console.isTerminal, !output.isJSON { Console.status("") }
    if output.isJSON { try Console.json(report) } else { report.show() }
  }

  private func request(_ wallet: Wallet) throws -> LeaseRun.Request {
    let plan = try file.map { try DeployPlan(file: $0, wallet: wallet) } ?? Self.standard(wallet)
    guard let group = plan.groups.first, plan.groups.count == 1 else {
      throw Failure("the file has \(plan.groups.count) groups", fix: "one group is measured at a time")
    }
    return LeaseRun.Request(
      deployment: plan.deployment,
      group: group,
      denomination: plan.denomination,
      manifestHash: plan.manifestHash
    )
  }
}

extension LeasesCommand {
  /// The deployment that is measured when no file is named.
  private static func standard(_ wallet: Wallet) throws -> DeployPlan {
    let file = FileManager.default.temporaryDirectory.appending(path: "hello-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    try DemoDeployment.text(denomination: "uakt", amount: 5_000).write(
      to: file,
      atomically: true,
      encoding: .utf8
    )
    return try DeployPlan(file: file.path, wallet: wallet)
  }
}

extension LeasesReport {
  func show() {
    func line(_ name: String, _ values: Percentiles) {
      Console.line(
        name.padding(toLength: 26, withPad: " ", startingAt: 0)
          + "p50 \(values.p50) ms, p95 \(values.p95) ms, p99 \(values.p99) ms, most \(values.maximum) ms"
      )
    }
    Console.line("leases                    \(leases), \(String(format: "%.1f", bidsPerOrder)) bids an order")
    line("order → first bid", firstBid)
    line("order → committed lease", lease)
    line("agreement → block", agreement)
  }
}

/// Measures how long a vote waits at a validator whose links are flooded with transactions.
struct VotesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "votes",
    abstract: "Flood a validator's links with transactions and time how long a vote takes to be handled.",
    discussion: """
      A validator of four runs as a process of its own; this process is another validator of the set and a number of \
      full nodes, all over loopback sockets. The validator sends a signed vote and, behind it on the same link, a request \
      that the replica answers at once. The time from the vote to the answer is an upper bound of how long the vote \
      waited: it includes the check of its signature and the way back. The same is measured without and with a flood of \
      frames of transactions on every other link.

      On a machine that does other work the threads wait for a core, too; that wait is in the figures, and how long it was \
      altogether is printed. As root, the measured threads are given real-time priority, so that the wait is short.
      """
  )

  @Option(help: "Links that are flooded.") var links = 16
  @Option(help: "How long to measure with the flood, and as long again without.") var seconds: UInt64 = 10
  @Option(help: "Votes a second.") var rate: UInt64 = 200
  @Option(
    help: "The node program to measure, such as an older build. Default: this one.",
    completion: .file()
  )
  var program: String?
  @OptionGroup var output: OutputOption

  func run() async throws {
    func check(_ name: String, _ value: UInt64, _ range: ClosedRange<UInt64>) throws {
      guard !range.contains(value) else { return }
      let fix = "between \(range.lowerBound) and \(range.upperBound)"
      throw Failure.usage("--\(name) \(value) is out of range", fix: fix)
    }
    try check("links", UInt64(clamping: links), 0...48)
    try check("seconds", seconds, 1...600)
    try check("rate", rate, 1...500)
    let folder = FileManager.default.temporaryDirectory.appending(path: "supercloud-votes-\(getpid())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = VotesRun(
      folder: folder,
      links: links,
      rate: rate,
      program: program.map { URL(filePath: $0) },
      progress: { Console.note($0) }
    )
    let rows = try await run.measure(seconds: seconds)
    if output.isJSON { return try Console.json(rows) }
    func text(_ value: Double) -> String { String(format: "%.3f", value) }
    Console.table(
      [
        "links flooded", "MiB/s read", "votes", "p50 ms", "p99 ms", "max ms", "unanswered",
        "waited for a core",
      ],
      rows.map { row in
        [
          "\(row.floodedLinks)", String(format: "%.0f", row.mebibytesPerSecond), "\(row.votes)",
          text(row.p50Milliseconds), text(row.p99Milliseconds), text(row.maximumMilliseconds),
          "\(row.unanswered)", String(format: "%.1f %%", row.coreWaitPercent),
        ]
      }
    )
  }
}
