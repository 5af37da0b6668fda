import API
import Foundation
import Node
import Provider

/// Workloads that run on in a network's folder, since their provider was killed and could not stop them. They hold no
/// lock, and nobody would find them once the folder is gone.
struct TestnetWorkloads {
  let folder: URL
  let plan: TestnetPlan

  /// Ends them before the folder is removed.
  ///
  /// - Throws: `Failure` that names the processes, when there are some and `force` is not true, or when they do not
  ///   end.
  func end(force: Bool?) async throws {
    let homes = TestnetHomes(folder: folder, plan: plan)
    for member in plan.members {
      let workloads = AbandonedWorkloads(folder: homes.home(member).provider.path + "/leases")
      let processes = workloads.processes
      guard !processes.isEmpty else { continue }
      let names = "processes " + processes.map(String.init).joined(separator: ", ")
      guard force == true else {
        let purge = "`supercloud testnet purge --force --home \(CommandText.quoted(folder.path))`"
        throw Failure(
          "workloads of \(member.name) in \(folder.path) are running",
          why: "\(member.name) was killed and could not stop them: \(names)",
          fix: force == nil ? "\(purge) stops them" : "add --force, which stops them first"
        )
      }
      guard try await workloads.end() else {
        throw Failure(
          "workloads of \(member.name) do not end",
          why: names,
          fix: "stop them as the user who started the network"
        )
      }
    }
  }
}
