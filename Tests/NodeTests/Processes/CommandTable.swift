import API
import Foundation
import Glibc
import Testing

/// All commands of the program with arguments, each run with `--output json` against a network.
final class CommandTable {
  private let network: LocalNetwork
  /// The commands that were run.
  private(set) var names: Set<String> = []
  /// The consensus key of a home that was made and never started.
  private var freeKey = ""
  private var processes: [Process] = []

  init(_ network: LocalNetwork) {
    self.network = network
  }

  func stop() {
    for process in processes where process.isRunning { kill(process.processIdentifier, SIGKILL) }
    for process in processes { process.waitUntilExit() }
  }

  private func path(_ name: String) -> String { network.folder.appending(path: name).path }

  @discardableResult
  func run(
    _ name: String,
    _ arguments: [String] = [],
    fails status: Int32 = 0,
    location: SourceLocation = #_sourceLocation
  ) async throws -> Any? {
    names.insert(name)
    let words = name.split(separator: " ").map(String.init) + arguments
    return try await JSONAnswer.of(words, fails: status, location: location)
  }

  /// Runs a command at a node's home.
  @discardableResult
  private func run(
    at home: String,
    _ name: String,
    _ arguments: [String] = [],
    fails status: Int32 = 0,
    location: SourceLocation = #_sourceLocation
  ) async throws -> Any? {
    try await run(name, arguments + ["--home", network.home(home)], fails: status, location: location)
  }

  private func write(_ text: String, _ name: String) throws -> String {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    return path(name)
  }

  // MARK: Without a node

  func runWithoutNode() async throws {
    let file = try write(Fixture.deployment(), "good.yaml")
    for name in ["check", "fix", "explain", "groups", "manifest", "canonical", "hash"] {
      try await run("sdl \(name)", [file])
    }
    try await run("sdl fix", [file, file])
    let home = ["--home", path("made")]
    try await run("init", ["--network", path("network"), "--role", "validator"] + home)
    for name in ["config check", "config show", "keys list", "provider init"] { try await run(name, home) }
    try await run("keys add", ["one", "--unprotected"] + home)
    try await run("keys show", ["one"] + home)
    try await run("keys delete", ["one", "--yes"] + home)
    try await runGenesis()
    let other = ["--home", path("other")]
    try await run("testnet init", ["--validators", "1", "--providers", "0"] + other)
    try await run("testnet purge", other)
    try await runSimulations()
  }

  private func runGenesis() async throws {
    let definition = path("definition")
    try FileManager.default.copyItem(atPath: path("network"), toPath: definition)
    try await run("genesis check", [definition])
    let account = try address("tenant")
    try await run("genesis set-time", [definition, "2026-12-01T00:00:00Z"])
    try await run("genesis add-account", [definition, account, "1000000uakt"])
    let made = try await JSONAnswer.of([
      "init", "--network", path("network"), "--role", "validator", "--home", path("joining"),
    ])
    freeKey = try #require((made as? [String: Any])?["consensus_key"] as? String)
    try await run(
      "genesis add-validator",
      [definition, "--operator", account, "--key", freeKey, "--moniker", "five", "--stake", "1000000uakt"]
    )
  }

