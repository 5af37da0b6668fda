import API
import ArgumentParser
import Chain
import Foundation
import Primitives

struct DeployCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy",
    abstract: "Lease what a deploy.yaml asks for: order, bids, agreement, manifest, URL.",
    discussion: """
      Checks the file, signs and gossips the order, shows bids as they arrive, proposes the cheapest, agrees in one
      transaction, sends the manifest to the providers and waits until the services answer. It asks before it
      agrees, unless --yes or --max-price is given.

      Ctrl-C, a failure and a no before the agreement take the order back. After it, what runs is billed: the command
      then says what runs, what it costs, and how to go on or end it. A second Ctrl-C ends the command at once.
      """
  )

  @Argument(help: "The deploy.yaml.", completion: .file()) var file: String
  @Option(
    help: "Deposit into escrow, such as 5AKT or 5000000uakt. Default: ten times the currency's minimum."
  )
  var deposit: String?
  @Option(help: "Whose grant of deposits pays the deposit: an address, or the name of a key.")
  var depositor: String?
  @OptionGroup var options: DeployOptions

  func run() async throws {
    // The file is checked first, because this check needs no node.
    try DeployPlan.check(file: file)
    try options.checkApproval()
    let signer = options.signer
    let wallet = try await signer.wallet()
    let plan = try DeployPlan(file: file, wallet: wallet)
    let depositor = try depositor.map { try signer.node.address($0) }
    let payment = DeployJourney.Payment(deposit: try await amount(for: plan, wallet), depositor: depositor)
    try await options.run(plan, payment, file: file, wallet: wallet)
  }

  private func amount(for plan: DeployPlan, _ wallet: Wallet) async throws -> Coin {
    if let deposit { return try await options.signer.node.coin(deposit, "a deposit") }
    guard let minimum = wallet.currency(plan.denomination).flatMap({ UInt64($0.minimumDeposit) }) else {
      throw Failure("the node does not say what the least deposit is", fix: "name one: --deposit 5AKT")
    }
    return try Self.standardDeposit(minimum: minimum, plan.denomination)
  }

  /// Ten times the currency's minimum, which a genesis may set to anything.
  ///
  /// - Throws: `Failure` when that is more than an amount can be.
  static func standardDeposit(minimum: UInt64, _ denomination: Denomination) throws -> Coin {
    let (deposit, overflow) = minimum.multipliedReportingOverflow(by: 10)
    guard !overflow else {
      throw Failure(
        "ten times the least deposit of \(minimum) \(denomination) is more than an amount can be",
        why: "without --deposit that is what is paid; nothing was ordered",
        fix: "name an amount: --deposit \(minimum)\(denomination)"
      )
    }
    return Coin(deposit, denomination)
  }
}

/// What the commands that order have in common.
struct DeployOptions: ParsableArguments {
  @Option(help: "Milliseconds to wait for cheaper bids once every group has one.") var wait: UInt64 = 300
  @Flag(help: "Take the cheapest bids without asking.") var yes = false
  @Option(
    help: "Take the cheapest bids without asking if all cost at most this per hour, such as 0.5AKT."
  )
  var maxPrice: String?
  @Flag(help: "Close what was leased if not everything gets ready, or on Ctrl-C.") var closeOnFailure = false
  @Option(help: .hidden) var report: String?
  @OptionGroup var signer: SignerOption

  /// - Throws: `Failure` when nobody can be asked and no option says what may be agreed to.
  func checkApproval() throws {
    if let maxPrice { try Money.checkForm(maxPrice, "a price") }
    guard yes || maxPrice != nil || Console.canAsk else {
      throw Failure.usage(
        "nobody can be asked whether the bids are good",
        why: "this is not a terminal, and neither --yes nor --max-price is given; nothing was ordered",
        fix: "--max-price COIN takes the cheapest bids up to a price per hour, --yes takes them at any price"
      )
    }
  }

  /// Orders, agrees and starts what `plan` says; prints and writes the report.
  func run(_ plan: DeployPlan, _ payment: DeployJourney.Payment, file: String, wallet: Wallet) async throws {
    let status: Answer.Status = try await signer.node.get("/v1/status")
    let terms = DeployJourney.Terms(
      file: file,
      approval: try await approval(plan, wallet),
      wait: .milliseconds(Int64(clamping: wait)),
      patience: signer.node.patience,
      closesOnFailure: closeOnFailure,
      isQuiet: signer.node.output == .json
    )
    let journey = DeployJourney(
      wallet: wallet,
      plan: plan,
      payment: payment,
      terms: terms,
      ticks: TickPrice(tickMilliseconds: status.tickMilliseconds)
    )
    let result = try await Interruption.cancelling { await journey.run() }
    if let report = result.report {
      if let path = self.report {
        try JSONEncoder().encode(report).write(to: URL(filePath: path), options: .atomic)
      }
      if terms.isQuiet {
        // Where nobody reads the report, standard error still says what is billed.
        Console.needsReader = result.failure == nil
        try Console.json(report)
      }
    }
    if let failure = result.failure { throw failure }
  }

  private func approval(_ plan: DeployPlan, _ wallet: Wallet) async throws -> DeployJourney.Approval {
    guard let maxPrice else { return yes ? .given : .asked }
    let limit = try await signer.node.coin(maxPrice, "a price")
    guard try wallet.denomination(limit.denomination.name) == plan.denomination else {
      throw Failure.usage(
        "--max-price is in \(limit.denomination), the file asks for prices in \(plan.denomination)",
        fix: "name the price in \(plan.denomination); nothing was ordered"
      )
    }
    return .upTo(limit.amount)
  }
}
