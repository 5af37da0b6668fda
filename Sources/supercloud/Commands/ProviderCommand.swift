import API
import ArgumentParser
import Chain
import Foundation
import Node
import Primitives
import Provider

struct ProviderCommand: AsyncParsableCommand {
  static let configuration = about(
    "Offer GPUs for lease.",
    named: "provider",
    [Init.self, Status.self, Decisions.self, Leave.self]
  )

  struct Init: AsyncParsableCommand {
    static let configuration = about(
      "Make a node a provider: writes provider.toml and the [provider] section of config.toml."
    )

    @Option(help: "The host that tenants reach this machine at.") var host = "127.0.0.1"
    @Option(help: "The name of the key that bids and is paid.") var account = "provider"
    @Option(help: "GPUs to declare: COUNT,MODEL,MEMORY,INTERFACE such as 2,rtx3090,24Gi,pcie.") var gpu:
      [String] = []
    @Option(help: "Price of one GPU per hour, in AKT and USDC.") var hourly = "0.50"
    @OptionGroup var home: HomeOption
    @OptionGroup var output: OutputOption

    func run() async throws {
      let home = try home.existing { "make one: `supercloud init --role provider --home \($0)`" }
      let file = home.folder.appending(path: "provider.toml")
      guard !FileManager.default.fileExists(atPath: file.path) else {
        let why = "an existing file is not overwritten"
        throw Failure("\(file.path) exists", why: why, fix: "edit it, or move it away")
      }
      let hourly = try parsed(hourly, "a price", fix: "a decimal above zero with a point, such as 0.50") {
        Decimal18($0).flatMap { $0.isZero ? nil : $0 }
      }
      let gpus = try gpu.map { try Self.gpu($0) }
      let settings = ProviderSettings.defaults(
        gpus: gpus,
        cpuMillis: UInt64(ProcessInfo.processInfo.activeProcessorCount) * 1_000,
        memoryBytes: ProcessInfo.processInfo.physicalMemory / 2,
        hourly: hourly
      )
      try settings.validate()
      try settings.text.write(to: file, atomically: true, encoding: .utf8)
      var configuration = try NodeConfiguration.read(home.configuration)
      configuration.node.role = "provider"
      configuration.provider = .init(account: account, host: host)
      try configuration.text.write(to: home.configuration, atomically: true, encoding: .utf8)
      try output.show(["settings": file.path, "account": account], ["settings  \(file.path)"])
      let place = CommandText.quoted(home.folder.path)
      Console.note(
        "next: `supercloud keys add \(account) --home \(place)`, fund it, `supercloud start --home \(place)`"
      )
    }

    private static func gpu(_ text: String) throws -> GPUSetting {
      let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 4, let count = UInt32(parts[0]) else {
        let fix = "COUNT,MODEL,MEMORY,INTERFACE such as 2,rtx3090,24Gi,pcie"
        throw Failure.usage("`\(text)` is not a GPU", fix: fix)
      }
      let (model, memory, interface) = (parts[1], parts[2], parts[3])
      return GPUSetting(vendor: "nvidia", model: model, memory: memory, interface: interface, count: count)
    }
  }

  struct Status: AsyncParsableCommand {
    static let configuration = about("Leases, open bids, and which limits the driver enforces.")

    @OptionGroup var node: NodeOption

    func run() async throws {
      let status: Answer.ProviderStatus = try await node.get("/v1/provider/status")
      if node.output == .json { return try Console.json(status) }
      let state = !status.ready ? "starting" : status.obstacle == nil ? "bidding" : "not bidding"
      Console.line("provider   \(status.provider)  (\(state))")
      if let obstacle = status.obstacle { Console.line("why        it \(obstacle)") }
      Console.line("open bids  \(status.openBids)\n")
      Console.table(
        ["LEASE", "STATE", "MESSAGE", "DEVICES"],
        status.leases.map { [$0.lease, $0.state, $0.message, $0.devices.joined(separator: ", ")] }
      )
      Console.line()
      Console.table(
        ["LIMIT", "ENFORCED", "HOW"],
        status.capabilities.map { [$0.name, $0.enforced ? "yes" : "no", $0.detail] }
      )
      for line in status.reconciliation { Console.line("at the start: \(line)") }
    }
  }

  struct Decisions: AsyncParsableCommand {
    static let configuration = about("Why this provider bid or did not, for every order of the last day.")

    @Option(help: "Only this order: its identifier or first digits.") var order: String?
    @OptionGroup var node: NodeOption

    func run() async throws {
      let decisions: [Answer.Decision] = try await node.get("/v1/provider/decisions", [("order", order)])
      try show(decisions, node)
    }
  }

  struct Leave: AsyncParsableCommand {
    static let configuration = about(
      "Remove the provider from the registry. Rejected while it has active leases."
    )

    @OptionGroup var signer: SignerOption

    func run() async throws {
      try await signer.send("removed in block") { .leaveProvider(owner: $0) }
    }
  }
}

/// Programs that come with supercloud and that providers run as images.
struct WorkloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workload",
    abstract: "Run a built-in workload.",
    shouldDisplay: false,
    subcommands: [Hello.self, Enter.self, Forward.self]
  )

  struct Hello: AsyncParsableCommand {
    static let configuration = about("The demo service: answers HTTP at PORT.")

    func run() async throws {
      guard let port = ProcessInfo.processInfo.environment["PORT"].flatMap({ Int($0) }) else {
        throw Failure.usage("PORT is not set", why: "a provider tells its workloads which port to listen on")
      }
      try await HelloWorkload.run(port: port)
    }
  }

  struct Enter: ParsableCommand {
    static let configuration = about(
      "For providers: prepare a network namespace, limit what follows, and become a command."
    )

    @Option(help: "Processes and threads in all.") var processes: UInt64?
    @Option(help: "Bytes of data of each process.") var memory: UInt64?
    @Option(help: "What to forward, as the provider writes it.") var rule: [String] = []
    @Argument(parsing: .postTerminator, help: "A program's path, and its arguments.") var command: [String]

    func run() throws {
      try NamespaceEntry.enter(processes: processes, memoryBytes: memory, rules: rule, command: command)
    }
  }

  struct Forward: ParsableCommand {
    static let configuration = about("For providers: carry connections into a network namespace.")

    @Option(help: "The process with which it ends.") var parent: Int32
    @Argument(help: "What to forward.") var rules: [String]

    func run() throws {
      try NamespaceEntry.forward(parent: parent, rules: rules)
    }
  }
}
