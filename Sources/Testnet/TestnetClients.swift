import API
import Foundation
import Node

/// HTTP clients for the nodes of a testnet. A node's address is what its `runtime.json` says now: it may have another
/// after it was started again.
struct TestnetClients: Sendable {
  let homes: TestnetHomes

  var members: [TestnetPlan.Member] { homes.plan.members }

  /// - Throws: `Failure` when the node does not run.
  func client(of member: TestnetPlan.Member) throws -> NodeClient {
    guard let runtime = homes.home(member).readRuntime() else {
      throw Failure("\(member.name) does not run", fix: "its log is \(homes.log(member).path)")
    }
    return try NodeClient(runtime.apiAddress)
  }

  func client(of name: String) throws -> NodeClient {
    guard let member = homes.plan.member(name) else { throw Failure("there is no node \(name)") }
    return try client(of: member)
  }

  /// The statuses of all nodes, in their order.
  func statuses() async throws -> [Answer.Status] {
    try await withThrowingTaskGroup(of: (Int, Answer.Status).self) { group in
      for (index, member) in members.enumerated() {
        let client = try client(of: member)
        group.addTask { (index, try await client.get("/v1/status")) }
      }
      var found: [(Int, Answer.Status)] = []
      for try await status in group { found.append(status) }
      return found.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  /// Waits until every node has a block and a peer, and the tenant's node knows an offer of every provider.
  func waitUntilReady(logs: URL) async throws {
    let providers = homes.plan.providers.count
    let seconds = 60 + 2 * members.count
    let deadline = ContinuousClock.now + .seconds(seconds)
    var last = "no node answers"
    while ContinuousClock.now < deadline {
      if let statuses = try? await statuses() {
        let low = statuses.map(\.height).min() ?? 0
        let known: Answer.Page<Answer.Provider>? = try? await client(of: "tenant").get("/v1/providers")
        let offering = (known?.items ?? []).filter { $0.endpoint != nil }.count
        if low > 0, statuses.allSatisfy({ $0.peers > 0 || members.count == 1 }), offering >= providers {
          return
        }
        last = "lowest height \(low), \(offering) of \(providers) providers known to the tenant"
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Failure(
      "the network did not come up within \(seconds) s",
      why: last,
      fix: "the logs are in \(logs.path)"
    )
  }

  /// Reports the status of the tenant's node at each interval, until the task is cancelled.
  func reportStatus(every interval: Duration, _ report: TestnetReport) async throws {
    while true {
      if let status: Answer.Status = try? await client(of: "tenant").get("/v1/status") {
        report(.status(status))
      }
      try await Task.sleep(for: interval)
    }
  }
}
