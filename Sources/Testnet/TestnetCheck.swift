import API
import Foundation
import Node
import Subprocess
import Primitives

/// Asserts the numbers of the demo, for `supercloud testnet up --check`.
struct TestnetCheck {
  let demo: TestnetDemo
  let deployed: [TestnetDemo.Deployed]

  private func require(_ condition: Bool, _ claim: String) throws {
    guard condition else { throw Failure("the check failed: \(claim)") }
    demo.report(.verified(claim))
  }

  func run() async throws {
    demo.report(.checking)
    let client = try demo.clients.client(of: "tenant")
    for deployment in deployed { try await check(deployment, client) }
    try await checkTakes(client)
    try await checkAgreement()
    try await close(client)
    for deployment in deployed { demo.report(.timed(deployment.label, deployment.report)) }
    demo.report(.checked)
  }

  private func check(_ deployment: TestnetDemo.Deployed, _ client: NodeClient) async throws {
    let report = deployment.report
    try require(
      report.bids > 0 && report.leases.count == 1,
      "\(deployment.label): \(report.bids) bid(s), one lease"
    )
    guard let lease = report.leases.first else { return }
    let price = Decimal18(lease.price) ?? .zero
    try require(
      !price.isZero && price <= Decimal18(deployment.limit),
      "its price \(lease.price) is at most the order's \(deployment.limit)"
    )
    try require(lease.gpus.count == 1, "the bid names its GPU: \(lease.gpus.joined())")
    for url in lease.urls {
      let body = try await TestnetDemo.fetch(url)
      try require(body.contains(String(report.dseq)), "\(url) answers and names deployment \(report.dseq)")
    }
    try require(!lease.urls.isEmpty, "the deployment has a URL")
  }

  /// Checks that each lease's fee is its payout times the take rate, and that the community pool holds at
  /// least all fees.
  private func checkTakes(_ client: NodeClient) async throws {
    let leases = try await TestnetDemo.leases(
      deployed.map { .init(owner: $0.report.owner, dseq: $0.report.dseq) },
      client
    )
    let takes: [Answer.Take] = try await client.get("/v1/take")
    for lease in leases {
      guard let take = takes.first(where: { $0.denomination == lease.denomination }) else { continue }
      let paid = UInt64(lease.paid) ?? 0
      let fee = UInt64(lease.fee) ?? 0
      // The fee is the exact take, rounded down. `paid` is the earnings, rounded down, so it may be up to one
      // unit less than the amount from which the fee was computed.
      let low = paid * UInt64(take.basisPoints) / 10_000
      let high = (paid + 1) * UInt64(take.basisPoints) / 10_000
      try require(
        paid > 0 && (low...high).contains(fee),
        "take of \(paid) \(lease.denomination) at \(take.basisPoints) basis points is \(fee)"
      )
    }
    try require(takes.first { $0.denomination == "uakt" }?.basisPoints == 400, "AKT pays 4 %")
    try require(takes.first { $0.denomination == "uusdc" }?.basisPoints == 2_000, "USDC pays 20 %")
    for take in takes {
      try require(
        (UInt64(take.communityPool) ?? 0) >= (UInt64(take.collected) ?? 0),
        "the community pool holds the \(take.collected) \(take.denomination) that were taken"
      )
    }
  }

  /// Checks that all nodes have the same block and state root at one height, and that the money adds up on
  /// each.
  private func checkAgreement() async throws {
    let statuses = try await demo.clients.statuses()
    let height = statuses.map(\.height).min() ?? 0
    var roots: Set<String> = []
    let members = demo.clients.members
    for member in members {
      let client = try demo.clients.client(of: member)
      let block: Answer.Block = try await client.get("/v1/blocks/\(height)")
      roots.insert(block.identifier + block.stateRoot)
      let audit: [Answer.AuditLine] = try await client.get("/v1/audit")
      try require(audit.allSatisfy(\.conserved), "supply is conserved on \(client.address.port)")
    }
    try require(
      roots.count == 1,
      "\(members.count) nodes agree on block and state root at height \(height)"
    )
  }

  /// The audit once nothing is held for deployments, or after 10 s as it is then. It is made of the state on the
  /// disk, which has a block a moment after the block is decided and answered.
  private func auditAfterClosing(_ client: NodeClient) async throws -> [Answer.AuditLine] {
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      let audit: [Answer.AuditLine] = try await client.get("/v1/audit")
      let isSettled = audit.allSatisfy { $0.escrow == "0" && $0.leaseDeposits == "0" }
      if isSettled || ContinuousClock.now > deadline { return audit }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Closes the deployments and checks that their escrow and leases are closed and that no money is held for
  /// them.
  private func close(_ client: NodeClient) async throws {
    guard let tenant = demo.testnet.plan.member("tenant") else { return }
    let home = demo.testnet.homes.home(tenant).folder.path
    for deployment in deployed {
      let ended = try await OwnProgram.run([
        "deployment", "close", String(deployment.report.dseq), "--home", home,
      ])
      try require(ended.isSuccess, "deployment \(deployment.report.dseq) closes")
      let found: Answer.Deployment = try await client.get(
        "/v1/deployments/\(deployment.report.owner)/\(deployment.report.dseq)"
      )
      try require(found.state == "closed" && found.escrow.state == "closed", "its escrow is closed")
      try require(found.leases.allSatisfy { $0.state == "closed" }, "its lease is closed")
    }
    for line in try await auditAfterClosing(client) {
      try require(
        line.escrow == "0" && line.leaseDeposits == "0",
        "no \(line.denomination) is left in escrow or lease deposits"
      )
      try require(line.conserved, "the supply of \(line.denomination) is conserved after closing")
    }
    for url in deployed.flatMap({ $0.report.leases.flatMap(\.urls) }) {
      let deadline = Date().addingTimeInterval(15)
      while (try? await TestnetDemo.fetch(url)) != nil, Date() < deadline {
        try await Task.sleep(for: .milliseconds(50))
      }
      try require((try? await TestnetDemo.fetch(url)) == nil, "\(url) is gone")
    }
  }
}
