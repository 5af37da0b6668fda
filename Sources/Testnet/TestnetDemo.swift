import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Subprocess

/// The demo of a testnet: a deployment paid in AKT, one paid in USDC, their web pages, and how the money
/// moved. What an earlier run has deployed is shown again, and not deployed anew.
struct TestnetDemo {
  let testnet: LocalTestnet
  let clients: TestnetClients
  let report: TestnetReport

  /// A deployment of the demo and its results.
  struct Deployed {
    var label: String
    /// The highest price in the order, in smallest units per tick.
    var limit: UInt64
    var report: DeployReport
  }

  /// One of the demo's deployments.
  private struct Part {
    var currency: String
    var denomination: String
    var file: String
    /// Whether the GPU that costs most is leased, or the one that costs least.
    var leasesDearest: Bool
  }

  private static let parts = [
    Part(currency: "AKT", denomination: "uakt", file: "demo-akt.yaml", leasesDearest: true),
    Part(currency: "USDC", denomination: "uusdc", file: "demo-usdc.yaml", leasesDearest: false),
  ]

  /// Leases what the providers have, unless the tenant has deployed in that currency in an earlier run.
  ///
  /// - Throws: With `check`, when a deployment fails, a number is wrong or no provider bids; without it, such a failure
  ///   is reported.
  func run(check: Bool) async throws {
    let present = try await deployments()
    let obstacle = await obstacle()
    if let obstacle {
      guard !check else { throw Failure("the demo leases nothing", why: obstacle) }
      report(.notLeased("anything new", reason: obstacle))
    }
    var deployed: [Deployed] = []
    var active: [DeploymentNumber] = []
    for part in Self.parts {
      if let kept = Self.newest(present, part) {
        if try await show(kept, part) { active.append(.init(owner: kept.owner, dseq: kept.dseq)) }
        continue
      }
      guard obstacle == nil else { continue }
      do {
        guard let done = try await deploy(part, after: deployed) else { continue }
        deployed.append(done)
        active.append(.init(owner: done.report.owner, dseq: done.report.dseq))
        for url in done.report.leases.flatMap(\.urls) {
          report(.answered(url: url, page: try await Self.fetch(url)))
        }
      } catch let error where !check && !(error is CancellationError) {
        try Task.checkCancellation()
        report(.demoFailed("\(error)"))
      }
    }
    // What else the tenant has leased by hand is shown with the demo's.
    active += present.filter { kept in Self.isActive(kept) && !active.contains { $0.dseq == kept.dseq } }
      .map { .init(owner: $0.owner, dseq: $0.dseq) }
    if !active.isEmpty { try await settle(active) }
    guard check else { return }
    try await TestnetCheck(demo: self, deployed: deployed).run()
  }

  private var tenant: Home {
    get throws {
      guard let tenant = testnet.plan.member("tenant") else { throw Failure("the plan has no tenant") }
      return testnet.homes.home(tenant)
    }
  }

  private func command(_ part: Part) throws -> [String] {
    ["deploy", testnet.folder.appending(path: part.file).path, "--home", try tenant.folder.path, "--yes"]
  }

  /// The program's command line with `arguments`, for a shell.
  private static func text(_ arguments: [String]) -> String {
    (["supercloud"] + arguments.map { CommandText.quoted($0) }).joined(separator: " ")
  }

  // MARK: What is there

  /// Why no provider bids on this network, in the words of the first; nil when one bids, or does not answer.
  private func obstacle() async -> String? {
    var first: String?
    for member in testnet.plan.providers {
      guard let client = try? clients.client(of: member),
        let status: Answer.ProviderStatus = try? await client.get("/v1/provider/status"),
        let obstacle = status.obstacle
      else { return nil }
      if first == nil { first = "\(member.name) \(obstacle)" + advice(member) }
    }
    return first
  }

  /// What to do about a network that an earlier version made: its chain counts as a public one.
  private func advice(_ member: TestnetPlan.Member) -> String {
    let definition = try? NetworkDefinition(at: testnet.homes.home(member).network)
    guard let definition, !definition.genesis.isLocal else { return "" }
    let path = CommandText.quoted(testnet.folder.path)
    return "; this network was made before its genesis.json said `local`, and "
      + "`supercloud testnet up --reset --home \(path)` makes it anew"
  }

  /// The tenant's deployments.
  private func deployments() async throws -> [Answer.Deployment] {
    let owner = try TestnetPlan.key(TestnetPlan.tenantIndex).address.text()
    let page: Answer.Page<Answer.Deployment> =
      try await clients.client(of: "tenant").get("/v1/deployments", [("owner", owner)])
    return page.items
  }

  /// The newest deployment that is paid as `part` is; one that is active goes before those that are closed.
  private static func newest(_ present: [Answer.Deployment], _ part: Part) -> Answer.Deployment? {
    let matching = present.filter { $0.denomination == part.denomination }
    return matching.filter(isActive).max { $0.dseq < $1.dseq } ?? matching.max { $0.dseq < $1.dseq }
  }

  private static func isActive(_ deployment: Answer.Deployment) -> Bool {
    deployment.state == "active" && deployment.leases.contains { $0.state == "active" }
  }

