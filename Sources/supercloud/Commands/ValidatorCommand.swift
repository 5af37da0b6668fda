import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

struct ValidatorCommand: AsyncParsableCommand {
  static let configuration = about(
    "Become a validator, change its profile, leave jail, let a copied or restored home sign.",
    named: "validator",
    [List.self, Show.self, Create.self, Edit.self, Unjail.self, ValidatorAdoptCommand.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = about("Validators, most power first.")

    @Option(help: "Only bonded, unbonding, unbonded or jailed ones.") var status: String?
    @OptionGroup var page: PageOption

    func run() async throws {
      let header = ["MONIKER", "OPERATOR", "POWER", "STAKE", "COMMISSION", "MISSED", "STATE"]
      try await page.list("/v1/validators", [("status", status)], header) { (it: Answer.Validator) in
        [
          it.moniker, it.operatorAddress, String(it.power), money(it.tokens, "uakt"), it.commission,
          String(it.missedBlocks), it.tombstoned ? "tombstoned" : it.jailed ? "jailed" : it.status,
        ]
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = about("One validator and its delegations.")

    @Argument(help: "The operator: an address, or the name of a key.") var validator: String
    @OptionGroup var page: PageOption

    private struct Both: Encodable {
      var validator: Answer.Validator
      var delegations: Answer.Page<Answer.Delegation>
    }

    func run() async throws {
      let address = try page.node.address(validator).text()
      let both = Both(
        validator: try await page.node.get("/v1/validators/\(address)"),
        delegations: try await page.node.get("/v1/validators/\(address)/delegations", page.query)
      )
      if page.node.output == .json { return try Console.json(both) }
      let found = both.validator
      Console.line("validator   \(found.moniker)  (\(found.operatorAddress))")
      Console.line("key         \(found.consensusKey)")
      Console.line(
        "state       \(found.status)\(found.jailed ? ", jailed until \(found.jailedUntil ?? "")" : "")"
      )
      Console.line("power       \(found.power)")
      Console.line("stake       \(money(found.tokens, "uakt"))")
      Console.line("commission  \(found.commission), at most \(found.maximumCommission)")
      Console.line("missed      \(found.missedBlocks) blocks of the signing window\n")
      showDelegations(both.delegations.items)
      PageOption.noteNext(both.delegations.next)
    }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Register as a validator with a first stake.",
      discussion: "The consensus key is this home's, which `supercloud init --role validator` made."
    )

    @Argument(help: "The stake, such as 1000000000uakt.") var stake: String
    @Option(help: "The name that others see.") var moniker: String
    @Option(help: "The commission, a decimal from 0 to 1.") var commission = "0.05"
    @Option(help: "The highest commission that can ever be set.") var maximumCommission = "0.20"
    @Option(help: "The largest change of the commission in a day.") var maximumCommissionChange = "0.01"
    @Option(help: "The smallest self-delegation, in uakt.") var minimumSelfDelegation: UInt64 = 1
    @Option(help: "The consensus key, 64 hex digits. Default: the home's.") var consensusKey: String?
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let stake = try await signer.node.coin(stake, "a stake")
      let key = try consensusKey.map { try publicKey($0) } ?? ownKey()
      let commission = try share(commission, "--commission")
      let limit = try share(maximumCommission, "--maximum-commission")
      let change = try share(maximumCommissionChange, "--maximum-commission-change")
      let wallet = try await signer.wallet()
      let creation = CreateValidator(
        operatorAddress: wallet.address,
        description: profile.description(moniker: moniker),
        consensusKey: key,
        commission: commission,
        maximumCommission: limit,
        maximumCommissionChange: change,
        minimumSelfDelegation: Amount(minimumSelfDelegation),
        stake: stake
      )
      let result = try await wallet.send([.createValidator(creation)])
      try signer.node.report(result, "\(moniker) is registered in block")
    }

    private func ownKey() throws -> PublicKey {
      let home = try signer.node.home.existing(why: "a validator needs a consensus key", code: 2) {
        "make one: `supercloud init --role validator --home \($0)`, or name the key: --consensus-key"
      }
      do {
        return try home.consensusKey().publicKey
      } catch is DefinitionError {
        throw Failure(
          "\(home.folder.path) has no consensus key",
          why: "only `supercloud init --role validator` makes one",
          fix: "name the home of the validator with --home, or its key: --consensus-key",
          code: 2
        )
      }
    }
  }

  struct Edit: AsyncParsableCommand {
    static let configuration = about(
      "Change the profile or the commission; options that are left out change nothing."
    )

    @Option(help: "The name that others see.") var moniker: String?
    @Option(help: "The commission, a decimal from 0 to 1.") var commission: String?
    @Option(help: "The smallest self-delegation, in uakt; it cannot be lowered.") var minimumSelfDelegation:
      UInt64?
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let commission = try commission.map { try share($0, "--commission") }
      let wallet = try await signer.wallet()
      let address = wallet.address.text()
      let present: Answer.Validator = try await signer.node.get("/v1/validators/\(address)")
      let edit = EditValidator(
        operatorAddress: wallet.address,
        description: profile.description(moniker: moniker ?? present.moniker, over: present),
        commission: commission,
        minimumSelfDelegation: minimumSelfDelegation.map { Amount($0) }
      )
      try signer.node.report(try await wallet.send([.editValidator(edit)]), "changed in block")
    }
  }

  struct Unjail: AsyncParsableCommand {
    static let configuration = about("Return to the validator set after being jailed for missed blocks.")

    @OptionGroup var signer: SignerOption

    func run() async throws {
      try await signer.send("unjailed in block") { .unjail(validator: $0) }
    }
  }
}

/// The options for a validator's public description.
struct ProfileOptions: ParsableArguments {
  @Option(help: "An identity, such as a Keybase id.") var identity: String?
  @Option(help: "A web site.") var website: String?
  @Option(help: "Where to report a vulnerability.") var securityContact: String?
  @Option(help: "A description.") var details: String?

  /// What is not given stays as it is in `present`.
  func description(moniker: String, over present: Answer.Validator? = nil) -> ValidatorDescription {
    ValidatorDescription(
      moniker: moniker,
      identity: identity ?? present?.identity ?? "",
      website: website ?? present?.website ?? "",
      securityContact: securityContact ?? present?.securityContact ?? "",
      details: details ?? present?.details ?? ""
    )
  }
}

func showDelegations(_ delegations: [Answer.Delegation]) {
  Console.table(
    ["DELEGATOR", "VALIDATOR", "STAKE", "REWARDS"],
    delegations.map {
      [
        $0.delegator, $0.validator, money($0.stake, "uakt"),
        $0.rewards.map { money($0) }.joined(separator: ", "),
      ]
    }
  )
}

/// Parses a public key from 64 hex digits.
func publicKey(_ text: String) throws -> PublicKey {
  try parsed(text, "a public key", fix: "64 hex digits") { Hex.decode($0).flatMap { PublicKey($0) } }
}

/// Parses a decimal from 0 to 1.
func share(_ text: String, _ option: String) throws -> Decimal18 {
  guard let value = Decimal18(text), value.raw <= Decimal18.one else {
    let why = "\(option) is a decimal between 0 and 1"
    throw Failure.usage("`\(text)` is not a share", why: why, fix: "such as 0.05")
  }
  return value
}
