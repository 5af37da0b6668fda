import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

struct DeployCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy",
    abstract: "Lease what a deploy.yaml asks for: order, bids, agreement, manifest, URL.",
    discussion: """
      Checks the file, signs and gossips the order, shows bids as they arrive, takes the cheapest (or asks on a
      terminal), agrees in one transaction, sends the manifest to the providers and waits until the services answer.
      """
  )

  @Argument(help: "The deploy.yaml.", completion: .file()) var file: String
  @Option(
    help: "Deposit into escrow, such as 5AKT or 5000000uakt. Default: ten times the currency's minimum."
  )
  var deposit: String?
  @Option(help: "Milliseconds to wait for cheaper bids once every group has one.") var wait: UInt64 = 300
  @Option(help: "Seconds to wait until every group has a bid.") var timeout: UInt64 = 30
  @Flag(help: "Take the cheapest bids without asking.") var yes = false
  @Option(help: .hidden) var report: String?
  @OptionGroup var signer: SignerOption

  func run() async throws {
    let journey = try await DeployJourney(command: self)
    let report = try await journey.run()
    if let path = self.report {
      try JSONEncoder().encode(report).write(to: URL(filePath: path), options: .atomic)
    }
    if signer.node.output == .json { try Console.json(report) }
  }
}

/// Runs the steps of one deployment and prints each.
struct DeployJourney {
  private let command: DeployCommand
  private let wallet: Wallet
  private let plan: DeployPlan
  private let ticks: TickPrice
  private let started = Date()

  init(command: DeployCommand) async throws {
    self.command = command
    // The file is checked first, because this check needs no node.
    try DeployPlan.check(file: command.file)
    wallet = try await command.signer.wallet()
    let status: Answer.Status = try await command.signer.node.get("/v1/status")
    ticks = TickPrice(tickMilliseconds: status.tickMilliseconds)
    plan = try DeployPlan(file: command.file, wallet: wallet)
  }

  private var isQuiet: Bool { command.signer.node.output == .json }

  private func say(_ text: String) {
    guard !isQuiet else { return }
    Console.line(String(format: "%6.2f s", Date().timeIntervalSince(started)) + "  " + text)
  }

  private func milliseconds(since date: Date, until end: Date = Date()) -> Double {
    (end.timeIntervalSince(date) * 10_000).rounded() / 10
  }

  func run() async throws -> DeployReport {
    say("checked \(command.file): \(plan.summary)")
    let deposit = try await orderDeposit()
    let signedAt = Date()
    let order = try await postOrder(deposit)
    let dseq = plan.deployment.sequence
    let owner = wallet.address.text()
    var report = DeployReport(owner: owner, dseq: dseq, order: order.identifier.description)
    let (bids, firstBid) = try await gatherBids(order, signedAt: signedAt)
    (report.bids, report.firstBidMilliseconds) = (bids.count, firstBid)
    let chosen = try choose(bids)
    let agreedAt = Date()
    report.height = try await agree(order, chosen).height
    report.agreementMilliseconds = milliseconds(since: agreedAt)
    report.leaseMilliseconds = milliseconds(since: signedAt)
    let leases = "\(chosen.count) lease\(chosen.count == 1 ? "" : "s")"
    let after = "\(Int(report.leaseMilliseconds)) ms after the order"
    say("agreed: deployment \(dseq), \(leases) in block \(report.height), \(after)")
    for choice in chosen { report.leases.append(try await start(choice)) }
    report.readyMilliseconds = milliseconds(since: signedAt)
    if !isQuiet {
      Console.line(Hint.completed("\nclose it with: `supercloud deployment close \(dseq)`"))
    }
    return report
  }

  // MARK: Steps

  private func orderDeposit() async throws -> Coin {
    if let text = command.deposit { return try await command.signer.node.coin(text, "a deposit") }
    guard let minimum = wallet.currency(plan.denomination).flatMap({ UInt64($0.minimumDeposit) }) else {
      throw Failure("the node does not say what the least deposit is", fix: "name one: --deposit 5AKT")
    }
    // Governance keeps minimums below 2³¹ units.
    return Coin(minimum &* 10, plan.denomination)
  }

  private func postOrder(_ deposit: Coin) async throws -> SignedObject {
    let status: Answer.Status = try await wallet.client.get("/v1/status")
    let now = Timestamp(iso8601: status.time) ?? .now
    let order = Order(
      deployment: plan.deployment,
      groups: plan.groups,
      manifestHash: plan.manifestHash,
      deposit: deposit,
      expiresAt: max(now, .now).advanced(byMilliseconds: 300_000)
    )
    let object = SignedObject(kind: .order, body: order.encoded, signer: wallet.key, chain: wallet.chain)
    do {
      let _: Answer.Submitted = try await wallet.client.post("/v1/objects", body: object.encoded)
    } catch let error as ClientError {
      throw Self.refusal(error, of: wallet.address)
    }
    say(
      "order \(object.identifier.description.prefix(16)) gossiped, deposit \(Money.text(deposit.amount, deposit.denomination))"
    )
    return object
  }

  private static func refusal(_ error: ClientError, of owner: Address) -> Failure {
    guard case .refused(_, let answer) = error else { return Failure(error) }
    return Failure(
      "the node did not accept the order of \(Money.short(owner.text()))",
      why: answer.message,
      fix: answer.fix ?? "`supercloud account show \(owner)` tells what the account has; nothing was paid"
    )
  }

