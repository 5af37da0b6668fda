import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

struct MarketCommand: AsyncParsableCommand {
  static let configuration = about(
    "GPUs on offer, and their prices.",
    named: "market",
    [GPUs.self, WhyNot.self]
  )

  struct GPUs: AsyncParsableCommand {
    static let configuration = about(
      "GPUs by model: free, total and price, from the providers' signed offers.",
      named: "gpus"
    )

    @OptionGroup var node: NodeOption

    func run() async throws {
      let gpus: [Answer.GPU] = try await node.get("/v1/market/gpus")
      let status: Answer.Status = try await node.get("/v1/status")
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
      let header = ["VENDOR", "MODEL", "FREE", "SOURCE", "PROVIDERS", "LOWEST PER HOUR", "MEDIAN PER HOUR"]
      try node.show(gpus, header, rows)
    }
  }
}

/// Converts prices per tick to prices per hour or month, for people.
struct TickPrice: Sendable {
  var tickMilliseconds: UInt64

  /// Whether something with a price per tick costs at most `limit` per hour; false when the cost is too large to
  /// compare.
  func hourlyCost(of price: Decimal18, isAtMost limit: Amount) -> Bool {
    let (cost, overflow) = price.raw.multipliedReportingOverflow(by: 3_600_000)
    let (most, carry) = Decimal18(limit).raw.multipliedReportingOverflow(by: UInt128(tickMilliseconds))
    return !overflow && (carry || cost <= most)
  }

  func hourly(_ price: String, _ denomination: String) -> String { scaled(price, denomination, hours: 1) }
  func monthly(_ price: String, _ denomination: String) -> String { scaled(price, denomination, hours: 730) }

  private func scaled(_ price: String, _ denomination: String, hours: UInt64) -> String {
    guard let amount = Decimal18(price), let name = Denomination(denomination) else {
      return "\(price) \(denomination)"
    }
    let milliseconds = 3_600_000 * hours
    let text = Money.register.text(
      amount,
      name,
      times: milliseconds,
      over: tickMilliseconds,
      isRounded: hours > 1
    )
    return text ?? "more than can be counted"
  }
}

struct OrderCommand: AsyncParsableCommand {
  static let configuration = about(
    "Orders in the book.",
    named: "order",
    [List.self, Show.self, Cancel.self, WhyNot.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = about("The live orders.")

    @Option(help: "Only this owner's.") var owner: String?
    @OptionGroup var page: PageOption

    func run() async throws {
      let header = ["ORDER", "OWNER", "DSEQ", "GROUPS", "GPUS", "BIDS", "EXPIRES"]
      try await page.list("/v1/orders", [("owner", owner)], header) { (it: Answer.Order) in
        [
          String(it.identifier.prefix(16)), Money.short(it.owner), String(it.dseq), String(it.groups.count),
          String(it.groups.reduce(0) { $0 + $1.gpus }), String(it.bids), it.expiresAt,
        ]
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = about("One order, by identifier or its first digits.")

    @Argument(help: "The identifier.") var order: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found: Answer.Order = try await node.get("/v1/orders/\(order)")
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
    static let configuration = about("What this provider node decided about an order, and why.")

    @Argument(help: "The identifier.") var order: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let decisions: [Answer.Decision] = try await node.get("/v1/provider/decisions", [("order", order)])
      try show(decisions, node)
    }
  }
}

func show(_ decisions: [Answer.Decision], _ node: NodeOption) throws {
  let rows = decisions.map { [String($0.order.prefix(16)), $0.time, $0.outcome, $0.detail] }
  try node.show(decisions, ["ORDER", "TIME", "OUTCOME", "DETAIL"], rows)
}

struct BidCommand: AsyncParsableCommand {
  static let configuration = about("Bids on an order.", named: "bid", [List.self])

  struct List: AsyncParsableCommand {
    static let configuration = about("The live bids on an order, cheapest first.")

    @Argument(help: "The order's identifier or its first digits.") var order: String
    @OptionGroup var node: NodeOption

    func run() async throws {
      let bids: [Answer.Bid] = try await node.get("/v1/orders/\(order)/bids")
      try node.show(
        bids,
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

extension MarketCommand {
  struct WhyNot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "why-not",
      abstract:
        "Which registered providers can serve a deploy.yaml or a live order, and why the others cannot.",
      discussion:
        "A provider is checked by the rules of the ledger first, then against the free capacity in its offer."
    )

    @Argument(help: "A deploy.yaml, or an order's identifier or its first digits.", completion: .file())
    var fileOrOrder: String
    @Flag(help: "The auditors named in the file must have signed the GPU attributes too.") var auditedGpus =
      false
    @OptionGroup var page: PageOption

    func run() async throws {
      let matches: Answer.Page<Answer.MatchResult>
      if FileManager.default.fileExists(atPath: fileOrOrder) {
        matches = try await page.node.post("/v1/market/why-not", page.query, body: try await order())
      } else {
        matches = try await page.node.get("/v1/market/why-not", [("order", fileOrOrder)] + page.query)
      }
      if page.node.output == .table, page.pageKey == nil, matches.items.isEmpty {
        throw Failure("no provider can serve it", why: "no provider is registered on this network")
      }
      try page.show(matches, ["GROUP", "PROVIDER", "HOST", "MATCHES", "REASON"]) { matches in
        matches.map { match in
          [
            String(match.group), Money.short(match.provider), match.hostUri, match.matches ? "yes" : "no",
            match.reason.map { "\(match.code ?? ""): \($0)" } ?? "",
          ]
        }
      }
    }

    /// The body of an unsigned order made from the file.
    private func order() async throws -> [UInt8] {
      let currencies: [Answer.Currency] = try await page.node.get("/v1/currencies")
      let plan = try DeployPlan(file: fileOrOrder, owner: Address.module("nobody")) { name in
        try currencies.denomination(inFile: name)
      }
      return Order(
        deployment: plan.deployment,
        groups: plan.groups,
        manifestHash: plan.manifestHash,
        deposit: Coin(0, plan.denomination),
        expiresAt: Timestamp.now.advanced(byMilliseconds: 60_000),
        requiresAuditedGPUs: auditedGpus
      ).encoded
    }
  }
}
