import API
import Foundation
import Primitives
import Synchronization
import Testing

extension RealProcesses {
  /// Validators vote through the command line; the take of a running lease changes at the tick that the chain names, and
  /// a deployment pays in a currency that did not exist before.
  @Suite(.serialized) struct GovernanceJourneyTests {
    private let currency =
      "denomination=ueurc,symbol=EURC,minimum_deposit=500000,lease_deposit=0,minimum_fee=5000,take=1500"

    @Test func `a vote changes the take of a running lease and adds a currency that deployments pay in`()
      async throws
    {
      let network = try await LocalNetwork(providers: 1)
      let provider = try #require(network.plan.members.first { $0.role == "provider" }?.name)
      try sell(in: "ueurc", network.home(provider))
      try network.start(network.names)
      try await network.expect(network.names, at: 2)
      let watcher = TakeWatcher(try network.client("tenant"))
      defer { watcher.stop() }
      let running = try await deploy("uusdc", network)
      try await voteOn(
        network,
        ["--title", "Take of USDC", "--set", "currency.uusdc.take_basis_points=1000"],
        ["--title", "EURC", "--add-currency", "\(currency),issuer=\(address(network)),mint_cap=9000000"]
      )
      try await network.expect("both proposals passed", seconds: 40) {
        try await network.list("tenant", "/v1/proposals", [("status", "passed")], of: Answer.Proposal.self)
          .count == 2
      }
      try await readInPages(network)
      let tick = try #require(watcher.changes["uusdc"])
      try await checkTake(of: running, changedAt: tick, network)
      try await payInNewCurrency(network)
      try await network.endWorkloads()
      let audit = try await tenant(network, ["debug", "audit"])
      #expect(audit.status == 0, "\(audit.output)\(audit.error)")
    }

    // MARK: Steps

    /// The provider's price sheet gets a section for another currency.
    private func sell(in denomination: String, _ home: String) throws {
      let file = URL(filePath: home).appending(path: "provider.toml")
      let section = """
        [[prices]]
        denomination = "\(denomination)"
        exponent = 6
        rate = "1"
        like = "uakt"

        [policy]
        """
      let text = try String(contentsOf: file, encoding: .utf8)
      try text.replacing("[policy]", with: section, maxReplacements: 1)
        .write(to: file, atomically: true, encoding: .utf8)
    }

    private func tenant(_ network: LocalNetwork, _ arguments: [String]) async throws -> Program.Result {
      try await Program.run(arguments + ["--home", network.home("tenant")])
    }

    private func succeed(_ home: String, _ arguments: [String]) async throws {
      let result = try await Program.run(arguments + ["--home", home])
      guard result.status == 0 else {
        throw TestFailure("\(arguments.joined(separator: " ")): \(result.output)\(result.error)")
      }
    }

    private func address(_ network: LocalNetwork) throws -> String {
      let file = URL(filePath: network.home("tenant")).appending(path: "keys/main.account")
      return try String(String(contentsOf: file, encoding: .utf8).prefix { $0 != " " })
    }