  /// Waits until every group has a bid, and then for `--wait` milliseconds for cheaper ones; prints each bid.
  ///
  /// Returns the bids, and the milliseconds from signing the order to the first one.
  private func gatherBids(_ order: SignedObject, signedAt: Date) async throws -> ([Answer.Bid], Double) {
    let gathering = BidGathering(
      client: wallet.client,
      order: order.identifier,
      timeout: .seconds(Int64(clamping: command.timeout)),
      wait: .milliseconds(Int64(clamping: command.wait)),
      isComplete: { missing($0).isEmpty }
    )
    let found = try await gathering.run(arrived: show, interrupted: { say("\($0); following again") })
    guard found.isComplete else {
      throw Failure(
        "no bid for \(missing(found.bids).joined(separator: ", ")) within \(command.timeout) s",
        why: found.interruption
          ?? "no provider has what is asked for at this price; `supercloud market gpus` shows what there is",
        fix:
          "raise the price in the file, or ask for another GPU; the order expires by itself and nothing was paid"
      )
    }
    return (found.bids, found.firstBidAt.map { milliseconds(since: signedAt, until: $0) } ?? 0)
  }

  /// The names of the groups without a bid.
  private func missing(_ bids: [Answer.Bid]) -> [String] {
    let covered = Set(bids.flatMap { $0.groups.map(\.sequence) })
    return plan.groups.filter { !covered.contains($0.sequence) }.map(\.spec.name)
  }

  private func show(_ bid: Answer.Bid) {
    for group in bid.groups {
      let gpus = group.gpus.isEmpty ? "no GPU" : group.gpus.joined(separator: ", ")
      say(
        "bid  \(Money.short(bid.provider))  \(gpus)  \(group.price) \(group.denomination) per tick = "
          + "\(ticks.hourly(group.price, group.denomination)) per hour = \(ticks.monthly(group.price, group.denomination)) per month"
      )
    }
  }

  struct Choice {
    var group: Order.Group
    var bid: Answer.Bid
    var offer: Answer.Bid.Group
  }

  /// The cheapest bid of each group, or the one that the user chooses on the terminal.
  private func choose(_ bids: [Answer.Bid]) throws -> [Choice] {
    try plan.groups.map { group in
      let offers = bids.compactMap { bid in
        bid.groups.first { $0.sequence == group.sequence }.map { Choice(group: group, bid: bid, offer: $0) }
      }.sorted { (Decimal18($0.offer.price) ?? .zero) < (Decimal18($1.offer.price) ?? .zero) }
      guard let cheapest = offers.first else { throw Failure("no bid for \(group.spec.name)") }
      guard !command.yes, Console.isTerminal, offers.count > 1 else { return cheapest }
      return try ask(group, offers)
    }
  }

  private func ask(_ group: Order.Group, _ offers: [Choice]) throws -> Choice {
    Console.line("\nbids for \(group.spec.name):")
    for (index, choice) in offers.enumerated() {
      Console.line(
        "  \(index + 1)  \(choice.bid.provider)  \(choice.offer.gpus.joined(separator: ", "))  "
          + ticks.hourly(choice.offer.price, choice.offer.denomination) + " per hour"
      )
    }
    Console.note("which one? [1]")
    let text = readLine()?.trimmingCharacters(in: .whitespaces) ?? ""
    guard let number = text.isEmpty ? 1 : Int(text), offers.indices.contains(number - 1) else {
      throw Failure.usage("`\(text)` is none of 1 to \(offers.count)", fix: "nothing was paid; deploy again")
    }
    return offers[number - 1]
  }

  private func agree(_ order: SignedObject, _ chosen: [Choice]) async throws -> Answer.TransactionResult {
    var bids: [SignedObject] = []
    var choices: [AgreeLease.Choice] = []
    for choice in chosen {
      guard let bytes = Hex.decode(choice.bid.encoded) else {
        throw Failure("the node sent a bid that is not hex")
      }
      let bid = try SignedObject(decoding: bytes, chain: wallet.chain)
      let known = bids.firstIndex { $0.identifier == bid.identifier }
      if known == nil { bids.append(bid) }
      let index = known ?? bids.count - 1
      choices.append(AgreeLease.Choice(group: choice.group.sequence, bid: UInt32(index)))
    }
    let agreement = AgreeLease(owner: wallet.address, order: order, bids: bids, choices: choices)
    return try await wallet.send([.agreeLease(agreement)], preferring: plan.denomination)
  }

  /// Sends the manifest to the group's provider and waits until its services are ready.
  private func start(_ choice: Choice) async throws -> DeployReport.Lease {
    let provider = try accountAddress(choice.bid.provider)
    let group = choice.group.sequence
    let lease = LeaseID(deployment: plan.deployment, group: group, order: 1, provider: provider)
    let stream = try await LeaseStream.open(lease: lease, wallet: wallet)
    try await stream.send(manifest: plan.manifestJSON)
    say(
      "manifest accepted by \(Money.short(choice.bid.provider)), hash \(plan.manifestHash.description.prefix(16))"
    )
    let urls = try await stream.waitUntilReady(timeout: 60)
    await stream.close()
    for url in urls { say("ready  \(url)") }
    return DeployReport.Lease(
      group: choice.group.sequence,
      provider: choice.bid.provider,
      price: choice.offer.price,
      denomination: choice.offer.denomination,
      gpus: choice.offer.gpus,
      urls: urls
    )
  }
}
