import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Plays the reference chain's escrow scenarios on a deployment with a group for each payment.
@Suite struct EscrowLifecycleTests {
  private static let differences: [String: String] = [
    "overdraw by one block":
      "the account is found overdrawn at the tick it runs dry, not by the withdrawal, which then finds the lease ended",
    "two AKT leases, unequal rates, runs dry inside a block": "the take is cumulative: 12 of 300, not 4 + 7",
    "withdrawing every block dodges the take on small prices": "the take is cumulative: 2 of 72",
    "late top-up rescues a deployment nobody has settled":
      "an account that ran dry is overdrawn when it does; later money pays for nothing that is past",
    "overdraw with a fractional remainder":
      "the lease has ended before the withdrawal, as above; the figures agree",
    "grantor funds first, then owner balance; close in the same block":
      "deposits are spent in the order in which they came, whoever made them",
  ]

  @Test func `scenarios end as the reference says`() throws {
    let file = try ConformanceFile("escrow_lifecycle")
    var tally = ConformanceTally(file.name)
    for scenario in try file.list("scenarios") {
      let name = scenario.text("name")
      let player = try Player(scenario)
      try player.play()
      if let reason = Self.differences[name] {
        tally.differ(name, because: reason, asHere: try holds(name, player))
      } else {
        tally.record(name, agrees: player.faults.isEmpty, player.faults.joined(separator: "; "))
      }
    }
    tally.finish(expected: 12)
  }

  /// What we want in place of the reference's result.
  private func holds(_ name: String, _ player: Player) throws -> Bool {
    let chain = player.chain
    let escrow = try #require(chain.query.escrow(of: player.id, at: chain.moment.tick))
    switch name {
    case "overdraw by one block":
      return escrow.state == .overdrawn && player.pool == 20 && player.net("p1") == 980
    case "two AKT leases, unequal rates, runs dry inside a block":
      return escrow.state == .overdrawn && player.pool == 12 + 28 && player.net("1/1/a") == 288
        && player.net("2/1/b") == 672
    case "withdrawing every block dodges the take on small prices":
      return player.pool == 2 && player.net("a") == 70
    case "late top-up rescues a deployment nobody has settled":
      return escrow.state == .overdrawn && escrow.funds == Decimal18(100) && player.net("a") == 96
    case "overdraw with a fractional remainder":
      return escrow.state == .overdrawn && player.gross("a") == 196 && player.gross("b") == 458
    case "grantor funds first, then owner balance; close in the same block":
      return escrow.state == .closed && player.refund(to: "grantor") == 2_500_000
        && player.refund(to: "tenant") == 0
        && player.gross("p1") == 12_500_000 && player.pool == 250_000
    default: return false
    }
  }
}

private final class Player {
  let chain: TestChain
  let id: DeploymentID
  private let steps: [[String: Any]]
  private let errors: [[String: Any]]
  /// Payment names in the order of their groups.
  private var groups: [String] = []
  private(set) var faults: [String] = []

  init(_ scenario: [String: Any]) throws {
    let take = scenario.number("take_percent")
    steps = scenario.objects("steps")
    errors = scenario.objects("then_errors")
    chain = try TestChain(
      balances: ["tenant": [Coin(100_000_000, .uakt)], "grantor": [Coin(100_000_000, .uakt)]],
      parameters: [.payoutInterval: 1_000_000],
      adjust: { genesis in
        genesis.currencies[0].takeBasisPoints = UInt32(take * 100)
        genesis.currencies[0].leaseDeposit = .zero
      }
    )
    id = chain.deployment()
    for step in steps where step.text("op") == "payment_create" { groups.append(step.text("payment")) }
  }

  func play() throws {
    for (index, step) in steps.enumerated() {
      let height = step.number("height")
      if height > chain.moment.tick { chain.advance(ticks: height - chain.moment.tick) }
      if step.text("op") == "account_close" { try checkErrors(before: true) }
      do {
        try chain.perform { execution throws(Rejection) in try self.run(step, execution) }
      } catch {
        faults.append("step \(index) was refused: \(error)")
      }
      check(step.object("after"), "step \(index)")
    }
    try checkErrors(before: false)
  }

  private func run(_ step: [String: Any], _ execution: Execution) throws(Rejection) {
    let source = step.text("from") == "depositor" ? "grantor" : "tenant"
    let amount = Amount(UInt64(step.text("amount")) ?? 0)
    switch step.text("op") {
    case "account_create":
      try execution.createDeployment(
        id,
        groups: groups.map { Fixture.group($0) },
        manifestHash: Fixture.manifest,
        order: Digest.sha256("\(chain.moment.height)".utf8),
        denomination: .uakt
      )
      try execution.deposit(amount, from: chain.address(source), isGranted: source == "grantor", to: id)
    case "deposit":
      try execution.deposit(amount, from: chain.address(source), isGranted: source == "grantor", to: id)
    case "payment_create":
      let name = step.text("payment")
      try execution.openLeases(
        [
          Execution.LeaseOpening(
            group: group(name),
            spec: Fixture.group(name),
            provider: chain.address(name),
            price: DecimalCoin(Decimal18(step.text("rate"))!, .uakt),
            offer: [],
            reclamationWindow: 0,
            requiresAuditedGPUs: false
          )
        ],
        of: id
      )
    case "payment_withdraw": try execution.withdrawLease(lease(step.text("payment")))
    case "payment_close": try execution.closeLease(lease(step.text("payment")))
    default: try execution.closeDeployment(id)
    }
  }

