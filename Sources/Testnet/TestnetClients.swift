import API
import Foundation

/// HTTP clients for the nodes of a testnet.
struct TestnetClients: Sendable {
  let nodes: [(member: TestnetPlan.Member, client: NodeClient)]

  init(plan: TestnetPlan) throws {
    nodes = try plan.members.map { ($0, try NodeClient("127.0.0.1:\($0.apiPort)")) }
  }

  func client(of name: String) throws -> NodeClient {
    guard let found = nodes.first(where: { $0.member.name == name }) else {
      throw Failure("there is no node \(name)")
    }
    return found.client
  }

  func statuses() async throws -> [Answer.Status] {
    try await withThrowingTaskGroup(of: (Int, Answer.Status).self) { group in
      for (index, node) in nodes.enumerated() {
        group.addTask { (index, try await node.client.get("/v1/status")) }
      }
      var found: [(Int, Answer.Status)] = []
      for try await status in group { found.append(status) }
      return found.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  /// Waits until every node has a block and a peer, and the tenant's node knows an offer of every provider.
  func waitUntilReady(logs: URL) async throws {
    let providers = nodes.filter { $0.member.role == "provider" }.count
    let deadline = Date().addingTimeInterval(60)
    var last = "no node answers"
    while Date() < deadline {
      if let statuses = try? await statuses() {
        let low = statuses.map(\.height).min() ?? 0
        let known: Answer.Page<Answer.Provider>? = try? await nodes.last?.client.get("/v1/providers")
        let offering = (known?.items ?? []).filter { $0.endpoint != nil }.count
        if low > 0, statuses.allSatisfy({ $0.peers > 0 || nodes.count == 1 }), offering >= providers {
          return
        }
        last = "lowest height \(low), \(offering) of \(providers) providers known to the tenant"
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Failure("the network did not come up within 60 s", why: last, fix: "the logs are in \(logs.path)")
  }

  /// Reports the status of the tenant's node at each interval, until the task is cancelled.
  func reportStatus(every interval: Duration, _ report: TestnetReport) async throws {
    guard let node = nodes.last else { return }
    while true {
      if let status: Answer.Status = try? await node.client.get("/v1/status") { report(.status(status)) }
      try await Task.sleep(for: interval)
    }
  }
}
