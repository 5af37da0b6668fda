import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

struct MarketCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "market",
    abstract: "GPUs on offer, and their prices.",
    subcommands: [GPUs.self, WhyNot.self]
  )

  struct GPUs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gpus",
      abstract: "GPUs by model: free, total and price, from the providers' signed offers."
    )

    @OptionGroup var node: NodeOption

    func run() async throws {
      let (gpus, status): ([Answer.GPU], Answer.Status) = try await node.withClient { client in
        (try await client.get("/v1/market/gpus"), try await client.get("/v1/status"))
      }
      if node.output == .json { return try Console.json(gpus) }
      let ticks = TickPrice(tickMilliseconds: status.tickMilliseconds)
      var rows: [[String]] = []
      for gpu in gpus {
        let name = [gpu.model, gpu.memory, gpu.interface].filter { !$0.isEmpty }.joined(separator: " ")
        for price in gpu.prices {
          rows.append([
            gpu.vendor, name, "\(gpu.free)/\(gpu.total)", gpu.declared > 0 ? "declared" : "detected",
            "\(gpu.providers)", ticks.hourly(price.lowest, price.denomination),
            ticks.hourly(price.median, price.denomination),
          ])
        }
      }
      Console.table(
        ["VENDOR", "MODEL", "FREE", "SOURCE", "PROVIDERS", "LOWEST PER HOUR", "MEDIAN PER HOUR"],
        rows
      )
    }
  }
}

/// Converts prices per tick to prices per hour, for people.
struct TickPrice {
  var tickMilliseconds: UInt64

  func hourly(_ price: String, _ denomination: String) -> String { scaled(price, denomination, hours: 1) }
  func monthly(_ price: String, _ denomination: String) -> String { scaled(price, denomination, hours: 730) }

  private func scaled(_ price: String, _ denomination: String, hours: UInt64) -> String {
    guard let amount = Decimal18(price), let name = Denomination(denomination), tickMilliseconds > 0,
      let total = try? amount.multiplied(by: 3_600_000 * hours / tickMilliseconds)
    else { return price }
    let cents = Decimal18(raw: total.raw / 10_000_000_000_000_000_000_000 * 10_000_000_000_000_000_000_000)
    return Money.text(hours > 1 ? cents : total, name)
  }
}

struct OrderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "order",
    abstract: "Orders in the book.",
    subcommands: [List.self, Show.self, WhyNot.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The live orders.")

    @Option(help: "Only this owner's.") var owner: String?
    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let orders: Answer.Page<Answer.Order> = try await node.withClient {
        try await $0.get("/v1/orders", [("owner", owner)] + page.query)
      }
      let header = ["ORDER", "OWNER", "DSEQ", "GROUPS", "GPUS", "BIDS", "EXPIRES"]
      try page.show(orders, node, header) { orders in
        orders.map {
          [
            String($0.identifier.prefix(16)), Money.short($0.owner), String($0.dseq), String($0.groups.count),
            String($0.groups.reduce(0) { $0 + $1.gpus }), String($0.bids), $0.expiresAt,
          ]
        }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One order, by identifier or its first digits.")

    @Argument(help: "The identifier.") var order: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found: Answer.Order = try await node.withClient { try await $0.get("/v1/orders/\(order)") }
      if node.output == .json { return try Console.json(found) }
      Console.line("order     \(found.identifier)")
      Console.line("owner     \(found.owner), deployment \(found.dseq)")
      Console.line("deposit   \(money(found.deposit))")
      Console.line("expires   \(found.expiresAt)")
      for group in found.groups {
        Console.line(
          "group \(group.sequence)   \(group.name): \(group.gpus) GPUs \(group.gpuAttributes.joined(separator: " or ")), "
            + "at most \(group.maximumPrice) \(group.denomination) per tick"
        )
      }
    }
  }

  struct WhyNot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What this provider node decided about an order, and why."
    )

    @Argument(help: "The identifier.") var order: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let decisions: [Answer.Decision] = try await node.withClient {
        try await $0.get("/v1/provider/decisions", [("order", order)])
      }
      try show(decisions, node.output)
    }
  }
}

func show(_ decisions: [Answer.Decision], _ output: OutputFormat) throws {
  if output == .json { return try Console.json(decisions) }
  Console.table(
    ["ORDER", "TIME", "OUTCOME", "DETAIL"],
    decisions.map { [String($0.order.prefix(16)), $0.time, $0.outcome, $0.detail] }
  )
}

struct BidCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bid",
    abstract: "Bids on an order.",
    subcommands: [List.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The live bids on an order, cheapest first.")

    @Argument(help: "The order's identifier or its first digits.") var order: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let bids: [Answer.Bid] = try await node.withClient { try await $0.get("/v1/orders/\(order)/bids") }
      if node.output == .json { return try Console.json(bids) }
      Console.table(
        ["BID", "PROVIDER", "GROUP", "PRICE PER TICK", "GPUS", "EXPIRES"],
        bids.flatMap { bid in
          bid.groups.map {
            [
              String(bid.identifier.prefix(16)), Money.short(bid.provider), String($0.sequence),
              "\($0.price) \($0.denomination)", $0.gpus.joined(separator: ", "), bid.expiresAt,
            ]
          }
        }
      )
    }
  }
}
