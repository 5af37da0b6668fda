import API
import ArgumentParser
import Bench
import Foundation
import Node
import Testnet

/// Sends transfers to a running testnet and reports the results.
struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Sign transfers ahead of time, drive a running testnet with them from this process, and report."
  )

  @Option(help: "How long to drive.") var seconds: UInt64 = 30
  @Option(help: "Transfers offered per second; 0 offers as many as the network takes.") var rate: UInt64 = 0
  @Option(help: "Connections, spread over the validators.") var connections = 8
  @Option(help: "Sending accounts.") var accounts = 64
  @Option(help: "Transfers signed ahead of time.") var signed = 200_000
  @Option(help: "The testnet's folder.")
  var home = FileManager.default.homeDirectoryForCurrentUser.appending(path: ".supercloud/testnet").path
  @Option(help: "table or json") var output: OutputFormat = .table

  func validate() throws {
    guard connections > 0 else { throw ValidationError("--connections is at least 1") }
    guard accounts > 0 else { throw ValidationError("--accounts is at least 1") }
    guard signed >= 0 else { throw ValidationError("--signed is at least 0") }
  }

  func run() async throws {
    let folder = URL(filePath: home)
    guard let plan = TestnetPlan.read(folder) else {
      throw Failure(
        "there is no testnet in \(home)",
        why: "testnet.json is missing",
        fix: "start one: Testnet/run --reset --no-demo"
      )
    }
    let homes = TestnetHomes(folder: folder, plan: plan)
    let validators = plan.validators
    let nodes = try validators.map { member -> LoadRun.Node in
      guard let runtime = homes.home(member).readRuntime() else {
        throw Failure("\(member.name) does not run", fix: "start the testnet: Testnet/run --no-demo")
      }
      return LoadRun.Node(
        name: member.name,
        client: try NodeClient(runtime.apiAddress),
        process: runtime.process
      )
    }
    let load = LoadRun(
      nodes: nodes,
      offer: .init(
        seconds: seconds,
        rate: rate,
        connections: connections,
        accounts: accounts,
        signed: signed
      ),
      faucet: try TestnetPlan.key(TestnetPlan.faucetIndex),
      note: { Console.note($0) }
    )
    let report = try await load.run()
    if output == .json { return try Console.json(report) }
    report.show()
  }
}

extension LoadReport {
  func show() {
    func text(_ value: Double, _ digits: Int = 1) -> String { String(format: "%.\(digits)f", value) }
    let limit = verifiesPerSecondPerCore * Double(cores) / Double(max(1, nodes.count))
    Console.line(
      "committed        \(committed) of \(offered) offered in \(text(seconds)) s, \(refused) refused"
    )
    Console.line("throughput       \(text(committedPerSecond, 0)) transfers/s")
    Console.line(
      "signature limit  \(text(limit, 0)) transfers/s (\(cores) cores × \(text(verifiesPerSecondPerCore, 0)) checks/s / \(nodes.count) nodes); reached \(text(100 * committedPerSecond / max(1, limit), 0)) %"
    )
    Console.line(
      "latency          p50 \(text(latencyP50Milliseconds)) ms, p95 \(text(latencyP95Milliseconds)) ms, p99 \(text(latencyP99Milliseconds)) ms (submit to committed, \(latencySamples) samples)"
    )
    Console.line("blocks           \(blocks), one every \(text(blockIntervalMilliseconds)) ms")
    Console.line(
      "CPU              \(text(cpuMicrosecondsPerTransaction)) µs per transfer, all nodes together"
    )
    Console.table(
      ["NODE", "CPU µs PER TRANSFER", "RESIDENT MiB"],
      nodes.map { [$0.name, text($0.cpuMicrosecondsPerTransaction), text($0.residentMebibytes)] }
    )
  }
}
