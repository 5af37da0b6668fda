import API
import ArgumentParser
import Primitives

struct QueryCommand: AsyncParsableCommand {
  static let configuration = about(
    "Ask a node about the chain.",
    named: "query",
    [
      Block.self, Transaction.self, Parameters.self, Currencies.self, Validators.self, Take.self, Income.self,
      Providers.self, PeersCommand.self, Proof.self,
    ]
  )

  struct Block: AsyncParsableCommand {
    static let configuration = about("A block, the newest by default.")

    @Argument(help: "The height.") var height: UInt64?
    @OptionGroup var node: NodeOption

    func run() async throws {
      let path = "/v1/blocks/" + (height.map(String.init) ?? "latest")
      let block: Answer.Block = try await node.get(path)
      if node.output == .json { return try Console.json(block) }
      Console.line("height        \(block.height)  (round \(block.round), \(block.signers) signatures)")
      Console.line("block         \(block.identifier)")
      Console.line("time          \(block.time)")
      Console.line("proposer      \(block.proposer)")
      Console.line("state root    \(block.stateRoot)  (after the parent)")
      Console.line("transactions  \(block.transactions.count)")
      for hash in block.transactions { Console.line("  \(hash)") }
    }
  }

  struct Transaction: AsyncParsableCommand {
    static let configuration = about("A transaction's result.")

    @Argument(help: "The hash, hex.") var hash: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let result: Answer.TransactionResult = try await node.get("/v1/transactions/\(hash)")
      if node.output == .json { return try Console.json(result) }
      Console.line("hash    \(result.hash)")
      Console.line("height  \(result.height == 0 ? "waiting" : String(result.height))")
      Console.line(
        "result  " + (result.code == 0 ? "ok" : "\(result.codespace)/\(result.code): \(result.log)")
      )
      for event in result.events {
        let attributes = event.attributes.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        Console.line("  \(event.name)  \(attributes)")
      }
    }
  }

  struct Parameters: AsyncParsableCommand {
    static let configuration = about("All parameters with unit, range, and the proposal that set them.")

    @OptionGroup var node: NodeOption

    func run() async throws {
      try await showParameters(node, containing: nil)
    }
  }

  struct Currencies: AsyncParsableCommand {
    static let configuration = about("The currencies that deployments can be paid in.")

    @OptionGroup var node: NodeOption

    func run() async throws {
      try await showCurrencies(node)
    }
  }

  struct Validators: AsyncParsableCommand {
    static let configuration = about("The validators with their power.")

    @OptionGroup var page: PageOption

    func run() async throws {
      let header = ["MONIKER", "OPERATOR", "POWER", "COMMISSION", "STATE"]
      try await page.list("/v1/validators", [], header) { (it: Answer.Validator) in
        [it.moniker, it.operatorAddress, String(it.power), it.commission, it.jailed ? "jailed" : "active"]
      }
    }
  }

  struct Take: AsyncParsableCommand {
    static let configuration = about("Take rates and the income from them.")

    @OptionGroup var node: NodeOption

    func run() async throws {
      let takes: [Answer.Take] = try await node.get("/v1/take")
      try node.show(
        takes,
        ["DENOMINATION", "RATE", "TAKEN", "TO STAKERS", "COMMUNITY POOL"],
        takes.map { take in
          [take.denomination, percent(take.basisPoints)]
            + [take.collected, take.stakers, take.communityPool].map { money($0, take.denomination) }
        }
      )
    }
  }

  struct Providers: AsyncParsableCommand {
    static let configuration = about("The registered providers.")

    @OptionGroup var page: PageOption

    func run() async throws {
      let header = ["PROVIDER", "HOST", "LEASES", "ENDPOINT"]
      try await page.list("/v1/providers", [], header) { (it: Answer.Provider) in
        [it.owner, it.hostUri, String(it.activeLeases), it.endpoint ?? "–"]
      }
    }
  }
}

/// Formats basis points as a percentage, such as `4 %` for 400.
func percent(_ basisPoints: UInt32) -> String {
  let whole = basisPoints / 100
  let rest = basisPoints % 100
  return rest == 0 ? "\(whole) %" : "\(whole).\(rest < 10 ? "0" : "")\(rest) %"
}
