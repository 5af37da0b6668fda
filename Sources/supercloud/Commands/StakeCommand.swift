import API
import ArgumentParser
import Chain
import Cryptography
import Node
import Primitives

struct StakeCommand: AsyncParsableCommand {
  static let configuration = about(
    "Delegate to validators, and see or withdraw rewards.",
    named: "stake",
    [Show.self, Delegate.self, Undelegate.self, Redelegate.self, Withdraw.self]
  )

  struct Show: AsyncParsableCommand {
    static let configuration = about("An account's delegations, rewards and what is unbonding.")

    @Argument(help: "An address, or the name of a key.") var account = "main"
    @OptionGroup var node: NodeOption

    func run() async throws {
      let address = try node.address(account).text()
      let stake: Answer.Stake = try await node.get("/v1/accounts/\(address)/stake")
      if node.output == .json { return try Console.json(stake) }
      showDelegations(stake.delegations)
      if !stake.unbondings.isEmpty {
        Console.line()
        Console.table(
          ["UNBONDING FROM", "AMOUNT", "COMPLETES AT"],
          stake.unbondings.map { [$0.from, money($0.amount, "uakt"), $0.completesAt] }
        )
      }
      if !stake.redelegations.isEmpty {
        Console.line()
        Console.table(
          ["MOVED FROM", "TO", "AMOUNT", "COMPLETES AT"],
          stake.redelegations.map { [$0.from, $0.to ?? "", money($0.amount, "uakt"), $0.completesAt] }
        )
      }
      for coin in stake.commission { Console.line("commission  \(money(coin))") }
    }
  }

  struct Delegate: AsyncParsableCommand {
    static let configuration = about("Delegate stake to a validator.")

    @OptionGroup var stake: StakeOptions

    func run() async throws {
      let coin = try await stake.signer.node.coin(stake.amount)
      let validator = try stake.signer.node.address(stake.validator)
      try await stake.signer.send("delegated in block") {
        .delegate(delegator: $0, validator: validator, amount: coin)
      }
    }
  }

  struct Undelegate: AsyncParsableCommand {
    static let configuration = about("Undelegate stake; it can be spent after the unbonding time.")

    @OptionGroup var stake: StakeOptions

    func run() async throws {
      let suffix = "; `supercloud stake show \(CommandText.quoted(stake.signer.from))` tells until when"
      let validator = try stake.signer.node.address(stake.validator)
      let coin = try await stake.signer.stake(stake.amount, at: validator)
      try await stake.signer.send("unbonding since block", then: suffix) {
        .undelegate(delegator: $0, validator: validator, amount: coin)
      }
    }
  }

  struct Redelegate: AsyncParsableCommand {
    static let configuration = about("Move stake from one validator to another.")

    @Argument(help: "The operator of the validator that has the stake.") var source: String
    @Argument(help: "The operator of the validator that gets it.") var destination: String
    @Argument(help: "The amount, such as 2.5AKT or 2500000uakt, or all.") var amount: String
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let source = try signer.node.address(source)
      let destination = try signer.node.address(destination)
      let coin = try await signer.stake(amount, at: source)
      try await signer.send("moved in block") {
        .redelegate(delegator: $0, from: source, to: destination, amount: coin)
      }
    }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = about(
      "Withdraw rewards from one validator, or from all; with --commission also your validator's commission."
    )

    @Argument(help: "The validator's operator. Default: all that you delegate to.") var validator: String?
    @Flag(help: "Also the commission of your own validator.") var commission = false
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let wallet = try await signer.wallet()
      var validators = try validator.map { [try signer.node.address($0)] } ?? []
      if validator == nil {
        let address = wallet.address.text()
        let stake: Answer.Stake = try await signer.node.get("/v1/accounts/\(address)/stake")
        validators = try stake.delegations.map { try accountAddress($0.validator) }
      }
      var actions = validators.map { Action.withdrawReward(delegator: wallet.address, validator: $0) }
      if commission { actions.append(.withdrawCommission(validator: wallet.address)) }
      guard !actions.isEmpty else {
        throw Failure("there is nothing to withdraw", why: "\(wallet.address) delegates to nobody")
      }
      var results: [Answer.TransactionResult] = []
      while !actions.isEmpty {
        results.append(try await wallet.send(Array(actions.prefix(ChainLimits.messages))))
        actions.removeFirst(min(actions.count, ChainLimits.messages))
      }
      if signer.node.output == .json { return try Console.json(results) }
      for event in results.flatMap(\.events) where event.name.contains("withdraw") {
        let values = event.attributes.map { "\($0.key)=\($0.value)" }
        Console.line("\(event.name)  \(values.joined(separator: " "))")
      }
      Console.line("withdrawn in block \(results.last?.height ?? 0)")
    }
  }
}

/// The options of commands that move stake: validator and amount.
struct StakeOptions: ParsableArguments {
  @Argument(help: "The validator's operator.") var validator: String
  @Argument(help: "The amount, such as 2.5AKT or 2500000uakt; `all` undelegates everything.")
  var amount: String
  @OptionGroup var signer: SignerOption
}

extension SignerOption {
  /// The stake that a person typed; `all` is everything that the signer has at the validator.
  fileprivate func stake(_ amount: String, at validator: Address) async throws -> Coin {
    guard amount == "all" else { return try await node.coin(amount, "an amount or `all`") }
    let delegator = try await wallet().address
    let stake: Answer.Stake = try await node.get("/v1/accounts/\(delegator.text())/stake")
    for delegation in stake.delegations where try accountAddress(delegation.validator) == validator {
      if let units = UInt64(delegation.stake), units > 0 { return Coin(units, .uakt) }
    }
    throw Failure(
      "\(delegator) has no stake at \(validator)",
      fix: "`supercloud stake show \(CommandText.quoted(delegator.text()))` lists its delegations"
    )
  }
}