  /// Shows a deployment of an earlier run; returns whether it is still leased.
  private func show(_ kept: Answer.Deployment, _ part: Part) async throws -> Bool {
    guard Self.isActive(kept) else {
      try write(part, DemoDeployment.text(denomination: part.denomination, amount: 5_000), unlessThere: true)
      report(.kept(kept, command: Self.text(try command(part))))
      return false
    }
    let status = ["lease", "status", String(kept.dseq), "--home", try tenant.folder.path]
    report(.kept(kept, command: Self.text(status)))
    // It says on standard error when the provider does not answer; that ends nothing here.
    _ = try await OwnProgram.run(status)
    try Task.checkCancellation()
    return true
  }

  /// The GPU on offer that `part` leases, with its price per tick; nil when none is free. What `deployed` has
  /// leased in this run may not be subtracted from the offers yet.
  private func offer(_ part: Part, after deployed: [Deployed]) async throws -> (
    gpu: Answer.GPU, price: Decimal18
  )? {
    let all: [Answer.GPU] = try await clients.client(of: "tenant").get("/v1/market/gpus")
    let leased = deployed.flatMap { $0.report.leases.flatMap(\.gpus) }
    let offers = all.compactMap { gpu -> (gpu: Answer.GPU, price: Decimal18)? in
      let taken = leased.count { $0.contains(" \(gpu.model) ") }
      guard Int(gpu.free) > taken,
        let price = gpu.prices.first(where: { $0.denomination == part.denomination })
          .flatMap({ Decimal18($0.lowest) })
      else { return nil }
      return (gpu, price)
    }
    return part.leasesDearest ? offers.max { $0.price < $1.price } : offers.min { $0.price < $1.price }
  }

  // MARK: Deploying

  /// Deploys `part`; nil when there is no GPU for it, which is reported.
  ///
  /// - Throws: `Failure` when the command fails.
  private func deploy(_ part: Part, after deployed: [Deployed]) async throws -> Deployed? {
    guard let (gpu, price) = try await offer(part, after: deployed) else {
      let providers = testnet.plan.providers.count
      let reason =
        providers == 0
        ? "the network has no provider" : "no provider has a GPU free at a price in \(part.currency)"
      report(.notLeased("a GPU, paid in \(part.currency)", reason: reason))
      return nil
    }
    // The price of the GPU alone is on offer; processor and memory come to it.
    let limit = max(5_000, UInt64(clamping: price.raw / Decimal18.one * 2))
    let text = DemoDeployment.text(
      vendor: gpu.vendor,
      model: gpu.model,
      denomination: part.denomination,
      amount: limit
    )
    try write(part, text)
    let label = "a GPU \(gpu.model), paid in \(part.currency)"
    let command = try command(part)
    let file = testnet.folder.appending(path: part.file + ".json")
    report(.deploying(label, command: Self.text(command)))
    let ended = try await OwnProgram.run(command + ["--report", file.path])
    try Task.checkCancellation()
    guard ended.isSuccess else {
      throw Failure("the deployment failed", why: "`deploy` ended \(ended.words), see above")
    }
    let decoded = try JSONDecoder().decode(DeployReport.self, from: Data(contentsOf: file))
    return Deployed(label: label, limit: limit, report: decoded)
  }

  private func write(_ part: Part, _ text: String, unlessThere: Bool = false) throws {
    let file = testnet.folder.appending(path: part.file)
    if unlessThere, FileManager.default.fileExists(atPath: file.path) { return }
    try text.write(to: file, atomically: true, encoding: .utf8)
  }

  static func fetch(_ url: String) async throws -> String {
    let client = try NodeClient(url)
    return try await client.text("/")
  }

  // MARK: The money

  /// An owner's deployment.
  struct DeploymentNumber {
    var owner: String
    var dseq: UInt64
  }

  /// Waits up to 40 s until every lease has had a payout, and reports where the money is.
  private func settle(_ deployed: [DeploymentNumber]) async throws {
    let client = try clients.client(of: "tenant")
    report(.waitingForPayouts)
    let deadline = ContinuousClock.now + .seconds(40)
    var leases: [Answer.Lease] = []
    repeat {
      try await Task.sleep(for: .milliseconds(200))
      leases = try await Self.leases(deployed, client)
      if leases.count == deployed.count, leases.allSatisfy({ (UInt64($0.fee) ?? 0) > 0 }) { break }
    } while ContinuousClock.now < deadline
    let takes: [Answer.Take] = try await client.get("/v1/take")
    let status: Answer.Status = try await client.get("/v1/status")
    var settlement = TestnetSettlement(tick: status.tick, leases: [], takes: takes, audit: [])
    for lease in leases {
      let deployment: Answer.Deployment = try await client.get("/v1/deployments/\(lease.owner)/\(lease.dseq)")
      settlement.leases.append(.init(lease: lease, escrowFunds: deployment.escrow.funds))
    }
    settlement.audit = try await client.get("/v1/audit")
    report(.settled(settlement))
  }

  /// The newest lease of each deployment.
  static func leases(_ deployed: [DeploymentNumber], _ client: NodeClient) async throws -> [Answer.Lease] {
    var leases: [Answer.Lease] = []
    for number in deployed {
      let deployment: Answer.Deployment = try await client.get(
        "/v1/deployments/\(number.owner)/\(number.dseq)"
      )
      let active = deployment.leases.filter { $0.state == "active" }
      if let newest = (active.isEmpty ? deployment.leases : active).last { leases.append(newest) }
    }
    return leases
  }
}
