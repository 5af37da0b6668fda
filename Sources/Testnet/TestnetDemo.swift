import API
import Foundation
import Node
import Subprocess

/// The demo of a testnet: a deployment paid in AKT, one paid in USDC, their web pages, and how the money
/// moved.
struct TestnetDemo {
  let testnet: LocalTestnet
  let clients: TestnetClients
  let report: TestnetReport

  /// A deployment of the demo and its results.
  struct Deployed {
    var label: String
    var report: DeployReport
  }

  func run(check: Bool) async throws {
    let akt = try await deploy("an H100, paid in AKT", model: "h100", "uakt", "demo-akt.yaml")
    let usdc = try await deploy("an RTX 3090, paid in USDC", model: "rtx3090", "uusdc", "demo-usdc.yaml")
    let deployed = [akt, usdc]
    for url in deployed.flatMap({ $0.report.leases.flatMap(\.urls) }) {
      report(.answered(url: url, page: try await Self.fetch(url)))
    }
    try await settle(deployed)
    guard check else { return }
    try await TestnetCheck(demo: self, deployed: deployed).run()
  }

  private static func text(model: String, denomination: String) -> String {
    """
    version: "2.0"
    services:
      hello:
        image: supercloud/hello:1
        expose:
          - port: 8080
            as: 80
            to:
              - global: true
    profiles:
      compute:
        hello:
          resources:
            cpu:
              units: 0.5
            memory:
              size: 256Mi
            gpu:
              units: 1
              attributes:
                vendor:
                  nvidia:
                    - model: \(model)
            storage:
              size: 128Mi
      placement:
        anywhere:
          pricing:
            hello:
              denom: \(denomination)
              amount: 5000
    deployment:
      hello:
        anywhere:
          profile: hello
          count: 1

    """
  }

  private func deploy(_ label: String, model: String, _ denomination: String, _ file: String) async throws
    -> Deployed
  {
    guard let tenant = testnet.plan.member("tenant") else { throw Failure("the plan has no tenant") }
    let path = testnet.folder.appending(path: file)
    try Self.text(model: model, denomination: denomination).write(to: path, atomically: true, encoding: .utf8)
    let home = testnet.homes.home(tenant).folder.path
    let report = testnet.folder.appending(path: file + ".json")
    self.report(
      .deploying(
        label,
        command: "supercloud deploy \(CommandText.quoted(path.path)) --home \(CommandText.quoted(home)) --yes"
      )
    )
    let ended = try await OwnProgram.run([
      "deploy", path.path, "--home", home, "--yes", "--report", report.path,
    ])
    guard ended.isSuccess else {
      throw Failure("the deployment failed", why: "`deploy` ended \(ended.words), see above")
    }
    let decoded = try JSONDecoder().decode(DeployReport.self, from: Data(contentsOf: report))
    return Deployed(label: label, report: decoded)
  }

  static func fetch(_ url: String) async throws -> String {
    let client = try NodeClient(url)
    return try await client.text("/")
  }

  /// Waits up to 40 s until every lease has had a payout, and reports where the money is.
  private func settle(_ deployed: [Deployed]) async throws {
    let client = try clients.client(of: "tenant")
    report(.waitingForPayouts)
    let deadline = Date().addingTimeInterval(40)
    var leases: [Answer.Lease] = []
    repeat {
      try await Task.sleep(for: .milliseconds(200))
      leases = try await Self.leases(deployed, client)
      if leases.count == deployed.count, leases.allSatisfy({ (UInt64($0.fee) ?? 0) > 0 }) { break }
    } while Date() < deadline
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

  static func leases(_ deployed: [Deployed], _ client: NodeClient) async throws -> [Answer.Lease] {
    guard let owner = deployed.first?.report.owner else { return [] }
    let all: Answer.Page<Answer.Lease> = try await client.get("/v1/leases", [("owner", owner)])
    return deployed.compactMap { deployment in all.items.first { $0.dseq == deployment.report.dseq } }
  }
}