    /// Deploys and returns the lease.
    private func deploy(_ denomination: String, _ network: LocalNetwork, _ extra: [String] = []) async throws
      -> Answer.Lease
    {
      let file = network.folder.appending(path: "\(denomination).yaml")
      try Fixture.deployment(denomination: denomination).write(to: file, atomically: true, encoding: .utf8)
      try await network.expect("a provider that bids in \(denomination)") {
        let matches = try await tenant(network, ["market", "why-not", file.path, "--output", "json"])
        return matches.output.contains(#""matches" : true"#)
      }
      try await succeed(network.home("tenant"), ["deploy", file.path, "--yes"] + extra)
      let leases: [Answer.Lease] = try await network.list("tenant", "/v1/leases", [("state", "active")])
      return try #require(leases.first { $0.denomination == denomination })
    }

    /// Puts up proposals and lets every validator vote for each.
    private func voteOn(_ network: LocalNetwork, _ proposals: [String]...) async throws {
      let proposer = network.home(try #require(network.validators.first))
      for proposal in proposals { try await succeed(proposer, ["gov", "submit", "--expedited"] + proposal) }
      for validator in network.validators {
        for id in 1...proposals.count {
          try await succeed(network.home(validator), ["gov", "vote", "\(id)", "yes"])
        }
      }
    }

    /// Lists say how they go on; a key of another list is refused with what to do.
    private func readInPages(_ network: LocalNetwork) async throws {
      let (client, all) = (try network.client("tenant"), PageQuery.maximumLimit)
      var parts: [Answer.Proposal] = []
      var key: String?
      repeat {
        let query = [("limit", "1"), ("page_key", key)] as [(String, String?)]
        let page: Answer.Page<Answer.Proposal> = try await client.get("/v1/proposals", query)
        parts += page.items
        key = page.next
      } while key != nil && parts.count < all
      #expect(parts.map(\.id) == [1, 2])
      let shown = try await tenant(network, ["gov", "list", "--limit", "1"])
      let next = try #require(shown.error.split(separator: "--page-key ").last?.prefix { $0.isHexDigit })
      #expect(shown.output.contains("Take of USDC") && !shown.output.contains("EURC"))
      let rest = try await tenant(network, ["gov", "list", "--page-key", "\(next)"])
      #expect(rest.status == 0 && rest.output.contains("EURC") && !rest.error.contains("--page-key"))
      for arguments in [["grant", "list", "--page-key", "\(next)"], ["gov", "list", "--page-key", "x"]] {
        let refused = try await tenant(network, arguments)
        #expect(refused.status == 1 && refused.error.contains("is not a page key of this list"))
      }
    }

    /// Each tick's earning is taken at that tick's rate, whenever payouts came.
    private func checkTake(of lease: Answer.Lease, changedAt tick: UInt64, _ network: LocalNetwork)
      async throws
    {
      let price = try #require(Decimal18(lease.price))
      #expect(tick > lease.openedAtTick)
      var seen: Answer.Lease?
      try await network.expect("a payout after tick \(tick)", seconds: 30) {
        let leases: [Answer.Lease] = try await network.list("tenant", "/v1/leases", [("state", "active")])
        seen = leases.first { $0.identifier == lease.identifier }
        let before = try price.multiplied(by: tick - lease.openedAtTick).truncated()
        return seen.flatMap { UInt64($0.paid) }.map { $0 > before.units } ?? false
      }
      let paid = try #require(seen)
      // Payouts come at whole ticks: the one whose earnings are what was paid.
      var ticks: UInt64 = 0
      while try price.multiplied(by: ticks).truncated().description != paid.paid { ticks += 1 }
      let old = try price.multiplied(by: (tick - lease.openedAtTick) * 2_000).raw
      let new = try price.multiplied(by: (lease.openedAtTick + ticks - tick) * 1_000).raw
      let fee = (old + new) / 10_000 / Decimal18.one
      #expect(paid.fee == "\(fee)")
      print(
        "USDC take 2000 to 1000 at tick \(tick): \(ticks) ticks paid \(paid.paid) at \(lease.price), fee \(fee)"
      )
    }

    private func payInNewCurrency(_ network: LocalNetwork) async throws {
      let home = network.home("tenant")
      try await succeed(home, ["denom", "mint", "9000000ueurc"])
      let beyond = try await tenant(network, ["denom", "mint", "1ueurc"])
      #expect(beyond.status == 1 && beyond.error.contains("supercloud/12"), "\(beyond.error)")
      let lease = try await deploy("ueurc", network, ["--fee-denom", "ueurc", "--deposit", "2000000ueurc"])
      try await network.expect("a payout in EURC", seconds: 30) {
        let takes: [Answer.Take] = try await network.client("tenant").get("/v1/take")
        return takes.contains { $0.denomination == "ueurc" && $0.collected != "0" }
      }
      try await prove(lease, network)
      let income = try await tenant(network, ["query", "income", "--output", "json"])
      #expect(income.output.contains("ueurc") && income.output.contains("uusdc"), "\(income.output)")
    }

    /// The lease is proven against the genesis validators, offline; a changed file is not.
    private func prove(_ lease: Answer.Lease, _ network: LocalNetwork) async throws {
      let file = network.folder.appending(path: "lease.json")
      try await succeed(
        network.home("tenant"),
        ["query", "proof", "lease", lease.identifier, "--file", file.path]
      )
      let definition = network.folder.appending(path: "network").path
      let verified = try await Program.run(["verify", file.path, "--trusted", definition, "--output", "json"])
      #expect(verified.status == 0, "\(verified.error)")
      #expect(verified.output.contains(#""state" : "active""#), "\(verified.output)")
      let text = try String(contentsOf: file, encoding: .utf8)
      let other = text.replacing(lease.identifier, with: lease.identifier.replacing("/1/1/", with: "/1/2/"))
      try other.write(to: file, atomically: true, encoding: .utf8)
      let refused = try await Program.run(["verify", file.path, "--trusted", definition])
      #expect(refused.status == 1 && refused.error.contains("state root"), "\(refused.error)")
    }
  }
}

/// Hears at which tick take rates change.
private final class TakeWatcher: Sendable {
  private final class Heard: Sendable {
    let changes = Mutex<[String: UInt64]>([:])
  }

  private let heard = Heard()
  private let task: Task<Void, Never>

  init(_ client: NodeClient) {
    task = Task { [heard] in
      try? await client.events("/v1/events", as: Answer.Commit.self) { commit in
        for event in commit.events where event.name == "take_rate_changed" {
          let fields = Dictionary(event.attributes.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
          guard let name = fields["denom"], let tick = fields["tick"].flatMap({ UInt64($0) }) else {
            continue
          }
          heard.changes.withLock { $0[name] = tick }
        }
        return true
      }
    }
  }

  var changes: [String: UInt64] { heard.changes.withLock { $0 } }

  func stop() { task.cancel() }
}
