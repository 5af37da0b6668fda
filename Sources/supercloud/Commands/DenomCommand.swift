import API
import ArgumentParser
import Chain
import Node
import Primitives

struct DenomCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "denom",
    abstract: "The currencies that deployments can be paid in, and their issuers.",
    discussion:
      "Governance adds and retires them: `supercloud help gov submit` says how.",
    subcommands: [List.self, Show.self, Mint.self, Burn.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = about("All currencies.")

    @OptionGroup var node: NodeOption

    func run() async throws {
      try await showCurrencies(node)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = about("One currency in full.")

    @Argument(help: "Its denomination, an alias or its symbol.") var name: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let allowed = name.replacing("/", with: "%2F")
      let found: Answer.Currency = try await node.get("/v1/currencies/\(allowed)")
      if node.output == .json { return try Console.json(found) }
      Console.line(
        "denomination     \(found.denomination)  (1 \(found.symbol) = 10^\(found.exponent) \(found.denomination))"
      )
      for alias in found.aliases { Console.line("alias            \(alias)") }
      Console.line("take             \(percent(found.takeBasisPoints))")
      func amount(_ units: String) -> String { money(units, found.denomination) }
      Console.line("minimum deposit  \(amount(found.minimumDeposit))")
      Console.line("lease deposit    \(amount(found.leaseDeposit))")
      Console.line("minimum fee      \(amount(found.minimumFee))")
      Console.line("supply           \(amount(found.supply))")
      if let issuer = found.issuer {
        Console.line("issuer           \(issuer), \(amount(found.minted)) minted of \(amount(found.mintCap))")
      }
      if found.retired { Console.line("retired          takes no new deployments") }
    }
  }

  struct Mint: AsyncParsableCommand {
    static let configuration = about("Create units, as the issuer.")

    @Argument(help: "The amount, such as 1000000uusdc.") var amount: String
    @Option(help: "Who gets them. Default: the issuer.") var to: String?
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let coin = try await signer.node.coin(amount)
      let wallet = try await signer.wallet()
      let recipient = try to.map { try signer.node.address($0) } ?? wallet.address
      let mint = Chain.Mint(issuer: wallet.address, recipient: recipient, amount: coin)
      let result = try await wallet.send([.mint(mint)])
      try signer.node.report(result, "minted \(Money.register.text(coin)) for \(recipient) in block")
    }
  }

  struct Burn: AsyncParsableCommand {
    static let configuration = about("Destroy units that the issuer holds.")

    @Argument(help: "The amount, such as 1000000uusdc.") var amount: String
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let coin = try await signer.node.coin(amount)
      try await signer.send("burned \(Money.register.text(coin)) in block") {
        .burn(Chain.Burn(issuer: $0, amount: coin))
      }
    }
  }
}

func showCurrencies(_ node: NodeOption) async throws {
  let currencies: [Answer.Currency] = try await node.get("/v1/currencies")
  try node.show(
    currencies,
    ["DENOMINATION", "SYMBOL", "TAKE", "MINIMUM DEPOSIT", "LEASE DEPOSIT", "FEE", "SUPPLY", "STATE"],
    currencies.map { currency in
      let amounts = [currency.minimumDeposit, currency.leaseDeposit, currency.minimumFee, currency.supply]
      return [currency.denomination, currency.symbol, percent(currency.takeBasisPoints)]
        + amounts.map { money($0, currency.denomination) } + [currency.retired ? "retired" : "accepted"]
    }
  )
}
