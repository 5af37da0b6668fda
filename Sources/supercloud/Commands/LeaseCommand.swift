import API
import ArgumentParser
import Chain
import Cryptography
import Node
import Primitives

struct LeaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lease",
    abstract: "Leases: what runs, what it costs, how to end it.",
    subcommands: [
      List.self, Show.self, Close.self, Withdraw.self, Status.self, Logs.self, SendManifest.self,
    ]
  )

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Leases of an owner or a provider.")

    @Option(help: "An address, or the name of a key.") var owner: String?
    @Option(help: "An address, or the name of a key.") var provider: String?
    @Option(help: "active, reclaiming, closed or insufficient_funds") var state: String?
    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let home = node.home.value
      let owner = try owner.map { try resolve($0, home: home).text() }
      let provider = try provider.map { try resolve($0, home: home).text() }
      let filters = [("owner", owner), ("provider", provider), ("state", state)]
      let leases: Answer.Page<Answer.Lease> = try await node.withClient {
        try await $0.get("/v1/leases", filters + page.query)
      }
      let header = [
        "OWNER", "DSEQ", "GROUP", "PROVIDER", "STATE", "PRICE PER TICK", "EARNED", "PAID", "TAKE",
      ]
      try page.show(leases, node, header) { leases in
        leases.map {
          [
            Money.short($0.owner), String($0.dseq), String($0.group), Money.short($0.provider), $0.state,
            "\($0.price) \($0.denomination)", money($0.earned, $0.denomination),
            money($0.paid, $0.denomination),
            money($0.fee, $0.denomination),
          ]
        }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One lease in full.")

    @OptionGroup var lease: LeaseOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found = try await lease.find(node)
      if node.output == .json { return try Console.json(found) }
      Console.line("lease     \(found.identifier)")
      Console.line(
        "state     \(found.state)\(found.reason.map { " (\($0), by \(found.closedBy ?? "the network"))" } ?? "")"
      )
      Console.line("price     \(found.price) \(found.denomination) per tick")
      Console.line(
        "since     tick \(found.openedAtTick)\(found.closedAtTick.map { ", until tick \($0)" } ?? "")"
      )
      Console.line(
        "earned    \(money(found.earned, found.denomination)) (\(found.earned) \(found.denomination))"
      )
      Console.line(
        "paid      \(money(found.paid, found.denomination)), of which the network took \(money(found.fee, found.denomination))"
      )
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a lease as its tenant. The group can be ordered again; the deployment stays open."
    )

    @OptionGroup var lease: LeaseOption
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found = try await lease.find(node)
      let wallet = try await node.wallet(signer)
      let result = try await wallet.send([.closeLease(try found.leaseID())])
      if node.output == .json { return try Console.json(result) }
      Console.line("closed in block \(result.height)")
    }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have a lease paid out now, as its provider. Payouts also happen automatically."
    )

    @OptionGroup var lease: LeaseOption
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found = try await lease.find(node)
      let wallet = try await node.wallet(signer)
      let result = try await wallet.send([.withdrawLease(try found.leaseID())])
      if node.output == .json { return try Console.json(result) }
      Console.line("paid out in block \(result.height)")
    }
  }
}

/// The lease that a command is about: a deployment's number, and the group if there are several.
struct LeaseOption: ParsableArguments {
  @Argument(help: "The deployment's number (dseq).") var dseq: UInt64
  @Option(help: "The group's number.") var group: UInt32 = 1
  @Option(help: "The tenant: an address, or the name of a key.") var owner = "main"

  /// The newest lease of the group; throws `Failure` when there is none.
  func find(_ node: NodeOption) async throws -> Answer.Lease {
    let owner = try resolve(owner, home: node.home.value).text()
    let deployment: Answer.Deployment = try await node.withClient {
      try await $0.get("/v1/deployments/\(owner)/\(dseq)")
    }
    let matching = deployment.leases.filter { $0.group == group }
    guard let newest = matching.max(by: { $0.order < $1.order }) else {
      throw Failure(
        "deployment \(dseq) of \(owner) has no lease for group \(group)",
        fix: "`supercloud lease list --owner \(owner)` shows all"
      )
    }
    return newest
  }
}

extension Answer.Lease {
  func leaseID() throws -> LeaseID {
    LeaseID(
      deployment: DeploymentID(owner: try accountAddress(owner), sequence: dseq),
      group: group,
      order: order,
      provider: try accountAddress(provider)
    )
  }
}

