import API
import ArgumentParser
import Chain
import Cryptography
import Node
import Primitives

struct LeaseCommand: AsyncParsableCommand {
  static let configuration = about(
    "Leases: what runs, what it costs, how to end it.",
    named: "lease",
    [List.self, Show.self, Close.self, Withdraw.self, Status.self, Logs.self, SendManifest.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = about("Leases of an owner or a provider.")

    @Option(help: "An address, or the name of a key.") var owner: String?
    @Option(help: "An address, or the name of a key.") var provider: String?
    @Option(help: "active, reclaiming, closed or insufficient_funds") var state: String?
    @OptionGroup var page: PageOption

    func run() async throws {
      let filters = [
        ("owner", try page.node.address(ofAny: owner)), ("provider", try page.node.address(ofAny: provider)),
        ("state", state),
      ]
      let header = [
        "OWNER", "DSEQ", "GROUP", "PROVIDER", "STATE", "PRICE PER TICK", "EARNED", "PAID", "TAKE",
      ]
      try await page.list("/v1/leases", filters, header) { (it: Answer.Lease) in
        [
          Money.short(it.owner), String(it.dseq), String(it.group), Money.short(it.provider), it.state,
          "\(it.price) \(it.denomination)", money(it.earned, it.denomination),
          money(it.paid, it.denomination), money(it.fee, it.denomination),
        ]
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = about("One lease in full.")

    @OptionGroup var lease: LeaseOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found = try await lease.find(node)
      if node.output == .json { return try Console.json(found) }
      Console.line("lease     \(found.identifier)")
      func amount(_ text: String) -> String { money(text, found.denomination) }
      let reason = found.reason.map { " (\($0), by \(found.closedBy ?? "the network"))" } ?? ""
      let end = found.closedAtTick.map { ", until tick \($0)" } ?? ""
      Console.line("state     \(found.state)\(reason)")
      Console.line("price     \(found.price) \(found.denomination) per tick")
      Console.line("since     tick \(found.openedAtTick)\(end)")
      Console.line("earned    \(amount(found.earned)) (\(found.earned) \(found.denomination))")
      Console.line("paid      \(amount(found.paid)), of which the network took \(amount(found.fee))")
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = about(
      "End a lease as its tenant. The deployment stays open, and deployment order leases the group again."
    )

    @OptionGroup var lease: LeaseOption
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let found = try await lease.find(signer.node, by: signer)
      // Where the owner cannot pay the fee, the escrow pays it, in its own currency.
      try await signer.send("closed in block", preferring: Denomination(found.denomination)) { _ in
        .closeLease(try found.leaseID())
      }
    }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = about(
      "Have a lease paid out now, as its provider. Payouts also happen automatically."
    )

    @OptionGroup var lease: LeaseOption
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let found = try await lease.find(signer.node)
      try await signer.send("paid out in block") { _ in .withdrawLease(try found.leaseID()) }
    }
  }
}

/// The lease that a command is about: a deployment's number, and the group if there are several.
struct LeaseOption: ParsableArguments {
  @Argument(help: "The deployment's number (dseq).") var dseq: UInt64
  @Option(help: "The group's number.") var group: UInt32 = 1
  @Option(help: "The tenant: an address, or the name of a key. Default: the key that signs, else main.")
  var owner: String?

  /// The newest lease of the group; throws `Failure` when there is none. `signer`: the tenant, if no other is named.
  func find(_ node: NodeOption, by signer: SignerOption? = nil) async throws -> Answer.Lease {
    let owner = try node.address(owner ?? signer?.from ?? "main").text()
    let deployment: Answer.Deployment = try await node.get("/v1/deployments/\(owner)/\(dseq)")
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
  static let configuration = about(
    "Deployments and their escrow accounts.",
    named: "deployment",
    [List.self, Show.self, Deposit.self, Update.self, Order.self, Close.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = about("Deployments of an owner.")

    @Option(help: "An address, or the name of a key.") var owner: String?
    @Option(help: "active or closed") var state: String?
    @OptionGroup var page: PageOption

    func run() async throws {
      let filters = [("owner", try page.node.address(ofAny: owner)), ("state", state)]
      let header = ["OWNER", "DSEQ", "STATE", "LEASES", "FUNDS", "RATE PER TICK", "LASTS"]
      try await page.list("/v1/deployments", filters, header) { (it: Answer.Deployment) in
        [
          Money.short(it.owner), String(it.dseq), it.state,
          String(it.leases.count { $0.state == "active" }), money(it.escrow.funds, it.denomination),
          "\(it.escrow.rate) \(it.denomination)", it.escrow.runwayTicks.map { "\($0) ticks" } ?? "–",
        ]
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = about("One deployment in full.")

    @OptionGroup var deployment: DeploymentOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found = try await deployment.find(node)
      if node.output == .json { return try Console.json(found) }
      Console.line("deployment  \(found.owner)/\(found.dseq)  \(found.state)")
      Console.line("manifest    \(found.manifestHash)")
      let escrow = found.escrow
      let deposited = money(escrow.deposited, found.denomination)
      let left = money(escrow.funds, found.denomination)
      Console.line("escrow      \(escrow.state), \(left) left of \(deposited)")
      if let runway = escrow.runwayTicks { Console.line("lasts       \(runway) ticks") }
      for group in found.groups { Console.line("group \(group.sequence)     \(group.name)  \(group.state)") }
      for lease in found.leases {
        Console.line("lease       group \(lease.group) with \(lease.provider)  \(lease.state)")
      }
    }
  }

  struct Deposit: AsyncParsableCommand {
    static let configuration = about(
      "Add to a deployment's escrow. Any account may; what is not spent returns to it."
    )

    @OptionGroup var deployment: DeploymentOption
    @Argument(help: "The amount, such as 5000000uakt.") var amount: String
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let coin = try await signer.node.coin(amount)
      let id = try deployment.identifier(signer.node, by: signer)
      try await signer.send(
        "deposited \(Money.text(coin.amount, coin.denomination)) in block",
        preferring: coin.denomination
      ) { .depositDeployment(id, amount: coin, depositor: $0) }
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = about(
      "Close a deployment with all its leases; what is left in escrow is returned."
    )

    @OptionGroup var deployment: DeploymentOption
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let id = try deployment.identifier(signer.node, by: signer)
      let found = try await deployment.find(signer.node, by: signer)
      // Where the owner cannot pay the fee, the escrow pays it, in its own currency.
      try await signer.send("closed in block", preferring: Denomination(found.denomination)) { _ in
        .closeDeployment(id)
      }
    }
  }
}

/// The deployment that a command is about.
struct DeploymentOption: ParsableArguments {
  @Argument(help: "The deployment's number (dseq).") var dseq: UInt64
  @Option(help: "The tenant: an address, or the name of a key. Default: the key that signs, else main.")
  var owner: String?

  /// `signer`: the tenant, if no other is named.
  func identifier(_ node: NodeOption, by signer: SignerOption? = nil) throws -> DeploymentID {
    DeploymentID(owner: try node.address(owner ?? signer?.from ?? "main"), sequence: dseq)
  }

  func find(_ node: NodeOption, by signer: SignerOption? = nil) async throws -> Answer.Deployment {
    let owner = try identifier(node, by: signer).owner.text()
    return try await node.get("/v1/deployments/\(owner)/\(dseq)")
  }
}
