import API
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

extension RealProcesses {
  /// The stream of market events of a real node.
  @Suite(.serialized) struct EventStreamTests {
    private func market() async throws -> LocalNetwork {
      let network = try await LocalNetwork(validators: 1, providers: 1)
      try network.start(network.names)
      try await network.expect("the provider is known to the tenant") {
        let known: [Answer.Provider] = try await network.list("tenant", "/v1/providers")
        return known.contains { $0.endpoint != nil }
      }
      return network
    }

    private func deploy(_ network: LocalNetwork, _ arguments: String...) async throws -> Program.Result {
      let file = network.folder.appending(path: "deploy.yaml")
      try Fixture.deployment().write(to: file, atomically: true, encoding: .utf8)
      return try await Program.run(
        ["deploy", file.path, "--home", network.home("tenant"), "--yes"] + arguments
      )
    }

    @Test func `a deployment survives streams that break off, and misses no bid that came meanwhile`()
      async throws
    {
      let network = try await market()
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let cutter = try await StreamCutter(to: try network.client("tenant"), cuts: 2, on: group)
      let deployed = try await deploy(network, "--node", "127.0.0.1:\(cutter.port)")
      #expect(deployed.status == 0, "\(deployed.error)")
      #expect(cutter.streams == 3)
      #expect(deployed.output.contains("the node's stream of events ended"), "\(deployed.output)")
      await cutter.stop()
      try? await group.shutdownGracefully()
      try await network.endWorkloads()
    }

    @Test func `every node tells of an order, its bids, and the lease from its opening to its end`()
      async throws
    {
      let network = try await market()
      let follower = try MarketFollower(network.client("validator-1"))
      try await network.expect("the stream has begun") { follower.told.contains("caught up") }
      let deployed = try await deploy(network)
      #expect(deployed.status == 0, "\(deployed.error)")
      try await network.endWorkloads()
      try await network.expect("the lease's end is told") { follower.told.contains("lease closed") }
      follower.stop()
      let told = follower.told
      #expect(told.first == "caught up")
      #expect(
        told.filter { !$0.contains("lease") } == [
          "caught up", "order added", "bid added", "bid removed: closed", "order removed: closed",
        ]
      )
      #expect(told.filter { $0.contains("lease") } == ["lease opened of that order", "lease closed"])
    }
  }
}

/// Hears what a node tells of the market.
private final class MarketFollower: Sendable {
  private final class Heard: Sendable {
    let told = Mutex<(events: [String], order: String)>(([], ""))
  }

  private let heard = Heard()
  private let task: Task<Void, Never>

  init(_ client: NodeClient) {
    task = Task { [heard] in
      try? await client.events("/v1/market/events", as: Answer.MarketEvent.self) { event in
        heard.told.withLock { told in
          if case .orderAdded(let order) = event { told.order = order.identifier }
          told.events.append(Self.short(event, order: told.order))
        }
        return true
      }
    }
  }

  private static func short(_ event: Answer.MarketEvent, order: String) -> String {
    switch event {
    case .caughtUp: "caught up"
    case .orderAdded: "order added"
    case .orderRemoved(_, let reason): "order removed: \(reason)"
    case .bidAdded(let bid): bid.order == order ? "bid added" : "bid on another order"
    case .bidRemoved(_, let reason): "bid removed: \(reason)"
    case .leaseOpened(_, let agreed):
      agreed == order ? "lease opened of that order" : "lease of another order"
    case .leaseClosed: "lease closed"
    }
  }

  var told: [String] { heard.told.withLock { $0.events } }

  func stop() { task.cancel() }
}
