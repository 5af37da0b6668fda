import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Testnet

/// Shows a local network on the terminal.
struct TestnetOutput: Sendable {
  let testnet: LocalTestnet

  private var homes: TestnetHomes { testnet.homes }

  func show(_ event: TestnetEvent) {
    switch event {
    case .ready(let plan): banner(plan)
    case .restarting(let name, let ending): Console.note("\(name) ended, \(ending); it is started again")
    case .deploying(let label, let command): Console.line("\n$ \(command)        # \(label)")
    case .answered(let url, let page): show(page, of: url)
    case .kept(let deployment, let command): show(deployment, command)
    case .notLeased(let label, let reason): Console.note("\nthe demo does not lease \(label): \(reason)")
    case .demoFailed(let error): Console.note("\nthe demo stopped; the network goes on\n\(error)")
    case .waitingForPayouts: Console.line("\nwaiting for payouts (every 5 ticks)")
    case .settled(let settlement): show(settlement)
    case .checking: Console.line("\nChecks")
    case .verified(let claim): Console.line("  ✓ \(claim)")
    case .timed(let label, let report):
      Console.line(
        "order to committed lease: \(report.leaseMilliseconds) ms (\(label)); first bid after \(report.firstBidMilliseconds) ms, agreement \(report.agreementMilliseconds) ms, service answered after \(report.readyMilliseconds) ms"
      )
    case .checked: Console.line("all checks passed")
    case .running: Console.line("\nThe network runs until Ctrl-C. Try: \(example)")
    case .status(let status): show(status)
    case .interrupted: Console.line()
    case .ignored(let signal): Console.note("\(signal) is ignored; Ctrl-C stops the network")
    case .stopping(let count): Console.line("stopping \(count) processes")
    }
  }

  private func banner(_ plan: TestnetPlan) {
    if let member = plan.members.first,
      let network = try? NetworkDefinition(at: homes.home(member).network)
    {
      Money.register = CurrencyRegister(network.genesis.currencies.map { CurrencyUnit($0) })
    }
    Console.line(
      "supercloud testnet   chain \(plan.chain)   tick \(plan.tickMilliseconds) ms   \(testnet.folder.path)\n"
    )
    Console.line("Accounts of the public test mnemonic (23 × abandon, then art): never use them elsewhere")
    let accounts: [(String, UInt32)] = [
      ("faucet", TestnetPlan.faucetIndex), ("tenant", TestnetPlan.tenantIndex),
      ("tenant 2", TestnetPlan.secondTenantIndex),
    ]
    var rows: [[String]] = []
    for (name, index) in accounts {
      guard let key = try? TestnetPlan.key(index) else { continue }
      rows.append([name, key.address.text(), "m/44'/118'/\(index)'/0'/0'", Hex.encode(key.seed())])
    }
    Console.table(["NAME", "ADDRESS", "PATH", "PRIVATE KEY (SEED)"], rows, indent: "  ")
    Console.line("\nNodes")
    Console.table(
      ["NAME", "ROLE", "HARDWARE (DECLARED)", "PEERS", "HTTP", "LOG"],
      plan.members.map { member in
        [
          member.name, member.role, member.hardware ?? "", "127.0.0.1:\(member.peerPort)",
          "http://127.0.0.1:\(member.apiPort)", homes.log(member).path,
        ]
      },
      indent: "  "
    )
    Console.line()
  }

  private var example: String {
    guard let tenant = testnet.plan.member("tenant") else { return "`supercloud status`" }
    return "`supercloud market gpus --home \(CommandText.quoted(homes.home(tenant).folder.path))`"
  }

  private func show(_ deployment: Answer.Deployment, _ command: String) {
    let isClosed = !deployment.leases.contains { $0.state == "active" }
    let state = isClosed ? "is closed; lease again with" : "is leased since an earlier run"
    Console.line("\nthe tenant's deployment \(deployment.dseq), paid in \(deployment.denomination), \(state)")
    Console.line("\(isClosed ? "  " : "$ ")\(command)")
  }

  private func show(_ page: String, of url: String) {
    Console.line("\n$ curl \(url)        # without the page's tags")
    for line in page.split(separator: "\n") where line.contains("<tr") || line.contains("<h1") {
      let words = line.replacing(/<[^>]*>/, with: " ").split(separator: " ")
      Console.line("  " + words.joined(separator: " "))
    }
  }

  private func show(_ settlement: TestnetSettlement) {
    let takes = settlement.takes
    Console.line("\nSettlement at tick \(settlement.tick)")
    Console.table(
      ["DEPLOYMENT", "PROVIDER", "PRICE PER TICK", "TENANT'S ESCROW", "EARNED", "PAID", "TAKE"],
      settlement.leases.map { entry in
        let lease = entry.lease
        let basisPoints = takes.first { $0.denomination == lease.denomination }?.basisPoints ?? 0
        return [
          String(lease.dseq), Money.short(lease.provider), "\(lease.price) \(lease.denomination)",
          money(entry.escrowFunds, lease.denomination), money(lease.earned, lease.denomination),
          money(lease.paid, lease.denomination),
          "\(money(lease.fee, lease.denomination)) (\(percent(basisPoints)))",
        ]
      },
      indent: "  "
    )
    for take in takes where take.collected != "0" {
      Console.line(
        "  community pool holds \(money(take.communityPool, take.denomination)) of takes at \(percent(take.basisPoints))"
      )
    }
    for line in settlement.audit {
      Console.line(
        "  \(line.denomination): accounts \(line.accounts) + escrow \(line.escrow) + lease deposits \(line.leaseDeposits) + stake \(line.stake) + pools \(line.pools) = supply \(line.supply)  \(line.conserved ? "conserved" : "NOT CONSERVED")"
      )
    }
  }

  /// Prints a status line; on a terminal it overwrites the one before.
  private func show(_ status: Answer.Status) {
    let line =
      "height \(status.height)  tick \(status.tick)  block \(status.blockInterval) ms  peers \(status.peers)  "
      + "orders \(status.orders)  bids \(status.bids)  leases \(status.leases)  mempool \(status.mempoolTransactions)"
    if Console.isTerminal { Console.status(line) } else { Console.line(line) }
  }
}
