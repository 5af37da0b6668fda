import API
import ArgumentParser
import Bench
import Foundation
import Node
import Testnet

/// Opens leases one after the other on a running testnet: publishes an order, accepts the cheapest bid,
/// agrees, closes.
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
  @Option(help: "The deploy.yaml; one with one group.") var file = "Testnet/hello.yaml"
  @Option(help: "The testnet's folder.")
  var home = FileManager.default.homeDirectoryForCurrentUser.appending(path: ".supercloud/testnet").path
  @Option(help: "table or json") var output: OutputFormat = .table

  func validate() throws {
    guard (1...100_000).contains(count) else { throw ValidationError("--count is between 1 and 100000") }
  }

  func run() async throws {
    let folder = URL(filePath: home)
    guard let plan = TestnetPlan.read(folder), let member = plan.validators.first,
      let runtime = TestnetHomes(folder: folder, plan: plan).home(member).readRuntime()
    else {
      throw Failure(
        "no testnet runs in \(home)",
        why: "there is no plan, or its first validator does not run",
        fix: "start one: supercloud testnet up --no-demo --home \(home)"
      )
    }
    let wallet = try await Wallet(
      key: TestnetPlan.key(TestnetPlan.tenantIndex),
      client: NodeClient(runtime.apiAddress)
    )
    let run = LeaseRun(wallet: wallet, request: try request(wallet), wait: wait, timeout: timeout)
    var samples: [LeaseRun.Sample] = []
    for number in 0..<count {
      samples.append(try await run.lease(UInt64(number)))
      if Console.isTerminal, output == .table { Console.status("lease \(number + 1) of \(count)") }
    }
    let report = LeasesReport(samples)
    if Console.isTerminal, output == .table { Console.status("") }
    if output == .json { try Console.json(report) } else { report.show() }
  }

  private func request(_ wallet: Wallet) throws -> LeaseRun.Request {
    let plan = try DeployPlan(file: file, wallet: wallet)
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