  private func group(_ name: String) -> UInt32 { UInt32(groups.firstIndex(of: name)!) + 1 }

  private func lease(_ name: String) -> LeaseID {
    LeaseID(deployment: id, group: group(name), order: 1, provider: chain.address(name))
  }

  var pool: UInt64 { chain.balance(.communityPool) }

  /// What the provider received.
  func net(_ name: String) -> UInt64 { chain.balance(name) }

  func gross(_ name: String) -> UInt64 {
    chain.query.lease(lease(name), at: chain.moment.tick)?.paid.units ?? 0
  }

  private func expect(_ holds: Bool, _ what: String) {
    if !holds { faults.append(what) }
  }

  private func check(_ after: [String: Any], _ step: String) {
    guard let account = chain.state.read(Tables.escrow, id) else { return }
    if after["account_state"] != nil {
      let state = ["open": EscrowAccount.State.open, "closed": .closed, "overdrawn": .overdrawn]
      expect(account.state == state[after.text("account_state")], "\(step): state \(account.state)")
    }
    if after["balance"] != nil, account.state != .closed {
      let funds = (try? account.funds()) ?? .zero
      let expected = Decimal18(after.text("balance"))!.raw + (Decimal18(after.text("funds"))?.raw ?? 0)
      expect(funds.raw == expected || after["funds"] == nil, "\(step): funds \(funds)")
    }
    if after["transferred"] != nil {
      expect(account.transferred.fixedText == after.text("transferred"), "\(step): \(account.transferred)")
    }
    if after["community_pool"] != nil, account.state != .closed {
      expect(String(pool) == after.text("community_pool"), "\(step): pool \(pool)")
    }
    if after["refund_owner"] != nil {
      let refunded = refund(to: "tenant")
      expect(String(refunded) == after.text("refund_owner"), "\(step): owner got \(refunded)")
    }
    if after["refund_depositor"] != nil {
      let refunded = refund(to: "grantor")
      expect(String(refunded) == after.text("refund_depositor"), "\(step): grantor got \(refunded)")
    }
    for (name, value) in after.object("payments") {
      if let payment = value as? [String: Any] { check(payment, name, step) }
    }
  }

  func refund(to name: String) -> UInt64 {
    chain.lastEvents.reduce(0) { sum, event in
      guard case .refunded(_, let depositor, let coin) = event, depositor == chain.address(name) else {
        return sum
      }
      return sum + coin.amount.units
    }
  }

  private func check(_ payment: [String: Any], _ name: String, _ step: String) {
    guard let status = chain.query.lease(lease(name), at: chain.moment.tick) else {
      faults.append("\(step): no lease \(name)")
      return
    }
    if payment["state"] != nil {
      let state = ["open": LeaseRecord.State.active, "closed": .closed, "overdrawn": .insufficientFunds]
      expect(
        status.record.state == state[payment.text("state")],
        "\(step): \(name) is \(status.record.state)"
      )
    }
    if payment["withdrawn"] != nil {
      expect(status.paid.description == payment.text("withdrawn"), "\(step): \(name) was paid \(status.paid)")
    }
    if payment["paid_to_owner"] != nil {
      expect(String(net(name)) == payment.text("paid_to_owner"), "\(step): \(name) got \(net(name))")
    }
    if payment["balance"] != nil {
      let left = status.earned.raw - Decimal18(status.paid).raw
      expect(Decimal18(raw: left).fixedText == payment.text("balance"), "\(step): \(name) has \(left) left")
    }
  }

  /// Calls that must fail; numbers that the deployment's own codes replace are noted in the comments.
  private func checkErrors(before: Bool) throws {
    for item in errors where (item["before_step"] != nil) == before {
      var step = item
      if item.text("op") == "deposit" || item.text("op") == "account_create" {
        step["amount"] = "1"
        step["from"] = "owner"
      }
      step["rate"] = "1"
      let rejection = chain.rejection { execution throws(Rejection) in try self.run(step, execution) }
      let code = rejection.map { "\($0.code)" } ?? ""
      // A closed account is a closed deployment, an existing one an existing deployment; a payment cannot be made
      // twice because every lease has its own order number: the group is leased anew.
      let meant = [
        "escrow/2": "deployment/5", "escrow/1": "deployment/3", "escrow/7": "escrow/7", "escrow/6": "",
      ]
      let expected = meant[String(item.text("error").prefix { $0 != " " })]
      expect(code == expected, "\(item.text("op")) gave \(code)")
    }
  }
}
