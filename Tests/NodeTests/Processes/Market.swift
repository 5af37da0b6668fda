import API
import Foundation
import Testing

/// A local network with one provider, and a tenant who uses the command line.
final class Market {
  let network: LocalNetwork
  var home: String { network.home("tenant") }

  init() async throws {
    network = try await LocalNetwork(validators: 1, providers: 1)
    try network.start(network.names)
    try await network.expect("the provider is known to the tenant") { [network] in
      let known: [Answer.Provider] = try await network.list("tenant", "/v1/providers")
      return known.contains { $0.endpoint != nil }
    }
  }

  /// Runs a command of the tenant.
  func run(_ arguments: [String]) async throws -> Program.Result {
    try await Program.run(arguments + ["--home", home])
  }

  /// Starts a command of the tenant and does not wait for its end.
  func begin(_ arguments: [String]) throws -> Process {
    let process = Program.process(arguments + ["--home", home])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// Runs a command line as it was printed.
  func shell(_ line: String) async throws -> Program.Result {
    let words = line.split(separator: " ").map(String.init)
    #expect(words.first == "supercloud")
    return try await Program.run(Array(words.dropFirst()))
  }

  /// Writes the tenant's file; returns its path.
  func file(_ text: String) throws -> String {
    let file = network.folder.appending(path: "deploy.yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  func report(_ result: Program.Result) throws -> DeployReport {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(DeployReport.self, from: Data(result.output.utf8))
  }

  var providerName: String {
    get throws { try #require(network.plan.members.first { $0.role == "provider" }?.name) }
  }

  func provider() async throws -> Answer.ProviderStatus {
    try await network.client(providerName).get("/v1/provider/status")
  }

  /// Cards that the provider's newest offer calls free.
  func freeCards() async throws -> UInt32 {
    let gpus: [Answer.GPU] = try await network.client("tenant").get("/v1/market/gpus")
    return gpus.reduce(0) { $0 + $1.free }
  }

  /// The orders in the provider's book.
  func orders() async throws -> Int {
    let orders: [Answer.Order] = try await network.list(providerName, "/v1/orders")
    return orders.count
  }

  func deployments() async throws -> [Answer.Deployment] {
    try await network.list("tenant", "/v1/deployments")
  }

  /// Waits until no node has an order in its book.
  func expectNoOrder() async throws {
    for name in network.names {
      try await network.expect("\(name) has no order", seconds: 20) {
        let orders: [Answer.Order] = try await self.network.list(name, "/v1/orders")
        return orders.isEmpty
      }
    }
  }
}
