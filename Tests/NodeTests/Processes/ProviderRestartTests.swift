import API
import Foundation
import Testing

extension RealProcesses {
  @Suite(.serialized) struct ProviderRestartTests {
    private struct Report: Decodable {
      struct Lease: Decodable {
        var urls: [String]
      }

      var dseq: UInt64
      var leases: [Lease]
    }

    /// What the demo page says of its process: another one after every start.
    private func instance(_ url: String) async throws -> String {
      let page = try await NodeClient(url).text("/")
      guard let line = page.split(separator: "\n").first(where: { $0.contains("instance") }) else {
        throw TestFailure("no instance in \(page)")
      }
      return String(line)
    }

    @Test func `a provider killed and started again adopts its running workload`() async throws {
      let network = try await LocalNetwork(validators: 1, providers: 1)
      try network.start(network.names)
      let provider = try #require(network.plan.members.first { $0.role == "provider" }?.name)
      try await network.expect("the provider is known to the tenant") {
        let known: [Answer.Provider] = try await network.list("tenant", "/v1/providers")
        return known.contains { $0.endpoint != nil }
      }
      let file = network.folder.appending(path: "deploy.yaml")
      try Fixture.deployment().write(to: file, atomically: true, encoding: .utf8)
      let deployed = try await Program.run(
        ["deploy", file.path, "--home", network.home("tenant"), "--yes", "--output", "json"]
      )
      #expect(deployed.status == 0, "\(deployed.error)")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let report = try decoder.decode(Report.self, from: Data(deployed.output.utf8))
      let url = try #require(report.leases.first?.urls.first)
      let before = try await instance(url)

      network.kill(provider)
      let alone = try await instance(url)
      #expect(alone == before, "the workload does not need its provider's process")
      try network.start([provider])
      try await network.expect("the lease runs again under its provider") {
        let status: Answer.ProviderStatus = try await network.client(provider).get("/v1/provider/status")
        return status.leases.contains { $0.state == "running" }
      }
      let now = try await instance(url)
      #expect(now == before, "the workload was adopted, not started again")
      let status: Answer.ProviderStatus = try await network.client(provider).get("/v1/provider/status")
      print("reconciliation: \(status.reconciliation)")

      let closed = try await Program.run(
        ["deployment", "close", "\(report.dseq)", "--home", network.home("tenant")]
      )
      #expect(closed.status == 0, "\(closed.error)")
      try await network.expect("the workload ends with its lease") { (try? await instance(url)) == nil }
    }
  }
}
