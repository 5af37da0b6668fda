import API
import ArgumentParser
import Foundation
import Node

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "A node's chain, height, peers and roles."
  )

  @OptionGroup var node: NodeOption

  func run() async throws {
    let status: Answer.Status = try await node.withClient { try await $0.get("/v1/status") }
    if node.output == .json { return try Console.json(status) }
    Console.line("chain       \(status.chainId)  (genesis \(status.genesis.prefix(16))…)")
    Console.line("node        \(status.moniker), \(status.role), version \(status.version)")
    Console.line("node key    \(status.nodeKey)")
    Console.line("height      \(status.height)  (\(status.catchingUp ? "catching up" : "up to date"))")
    if status.lowestBlock > 1 {
      Console.line("blocks      from \(status.lowestBlock) on; older ones are pruned")
    }
    Console.line("block time  \(status.time), tick \(status.tick) of \(status.tickMilliseconds) ms")
    Console.line("state root  \(status.stateRoot)")
    Console.line("peers       \(status.peers)")
    Console.line("mempool     \(status.mempoolTransactions) transactions")
    Console.line("market      \(status.orders) orders, \(status.bids) bids, \(status.leases) active leases")
    if let validator = status.validator { Console.line("validator   \(validator)") }
    if let provider = status.provider { Console.line("provider    \(provider)") }
  }
}
