import API
import Foundation
import Testing

extension RealProcesses {
  /// A provider that cannot limit what it runs, as an ordinary user's, on a chain that is not local.
  @Suite(.serialized) struct LocalChainTests {
    @Test func `a provider without limits bids on local chains only, and says why`() async throws {
      let network = try await LocalNetwork(validators: 1, providers: 1)
      let provider = try #require(network.plan.members.first { $0.role == "provider" }?.name)
      // The name of a file that is in every control group: no group can be made below it, as root neither.
      let settings = URL(filePath: network.home(provider)).appending(path: "provider.toml")
      let group = "cgroup.procs"
      let before = try String(contentsOf: settings, encoding: .utf8)
      let after = before.replacing(/control_group = ["'][^"']*["']/, with: "control_group = \"\(group)\"")
      #expect(after != before)
      try after.write(to: settings, atomically: true, encoding: .utf8)
      for name in network.names {
        let file = URL(filePath: network.home(name)).appending(path: "network/genesis.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        let other = text.replacing(/"local" ?: ?true/, with: #""local" : false"#)
        #expect(other != text, "the testnet's chain is local")
        try other.write(to: file, atomically: true, encoding: .utf8)
      }
      try network.start(network.names)
      try await network.expect("the provider says why it does not bid") {
        let status: Answer.ProviderStatus = try await network.client(provider).get("/v1/provider/status")
        return status.ready && status.obstacle?.contains("not enforced: ") == true
      }
      #expect(network.log(provider).contains("the provider makes no bids here"))
      let shown = try await Program.run(["provider", "status", "--home", network.home(provider)])
      #expect(shown.output.contains("(not bidding)") && shown.output.contains("says `local`"), "\(shown)")

      let file = network.folder.appending(path: "deploy.yaml")
      try Fixture.deployment().write(to: file, atomically: true, encoding: .utf8)
      let deployed = try await Program.run(
        ["deploy", file.path, "--home", network.home("tenant"), "--yes", "--timeout", "5"]
      )
      #expect(deployed.status != 0, "\(deployed.output)")
      let decisions: [Answer.Decision] = try await network.client(provider).get("/v1/provider/decisions")
      #expect(!decisions.isEmpty && decisions.allSatisfy { $0.outcome == "declined_chain" }, "\(decisions)")
    }
  }
}
