import API
import ArgumentParser
import Chain
import Cryptography
import Node
import Primitives

struct AccountCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "account",
    abstract: "Balances and payments.",
    subcommands: [Show.self, Send.self, Faucet.self]
  )

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The balances of an account.")

    @Argument(help: "An address, or the name of a key of this home.") var account = "main"
    @OptionGroup var node: NodeOption

    func run() async throws {
      let address = try resolve(account, home: node.home.value)
      let found: Answer.Account = try await node.withClient {
        try await $0.get("/v1/accounts/\(address.text())")
      }
      if node.output == .json { return try Console.json(found) }
      Console.line("address   \(found.address)")
      Console.line("sequence  \(found.sequence)")
      for coin in found.balances { Console.line("balance   \(money(coin))") }
      for coin in found.locked { Console.line("locked    \(money(coin))") }
      if found.balances.isEmpty { Console.line("balance   nothing") }
    }
  }

  struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send coins to another account.")

    @Argument(help: "An address, or the name of a key of this home.") var to: String
    @Argument(help: "The amount, such as 2500000uakt.") var amount: String
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let coin = try coin(amount)
      let to = try resolve(to, home: node.home.value)
      let wallet = try await node.wallet(signer)
      let send = Chain.Send(from: wallet.address, to: to, amount: [coin])
      let result = try await wallet.send([.send(send)], preferring: coin.denomination)
      if node.output == .json { return try Console.json(result) }
      Console.line("sent \(Money.text(coin.amount, coin.denomination)) to \(to) in block \(result.height)")
    }
  }

  struct Faucet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ask a test network's faucet for coins.")

    @Argument(help: "An address, or the name of a key of this home.") var account: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let address = try resolve(account, home: node.home.value)
      let result: Answer.TransactionResult = try await node.withClient {
        try await $0.post("/v1/faucet/\(address.text())", body: Array("faucet".utf8))
      }
      if node.output == .json { return try Console.json(result) }
      Console.line("the faucet paid \(address) in block \(result.height)")
    }
  }
}

/// The address of an account that is named by its address or by a key of the home.
func resolve(_ account: String, home: Home) throws -> Address {
  if account.hasPrefix("akash1") { return try accountAddress(account) }
  do {
    return try Address(text: try Keyring(home: home).entry(account).address)
  } catch {
    throw Failure("`\(account)` is neither an address nor a key of this home", why: "\(error)", code: 2)
  }
}

/// A coin in its main unit, such as `12.5 AKT`.
func money(_ coin: Answer.Coin) -> String {
  money(coin.amount, coin.denomination)
}

func money(_ amount: String, _ denomination: String) -> String {
  guard let amount = Decimal18(amount), let denomination = Denomination(denomination) else {
    return "\(amount) \(denomination)"
  }
  return Money.text(amount, denomination)
}
