import API
import Chain
import Cryptography
import Foundation
import Primitives

/// The steps of one deployment, from the order to services that answer; it prints each.
///
/// Until the agreement is sent, every way out takes the order back. From then on leases may run and be billed, so
/// every way out says so.
struct DeployJourney: Sendable {
  /// Whether the tenant agrees to the cheapest bids.
  enum Approval: Sendable {
    /// A person at the terminal is asked.
    case asked
    case given
    /// Given if all leases together cost at most this per hour, in the deployment's currency.
    case upTo(Amount)
  }

  struct Terms: Sendable {
    var file: String
    var approval: Approval
    /// How long to wait for cheaper bids once every group has one.
    var wait: Duration
    /// How long to wait until every group has a bid.
    var patience: Duration
    var closesOnFailure: Bool
    /// Whether only the report is printed.
    var isQuiet: Bool
  }

  /// Who pays what into escrow; nothing for a deployment that exists.
  struct Payment: Sendable {
    var deposit: Coin
    /// The account whose grant pays the deposit; nil when the owner pays.
    var depositor: Address?
    var isExisting = false
  }

  /// How a journey ended. Without a report nothing was agreed.
  struct Result: Sendable {
    var report: DeployReport?
    var failure: Failure?
  }

  struct Choice: Sendable {
    var group: Order.Group
    var bid: Answer.Bid
    var offer: Answer.Bid.Group

    /// The price per tick; the highest there is where it cannot be read, so that it is never taken for cheap.
    var price: Decimal18 { Decimal18(offer.price) ?? Decimal18(raw: .max) }
  }

  let wallet: Wallet
  let plan: DeployPlan
  let payment: Payment
  let terms: Terms
  let ticks: TickPrice
  private let started = Date()

  init(wallet: Wallet, plan: DeployPlan, payment: Payment, terms: Terms, ticks: TickPrice) {
    self.wallet = wallet
    self.plan = plan
    self.payment = payment
    self.terms = terms
    self.ticks = ticks
  }

  func say(_ text: String) {
    guard !terms.isQuiet else { return }
    Console.line(String(format: "%6.2f s", Date().timeIntervalSince(started)) + "  " + text)
  }

  func milliseconds(since date: Date, until end: Date = Date()) -> Double {
    (end.timeIntervalSince(date) * 10_000).rounded() / 10
  }

  func run() async -> Result {
    say("checked \(terms.file): \(plan.summary)")
    let order: SignedObject
    let signedAt: Date
    let warning: String?
    do {
      warning = try await checkFunds()
      if let warning { Console.note("warning: \(warning)") }
      signedAt = Date()
      order = try await signedOrder()
    } catch {
      return Result(failure: Self.failure(error))
    }
    let owner = wallet.address.text()
    let dseq = plan.deployment.sequence
    var report = DeployReport(owner: owner, dseq: dseq, order: order.identifier.description)
    report.warnings = warning.map { [$0] } ?? []
    let chosen: [Choice]
    do {
      try await post(order)
      let (bids, firstBid) = try await gatherBids(order, signedAt: signedAt)
      (report.bids, report.firstBidMilliseconds) = (bids.count, firstBid)
      chosen = try await choose(bids)
      try await approve(chosen)
      try Task.checkCancellation()
    } catch {
      return Result(failure: await takeBack(order, after: error))
    }
    report.leases = chosen.map(Self.lease)
    report.hourly = hourly(chosen)
    report.close = closeCommand(chosen)
    let agreedAt = Date()
    do {
      report.height = try await agree(to: chosen, of: order, closing: report.close)
    } catch let failure as Failure where failure.openTransaction != nil {
      return Result(report: report, failure: unsettled(failure, report))
    } catch {
      return Result(failure: await takeBack(order, after: error, paid: "at most the fee of the agreement"))
    }
    report.state = "incomplete"
    report.agreementMilliseconds = milliseconds(since: agreedAt)
    report.leaseMilliseconds = milliseconds(since: signedAt)
    let leases = "\(chosen.count) lease\(chosen.count == 1 ? "" : "s")"
    let after = "\(Int(report.leaseMilliseconds)) ms after the order"
    say("agreed: deployment \(dseq), \(leases) in block \(report.height), \(after)")
    report.leases = await start(chosen)
    return await finish(report, signedAt: signedAt)
  }