  private func runSimulations() async throws {
    try await run("simulate network", ["--seed", "1", "--duration", "2s", "--faults", "none"])
    let story = #"""
      {"takeRates": {"uakt": 400}, "payoutInterval": 600, "accounts": {"alice": {"uakt": "1000000"}},
       "steps": [{"tick": 0, "do": "open", "deployment": "d1", "tenant": "alice", "deposit": "1000uakt",
                  "leases": [{"provider": "p1", "price": "2.5uakt"}]}], "untilTick": 10}
      """#
    try await run("simulate ledger", [try write(story, "story.json")])
    try await run("simulate gossip", ["--peers", "20", "--messages", "4", "--warm-up", "2"])
    try await run("bench settlement", ["--leases", "1000"])
    try await run("bench snapshot", ["--leases", "1000"])
    try await run("bench votes", ["--seconds", "1", "--links", "1"])
  }

  // MARK: With a node

  private func address(_ name: String) throws -> String {
    let file = network.home(name) + "/keys/main.account"
    return try String(String(contentsOfFile: file, encoding: .utf8).prefix { $0 != " " })
  }

  func runAsTenant() async throws {
    let at = "tenant"
    for name in [
      "status", "peers", "query block", "query parameters", "query currencies", "query validators",
      "query take",
      "query income", "query providers", "query peers", "denom list", "market gpus", "account show",
      "grant list",
      "validator list", "stake show", "gov list", "gov params", "audit list", "debug audit",
    ] {
      try await run(at: at, name)
    }
    try await run(at: at, "peers", ["--traffic"])
    try await run(at: at, "denom show", ["uusdc"])
    try await runOrders()
    let file = try write(Fixture.deployment(), "good.yaml")
    try await run(at: at, "market why-not", [file])
    let report = try await run(at: at, "deploy", [file, "--yes"]) as? [String: Any]
    let dseq = try #require(report?["dseq"] as? UInt64).description
    for name in ["lease show", "lease status", "lease logs", "deployment show"] {
      try await run(at: at, name, [dseq])
    }
    for name in ["lease list", "deployment list"] { try await run(at: at, name) }
    try await run(at: at, "lease send-manifest", [dseq, file])
    try await run(at: at, "deployment deposit", [dseq, "1000000uakt"])
    let other = try write(Fixture.deployment().replacing("port: 8080", with: "port: 8081"), "update.yaml")
    try await run(at: at, "deployment update", [dseq, other])
    let provider = try #require(network.plan.members.first { $0.role == "provider" }?.name)
    try await run(
      at: provider,
      "lease withdraw",
      [dseq, "--owner", try address("tenant"), "--from", "provider"]
    )
    try await run(at: at, "lease close", [dseq])
    try await run(at: at, "deployment order", [dseq, other, "--yes"])
    try await run(at: at, "deployment close", [dseq])
    try await network.endWorkloads()
  }

  /// An order that nobody bids on stays in the book while its `deploy` waits.
  private func runOrders() async throws {
    let file = try write(Fixture.deployment(gpu: "b200"), "rare.yaml")
    let arguments = ["deploy", file, "--yes", "--timeout", "80", "--home", network.home("tenant")]
    let deploy = Program.process(arguments)
    deploy.standardOutput = FileHandle.nullDevice
    deploy.standardError = FileHandle.nullDevice
    try deploy.run()
    processes.append(deploy)
    var order: String?
    try await network.expect("the order is in the book") {
      let orders: [Answer.Order] = try await network.list("tenant", "/v1/orders")
      order = orders.first?.identifier
      return order != nil
    }
    let identifier = try #require(order)
    try await run(at: "tenant", "order list")
    for name in ["order show", "bid list"] { try await run(at: "tenant", name, [identifier]) }
    let provider = try #require(network.plan.members.first { $0.role == "provider" }?.name)
    try await run(at: provider, "order why-not", [identifier])
    try await run(at: provider, "provider decisions")
    try await run(at: provider, "provider status")
    try await run(at: "tenant", "order cancel", [identifier])
    kill(deploy.processIdentifier, SIGKILL)
  }

  func runAsOthers() async throws {
    let validator = "validator-1"
    let operatorAddress = try address(validator)
    let tenant = try address("tenant")
    let paid = try await run(at: "tenant", "account send", [operatorAddress, "5uakt"]) as? [String: Any]
    let hash = try #require(paid?["hash"] as? String)
    try await run(at: "tenant", "query transaction", [hash])
    try await run(at: validator, "account faucet", [tenant])
    for name in ["grant fee", "grant deposit"] {
      try await run(at: "tenant", name, [operatorAddress, "5000uakt"])
    }
    try await run(at: "tenant", "grant revoke", ["fee", operatorAddress, "uakt"])
    // The tenant is no issuer, is in no jail, and has no rewards: what a ledger refuses is JSON as well.
    for name in ["denom mint", "denom burn"] { try await run(at: "tenant", name, ["5uusdc"], fails: 1) }
    try await run(at: validator, "validator unjail", fails: 1)
    try await run(at: "tenant", "stake delegate", [operatorAddress, "2000000uakt"])
    try await run(at: "tenant", "stake undelegate", [operatorAddress, "1000000uakt"])
    try await run(at: "tenant", "stake withdraw", [operatorAddress])
    try await run(at: validator, "validator show", [operatorAddress])
    try await run(at: validator, "validator edit", ["--details", "the first"])
    try await run(at: "tenant", "stake redelegate", [operatorAddress, tenant, "1uakt"], fails: 1)
    try await run(
      at: "tenant",
      "validator create",
      ["5000000uakt", "--moniker", "small", "--consensus-key", freeKey]
    )
    try await run(at: validator, "gov submit", ["--title", "A text", "--text", "that it be so"])
    try await run(at: validator, "gov deposit", ["1", "1000000uakt"])
    try await run(at: validator, "gov vote", ["1", "yes"])
    try await run(at: validator, "gov show", ["1"])
    let provider = try #require(network.plan.members.first { $0.role == "provider" }?.name)
    let keys = try await run("keys show", ["provider", "--home", network.home(provider)]) as? [String: Any]
    let owner = try #require(keys?["address"] as? String)
    try await run(at: "tenant", "audit sign", [owner, "region=eu"])
    try await run(at: "tenant", "audit withdraw", [owner])
    for name in ["bench load", "bench leases"] {
      let arguments =
        name == "bench load"
        ? ["--seconds", "1", "--signed", "200", "--accounts", "4"]
        : ["--count", "1", "--file", path("good.yaml")]
      try await run(name, arguments + ["--home", network.folder.path])
    }
    try await network.endWorkloads()
    try await run(at: provider, "provider leave", ["--from", "provider"])
  }

  func runProofs() async throws {
    let file = path("balance.json")
    try await run(
      at: "tenant",
      "query proof",
      ["balance", "\(try address("tenant"))/uakt", "--file", file]
    )
    try await run("verify", [file, "--trusted", path("network")])
    try await run(at: "tenant", "light", ["--genesis", path("network")])
  }
}
