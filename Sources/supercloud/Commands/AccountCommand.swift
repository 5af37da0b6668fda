import API
import ArgumentParser
import Chain
import Cryptography
import Node
import Primitives

struct AccountCommand: AsyncParsableCommand {
  static let configuration = about(
    "Balances and payments.",
    named: "account",
    [Show.self, Send.self, Faucet.self]
  )

  struct Show: AsyncParsableCommand {
    static let configuration = about("The balances of an account.")

    @Argument(help: "An address, or the name of a key of this home.") var account = "main"
    @OptionGroup var node: NodeOption

    func run() async throws {
      let address = try node.address(account)
      let found: Answer.Account = try await node.get("/v1/accounts/\(address.text())")
      if node.output == .json { return try Console.json(found) }
      Console.line("address   \(found.address)")
      Console.line("sequence  \(found.sequence)")
      for coin in found.balances { Console.line("balance   \(money(coin))") }
      for coin in found.locked { Console.line("locked    \(money(coin))") }
      if found.balances.isEmpty { Console.line("balance   nothing") }
    }
  }

  struct Send: AsyncParsableCommand {
    static let configuration = about("Send coins to another account.")

    @Argument(help: "An address, or the name of a key of this home.") var to: String
    @Argument(help: "The amount, such as 2.5AKT or 2500000uakt.") var amount: String
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let coin = try await signer.node.coin(amount)
      let to = try signer.node.address(to)
      try await signer.send(
        "sent \(Money.text(coin.amount, coin.denomination)) to \(to) in block",
        preferring: coin.denomination
      ) { .send(Chain.Send(from: $0, to: to, amount: [coin])) }
    }
  }

  struct Faucet: AsyncParsableCommand {
    static let configuration = about("Ask a test network's faucet for coins.")

    @Argument(help: "An address, or the name of a key of this home.") var account: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let address = try node.address(account)
      let path = "/v1/faucet/\(address.text())"
      let taken: Answer.TransactionResult =
        try await node.post(path, [("wait", "accepted")], body: Array("faucet".utf8))
      let result = try await Failure.explaining {
        try await node.client().result(of: taken.hash)
      }
      try node.report(result, "the faucet paid \(address) in block")
    }
  }
}

/// The text of a coin in its main unit, such as `12.5 AKT`.
func money(_ coin: Answer.Coin) -> String {
  money(coin.amount, coin.denomination)
}

func money(_ amount: String, _ denomination: String) -> String {
  guard let amount = Decimal18(amount), let denomination = Denomination(denomination) else {
    return "\(amount) \(denomination)"
  }
  return Money.text(amount, denomination)
}
