import API
import Testing

extension LocalNetwork {
  /// Closes the tenant's deployments and waits until nothing runs for them: no workload may outlive its test.
  func endWorkloads() async throws {
    let open: [Answer.Deployment] = try await list("tenant", "/v1/deployments", [("state", "active")])
    for deployment in open {
      let closed = try await Program.run([
        "deployment", "close", "\(deployment.dseq)", "--home", home("tenant"),
      ])
      #expect(closed.status == 0, "\(closed.error)")
    }
    for member in plan.members where member.role == "provider" {
      try await expect("the workloads are gone", seconds: 30) {
        let status: Answer.ProviderStatus = try await self.client(member.name).get("/v1/provider/status")
        return status.leases.allSatisfy { !["running", "starting", "closing"].contains($0.state) }
      }
    }
  }
}