struct DeploymentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deployment",
    abstract: "Deployments and their escrow accounts.",
    subcommands: [List.self, Show.self, Deposit.self, Update.self, Close.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Deployments of an owner.")

    @Option(help: "An address, or the name of a key.") var owner: String?
    @Option(help: "active or closed") var state: String?
    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let owner = try owner.map { try resolve($0, home: node.home.value).text() }
      let deployments: Answer.Page<Answer.Deployment> = try await node.withClient {
        try await $0.get("/v1/deployments", [("owner", owner), ("state", state)] + page.query)
      }
      let header = ["OWNER", "DSEQ", "STATE", "LEASES", "FUNDS", "RATE PER TICK", "LASTS"]
      try page.show(deployments, node, header) { deployments in
        deployments.map { deployment in
          [
            Money.short(deployment.owner), String(deployment.dseq), deployment.state,
            String(deployment.leases.count { $0.state == "active" }),
            money(deployment.escrow.funds, deployment.denomination),
            "\(deployment.escrow.rate) \(deployment.denomination)",
            deployment.escrow.runwayTicks.map { "\($0) ticks" } ?? "–",
          ]
        }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One deployment in full.")

    @OptionGroup var deployment: DeploymentOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found = try await deployment.find(node)
      if node.output == .json { return try Console.json(found) }
      Console.line("deployment  \(found.owner)/\(found.dseq)  \(found.state)")
      Console.line("manifest    \(found.manifestHash)")
      Console.line(
        "escrow      \(found.escrow.state), \(money(found.escrow.funds, found.denomination)) left of \(money(found.escrow.deposited, found.denomination))"
      )
      if let runway = found.escrow.runwayTicks { Console.line("lasts       \(runway) ticks") }
      for group in found.groups { Console.line("group \(group.sequence)     \(group.name)  \(group.state)") }
      for lease in found.leases {
        Console.line("lease       group \(lease.group) with \(lease.provider)  \(lease.state)")
      }
    }
  }

  struct Deposit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add to a deployment's escrow. Any account may; what is not spent returns to it."
    )

    @OptionGroup var deployment: DeploymentOption
    @Argument(help: "The amount, such as 5000000uakt.") var amount: String
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      guard let coin = Coin(amount) else {
        throw Failure("`\(amount)` is not an amount", fix: "such as 5000000uakt", code: 2)
      }
      let id = try deployment.identifier(node)
      let wallet = try await node.wallet(signer)
      let result = try await wallet.send(
        [.depositDeployment(id, amount: coin, depositor: wallet.address)],
        preferring: coin.denomination
      )
      if node.output == .json { return try Console.json(result) }
      Console.line("deposited \(Money.text(coin.amount, coin.denomination)) in block \(result.height)")
    }
  }

  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Replace what a deployment runs: puts the new manifest's hash on the chain, then sends the manifest."
    )

    @OptionGroup var deployment: DeploymentOption
    @Argument(help: "The new deploy.yaml. Resources and prices must stay the same.") var file: String
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let wallet = try await node.wallet(signer)
      let plan = try DeployPlan(file: file, wallet: wallet)
      let id = try deployment.identifier(node)
      let result = try await wallet.send([.updateDeployment(id, manifestHash: plan.manifestHash)])
      Console.note("the hash is on the chain in block \(result.height); sending the manifest")
      let found = try await deployment.find(node)
      for lease in found.leases where lease.state == "active" {
        let stream = try await LeaseStream.open(lease: lease.leaseID(), wallet: wallet)
        try await stream.send(manifest: plan.manifestJSON)
        await stream.close()
        Console.line("group \(lease.group): the provider has the new manifest")
      }
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Close a deployment with all its leases; what is left in escrow is returned."
    )

    @OptionGroup var deployment: DeploymentOption
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let id = try deployment.identifier(node)
      let wallet = try await node.wallet(signer)
      let result = try await wallet.send([.closeDeployment(id)])
      if node.output == .json { return try Console.json(result) }
      Console.line("closed in block \(result.height)")
    }
  }
}

/// The deployment that a command is about.
struct DeploymentOption: ParsableArguments {
  @Argument(help: "The deployment's number (dseq).") var dseq: UInt64
  @Option(help: "The tenant: an address, or the name of a key.") var owner = "main"

  func identifier(_ node: NodeOption) throws -> DeploymentID {
    DeploymentID(owner: try resolve(owner, home: node.home.value), sequence: dseq)
  }

  func find(_ node: NodeOption) async throws -> Answer.Deployment {
    let owner = try resolve(owner, home: node.home.value).text()
    return try await node.withClient { try await $0.get("/v1/deployments/\(owner)/\(dseq)") }
  }
}
