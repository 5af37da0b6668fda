import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

extension MarketCommand {
  struct WhyNot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "why-not",
      abstract:
        "Which registered providers can serve a deploy.yaml or a live order, and why the others cannot.",
      discussion:
        "A provider is checked by the rules of the ledger first, then against the free capacity in its offer."
    )

    @Argument(help: "A deploy.yaml, or an order's identifier or its first digits.") var fileOrOrder: String
    @Flag(help: "The auditors named in the file must have signed the GPU attributes too.") var auditedGpus =
      false
    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let matches: Answer.Page<Answer.Match>
      if FileManager.default.fileExists(atPath: fileOrOrder) {
        let body = try await order()
        matches = try await node.withClient {
          try await $0.post("/v1/market/why-not", page.query, body: body)
        }
      } else {
        matches = try await node.withClient {
          try await $0.get("/v1/market/why-not", [("order", fileOrOrder)] + page.query)
        }
      }
      if node.output == .table, page.pageKey == nil, matches.items.isEmpty {
        throw Failure("no provider can serve it", why: "no provider is registered on this network")
      }
      try page.show(matches, node, ["GROUP", "PROVIDER", "HOST", "MATCHES", "REASON"]) { matches in
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
      let currencies: [Answer.Currency] = try await node.withClient { try await $0.get("/v1/currencies") }
      let plan = try DeployPlan(file: fileOrOrder, owner: Address.module("nobody")) { name in
        try currencies.denomination(named: name)
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
