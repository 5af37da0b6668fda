import API
import ArgumentParser
import Chain
import Cryptography
import Primitives

extension DeploymentCommand {
  struct Order: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Order the groups of a deployment whose leases have ended again.",
      discussion: """
        The escrow that is there pays; add to it with `supercloud deployment deposit DSEQ 5AKT`. The file must be the one that runs: a
        new one is made known first, with `supercloud deployment update DSEQ FILE`. Prices may differ from the first order.
        """
    )

    @Argument(help: "The deployment's number (dseq).") var dseq: UInt64
    @Argument(help: "The deploy.yaml that was deployed.", completion: .file()) var file: String
    @Option(help: "Only this group; it can be given several times. Default: every group without a lease.")
    var group: [UInt32] = []
    @OptionGroup var options: DeployOptions

    func run() async throws {
      try DeployPlan.check(file: file)
      try options.checkApproval()
      let wallet = try await options.signer.wallet()
      let path = "/v1/deployments/\(wallet.address.text())/\(dseq)"
      let found: Answer.Deployment = try await options.signer.node.get(path)
      guard found.state == "active" else {
        throw Failure(
          "deployment \(dseq) is \(found.state)",
          why: "only an active deployment can lease again",
          fix: "`supercloud deploy \(CommandText.quoted(file))` makes a new one"
        )
      }
      let plan = try plan(found, wallet)
      let payment = DeployJourney.Payment(deposit: Coin(0, plan.denomination), isExisting: true)
      try await options.run(plan, payment, file: file, wallet: wallet)
    }

    /// The groups of the file that have no lease, with their numbers on the chain.
    private func plan(_ found: Answer.Deployment, _ wallet: Wallet) throws -> DeployPlan {
      var plan = try DeployPlan(file: file, wallet: wallet)
      let ordered = try GroupDifference.ordered(found)
      let differences = GroupDifference.between(ordered, and: plan.groups, comparesPrices: false)
      guard differences.isEmpty else {
        throw Failure(
          "\(file) is not the file of deployment \(dseq); nothing was ordered",
          why: differences.joined(separator: "\n        "),
          fix: "give the file that was deployed"
        )
      }
      guard found.manifestHash == plan.manifestHash.description else {
        throw Failure(
          "\(file) gives another manifest than deployment \(dseq) has; nothing was ordered",
          why: "the chain has the hash \(found.manifestHash), the file gives \(plan.manifestHash)",
          fix:
            "give the file that runs, or first: `supercloud deployment update \(dseq) \(CommandText.quoted(file))`"
        )
      }
      let open = ordered.filter { $0.state == "open" }
      let wanted = group.isEmpty ? open : ordered.filter { group.contains($0.sequence) }
      for number in group where !open.contains(where: { $0.sequence == number }) {
        throw Failure(
          "group \(number) of deployment \(dseq) cannot be ordered",
          why: ordered.first { $0.sequence == number }.map { "it is \($0.state)" }
            ?? "there is no such group",
          fix: "`supercloud deployment show \(dseq)` shows the groups"
        )
      }
      guard !wanted.isEmpty else {
        throw Failure(
          "every group of deployment \(dseq) has a lease",
          why: "a group has one lease at a time",
          fix: "`supercloud lease close \(dseq) --group 1` ends the one of group 1"
        )
      }
      plan.deployment = DeploymentID(owner: wallet.address, sequence: dseq)
      plan.groups = wanted.compactMap { group in
        let spec = plan.groups.first { $0.spec.name == group.spec.name }?.spec
        return spec.map { Chain.Order.Group(sequence: group.sequence, spec: $0) }
      }
      return plan
    }
  }
}