  static func failure(_ error: any Error) -> Failure {
    switch error {
    case let failure as Failure: failure
    case let error as ClientError: Failure(error)
    case is CancellationError: Failure("interrupted", code: Interruption.code)
    default: Failure("\(error)")
    }
  }

  // MARK: Money

  /// Throws when the account cannot pay the fee of the agreement after the deposit. Returns a warning when too
  /// little is then left for the fee of closing, else nil. A deposit that cannot be paid is refused by the node.
  private func checkFunds() async throws -> String? {
    let path = "/v1/accounts/\(wallet.address.text())"
    var account: Answer.Account = try await wallet.client.get(path)
    if let granter = wallet.feeGranter {
      return try await checkGrant(of: granter, wallet.fee(preferring: plan.denomination, account: account))
    }
    if payment.depositor == nil {
      // The node says what is missing when the deposit itself cannot be paid.
      guard let rest = account.spending(payment.deposit, wallet) else { return nil }
      account = rest
    }
    let fee: Fee
    do {
      fee = try wallet.fee(preferring: plan.denomination, account: account)
    } catch let failure as Failure {
      let deposit = Money.text(payment.deposit.amount, payment.deposit.denomination)
      let isPaid = payment.depositor == nil && !payment.deposit.amount.isZero
      throw Failure(
        "\(wallet.address) cannot pay the fee of the agreement" + (isPaid ? " beside the deposit" : ""),
        why: isPaid ? "after the deposit of \(deposit) too little is left in every currency" : failure.why,
        fix: isPaid ? "a smaller --deposit, or send it some coins; nothing was ordered" : failure.fix
      )
    }
    guard let paid = fee.amount else { return nil }
    let rest = account.spending(paid, wallet) ?? account
    guard (try? wallet.fee(preferring: plan.denomination, account: rest)) == nil else { return nil }
    return "once the deposit and the fee are paid, too little is left for the fee of closing, "
      + "\(Money.text(paid.amount, paid.denomination)); closing then takes it from the escrow"
  }

  /// Returns a warning when the grant that pays the fee of the agreement has too little left for that of closing.
  private func checkGrant(of granter: Address, _ fee: Fee) async throws -> String? {
    guard let paid = fee.amount else { return nil }
    let query = [("granter", Optional(granter.text())), ("grantee", Optional(wallet.address.text()))]
    let grants: Answer.Page<Answer.Grant> = try await wallet.client.get("/v1/grants", query)
    let grant = grants.items.first {
      $0.kind == "fees" && $0.limit.denomination == paid.denomination.name
    }
    let left = grant.flatMap { UInt64($0.limit.amount) } ?? 0
    let (both, overflow) = paid.amount.units.multipliedReportingOverflow(by: 2)
    guard overflow || left < both else { return nil }
    return
      "once the fee of the agreement is paid, the grant of \(granter) has too little left for the fee of "
      + "closing, \(Money.text(paid.amount, paid.denomination)); close without --fee-granter then, "
      + "and the escrow pays what the account cannot"
  }

  /// What `choices` cost per hour in total, for people.
  func hourly(_ choices: [Choice]) -> String {
    ticks.hourly(total(choices).description, plan.denomination.name)
  }

  func total(_ choices: [Choice]) -> Decimal18 {
    choices.reduce(Decimal18.zero) { sum, choice in
      (try? sum.adding(choice.price)) ?? Decimal18(raw: .max)
    }
  }
}

extension Answer.Account {
  /// The account after it has paid `coin`; nil when it does not have that much.
  func spending(_ coin: Coin, _ wallet: Wallet) -> Answer.Account? {
    guard !coin.amount.isZero else { return self }
    let name = (try? wallet.denomination(coin.denomination.name)) ?? coin.denomination
    var account = self
    guard let index = balances.firstIndex(where: { $0.denomination == name.name }),
      let balance = UInt64(balances[index].amount), balance >= coin.amount.units
    else { return nil }
    account.balances[index].amount = String(balance - coin.amount.units)
    return account
  }
}
