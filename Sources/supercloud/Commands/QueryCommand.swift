import API
import ArgumentParser
import Primitives

struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Ask a node about the chain.",
    subcommands: [
      Block.self, Transaction.self, Parameters.self, Currencies.self, Validators.self, Take.self, Income.self,
      Providers.self, Peers.self, Proof.self,
    ]
  )

  struct Block: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A block, the newest by default.")

    @Argument(help: "The height.") var height: UInt64?
    @OptionGroup var node: NodeOption

    func run() async throws {
      let path = "/v1/blocks/" + (height.map(String.init) ?? "latest")
      let block: Answer.Block = try await node.withClient { try await $0.get(path) }
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
    static let configuration = CommandConfiguration(abstract: "A transaction's result.")

    @Argument(help: "The hash, hex.") var hash: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let result: Answer.TransactionResult = try await node.withClient {
        try await $0.get("/v1/transactions/\(hash)")
      }
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
    static let configuration = CommandConfiguration(
      abstract: "All parameters with unit, range, and the proposal that set them."
    )

    @OptionGroup var node: NodeOption

    func run() async throws {
      try await showParameters(node, containing: nil)
    }
  }

  struct Currencies: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The currencies that deployments can be paid in."
    )

    @OptionGroup var node: NodeOption

    func run() async throws {
      try await showCurrencies(node)
    }
  }

  struct Validators: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The validators with their power.")

    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let validators: Answer.Page<Answer.Validator> = try await node.withClient {
        try await $0.get("/v1/validators", page.query)
      }
      try page.show(validators, node, ["MONIKER", "OPERATOR", "POWER", "COMMISSION", "STATE"]) { validators in
        validators.map {
          [$0.moniker, $0.operatorAddress, String($0.power), $0.commission, $0.jailed ? "jailed" : "active"]
        }
      }
    }
  }

  struct Take: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take rates and the income from them.")

    @OptionGroup var node: NodeOption

    func run() async throws {
      let takes: [Answer.Take] = try await node.withClient { try await $0.get("/v1/take") }
      if node.output == .json { return try Console.json(takes) }
      Console.table(
        ["DENOMINATION", "RATE", "TAKEN", "TO STAKERS", "COMMUNITY POOL"],
        takes.map { [$0.denomination, percent($0.basisPoints), $0.collected, $0.stakers, $0.communityPool] }
      )
    }
  }

  struct Providers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The registered providers.")

    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let providers: Answer.Page<Answer.Provider> = try await node.withClient {
        try await $0.get("/v1/providers", page.query)
      }
      try page.show(providers, node, ["PROVIDER", "HOST", "LEASES", "ENDPOINT"]) { providers in
        providers.map { [$0.owner, $0.hostUri, String($0.activeLeases), $0.endpoint ?? "–"] }
      }
    }
  }

  struct Peers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The node's peers.")

    @OptionGroup var node: NodeOption

    func run() async throws {
      let peers: [Answer.Peer] = try await node.withClient { try await $0.get("/v1/peers") }
      if node.output == .json { return try Console.json(peers) }
      Console.table(
        ["NODE KEY", "ADDRESS", "ROLE", "DIRECTION", "HEIGHT", "UDP", "SCORE"],
        peers.map {
          [
            String($0.nodeKey.prefix(16)), $0.address, $0.role, $0.inbound ? "in" : "out", String($0.height),
            $0.datagrams ? "yes" : "no", String($0.score),
          ]
        }
      )
    }
  }
}

/// For example `4 %` for 400 basis points.
func percent(_ basisPoints: UInt32) -> String {
  let whole = basisPoints / 100
  let rest = basisPoints % 100
  return rest == 0 ? "\(whole) %" : "\(whole).\(rest < 10 ? "0" : "")\(rest) %"
}
