import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

struct ValidatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validator",
    abstract: "Become a validator, change its profile, leave jail.",
    subcommands: [List.self, Show.self, Create.self, Edit.self, Unjail.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Validators, most power first.")

    @Option(help: "Only bonded, unbonding, unbonded or jailed ones.") var status: String?
    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let validators: Answer.Page<Answer.Validator> = try await node.withClient {
        try await $0.get("/v1/validators", [("status", status)] + page.query)
      }
      let header = ["MONIKER", "OPERATOR", "POWER", "STAKE", "COMMISSION", "MISSED", "STATE"]
      try page.show(validators, node, header) { validators in
        validators.map {
          [
            $0.moniker, $0.operatorAddress, String($0.power), money($0.tokens, "uakt"), $0.commission,
            String($0.missedBlocks), $0.tombstoned ? "tombstoned" : $0.jailed ? "jailed" : $0.status,
          ]
        }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One validator and its delegations.")

    @Argument(help: "The operator: an address, or the name of a key.") var validator: String
    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    private struct Both: Encodable {
      var validator: Answer.Validator
      var delegations: Answer.Page<Answer.Delegation>
    }

    func run() async throws {
      let address = try resolve(validator, home: node.home.value).text()
      let both = try await node.withClient { client in
        Both(
          validator: try await client.get("/v1/validators/\(address)"),
          delegations: try await client.get("/v1/validators/\(address)/delegations", page.query)
        )
      }
      if node.output == .json { return try Console.json(both) }
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
    @OptionGroup var node: NodeOption

    func run() async throws {
      let stake = try coin(stake)
      let key = try consensusKey.map { try publicKey($0) } ?? ownKey()
      let commission = try share(commission, "--commission")
      let limit = try share(maximumCommission, "--maximum-commission")
      let change = try share(maximumCommissionChange, "--maximum-commission-change")
      let wallet = try await node.wallet(signer)
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
      try await wallet.report(.createValidator(creation), node) { "\(moniker) is registered in block \($0)" }
    }

    private func ownKey() throws -> PublicKey {
      let home = node.home.value
      guard home.exists else {
        throw Failure(
          "there is no node in \(home.folder.path)",
          why: "a validator needs a consensus key",
          fix:
            "supercloud init --role validator --home \(home.folder.path), or name the key: --consensus-key",
          code: 2
        )
      }
      return try home.machineKey("consensus").publicKey
    }
  }

  struct Edit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change the profile or the commission; options that are left out change nothing."
    )

    @Option(help: "The name that others see.") var moniker: String?
    @Option(help: "The commission, a decimal from 0 to 1.") var commission: String?
    @Option(help: "The smallest self-delegation, in uakt; it cannot be lowered.") var minimumSelfDelegation:
      UInt64?
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let commission = try commission.map { try share($0, "--commission") }
      let wallet = try await node.wallet(signer)
      let address = wallet.address.text()
      let present: Answer.Validator = try await node.withClient {
        try await $0.get("/v1/validators/\(address)")
      }
      let edit = EditValidator(
        operatorAddress: wallet.address,
        description: ValidatorDescription(
          moniker: moniker ?? present.moniker,
          identity: profile.identity ?? present.identity,
          website: profile.website ?? present.website,
          securityContact: profile.securityContact ?? present.securityContact,
          details: profile.details ?? present.details
        ),
        commission: commission,
        minimumSelfDelegation: minimumSelfDelegation.map { Amount($0) }
      )
      try await wallet.report(.editValidator(edit), node) { "changed in block \($0)" }
    }
  }

  struct Unjail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Return to the validator set after being jailed for missed blocks."
    )

    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let wallet = try await node.wallet(signer)
      try await wallet.report(.unjail(validator: wallet.address), node) { "unjailed in block \($0)" }
    }
  }
}

/// The options for a validator's public description.
struct ProfileOptions: ParsableArguments {
  @Option(help: "An identity, such as a Keybase id.") var identity: String?
  @Option(help: "A web site.") var website: String?
  @Option(help: "Where to report a vulnerability.") var securityContact: String?
  @Option(help: "A description.") var details: String?

  func description(moniker: String) -> ValidatorDescription {
    ValidatorDescription(
      moniker: moniker,
      identity: identity ?? "",
      website: website ?? "",
      securityContact: securityContact ?? "",
      details: details ?? ""
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
  guard let bytes = Hex.decode(text), let key = PublicKey(bytes) else {
    throw Failure("`\(text)` is not a public key", fix: "64 hex digits", code: 2)
  }
  return key
}

/// Parses a decimal from 0 to 1.
func share(_ text: String, _ option: String) throws -> Decimal18 {
  guard let value = Decimal18(text), value.raw <= Decimal18.one else {
    throw Failure(
      "`\(text)` is not a share",
      why: "\(option) is a decimal between 0 and 1",
      fix: "such as 0.05",
      code: 2
    )
  }
  return value
}

/// Parses an amount of one currency, such as `1000000uakt`.
func coin(_ text: String) throws -> Coin {
  guard let coin = Coin(text) else {
    throw Failure(
      "`\(text)` is not an amount",
      fix: "digits and a denomination, such as 2500000uakt",
      code: 2
    )
  }
  return coin
}
