import API
import Foundation
import Testing

extension RealProcesses {
  /// Amounts and prices that people type: exactly what is meant, or refused with what to write.
  @Suite(.serialized) struct TypedAmountTests {
    private func refuse(_ result: Program.Result, status: Int32, _ words: String...) {
      #expect(result.status == status, "\(result.output)\(result.error)")
      for word in words { #expect(result.error.contains(word), "no `\(word)` in: \(result.error)") }
    }

    @Test func `what is not a price is refused, and no settings are written`() async throws {
      let home = FileManager.default.temporaryDirectory.appending(path: "home-\(UUID().uuidString.prefix(8))")
      defer { try? FileManager.default.removeItem(at: home) }
      let made = try await Program.run(["init", "--role", "provider", "--home", home.path])
      #expect(made.status == 0, "\(made.error)")
      let settings = home.appending(path: "provider.toml")
      for price in ["0,40", "$0.40", ".40", "abc", "-3", "0", "0.00", "", "1e3", "0.40AKT", "1.", "٣"] {
        let result = try await Program.run(["provider", "init", "--home", home.path, "--hourly=\(price)"])
        #expect(result.status != 0, "\(price)")
        #expect(!FileManager.default.fileExists(atPath: settings.path), "\(price)")
        if !price.isEmpty { refuse(result, status: 2, "is not a price", "0.50") }
      }
      let result = try await Program.run(["provider", "init", "--home", home.path, "--hourly", "0.40"])
      #expect(result.status == 0, "\(result.error)")
      #expect(try String(contentsOf: settings, encoding: .utf8).contains(#""*" = "0.4""#))
    }

    @Test func `amounts are typed in people's units, and a close is paid for by the escrow`() async throws {
      let network = try await LocalNetwork(validators: 1, providers: 1)
      let provider = try #require(network.plan.members.first { $0.role == "provider" }?.name)
      // In a price sheet, decimals other than the registered ones are a mistake by powers of ten.
      try await refuseWrongDecimals(network, provider)
      try network.start(network.names)
      try await network.expect("the provider is known to the tenant") {
        let known: [Answer.Provider] = try await network.list("tenant", "/v1/providers")
        return known.contains { $0.endpoint != nil }
      }
      let key = try await run(network, ["keys", "add", "poor", "--unprotected"])
      let poor = String(try #require(key.output.firstMatch(of: /akash1[a-z0-9]+/)).0)
      for amount in ["1e6uakt", "5,000AKT", "5UAKT", "2.5uakt", "0.0000001AKT", "-5AKT", "1uatom"] {
        refuse(
          try await run(network, ["account", "send", poor, "--", amount]),
          status: 2,
          "is not an amount"
        )
      }
      let sent = try await run(network, ["account", "send", poor, "1.005AKT"])
      #expect(sent.output.contains("sent 1.005 AKT"), "\(sent.output)\(sent.error)")
      try await stakeAll(network)
      try await closeWithoutMoney(network)
      try await network.endWorkloads()
    }

    private func run(_ network: LocalNetwork, _ arguments: [String]) async throws -> Program.Result {
      // What follows `--` must stay at the end.
      let at = arguments.firstIndex(of: "--") ?? arguments.endIndex
      return try await Program.run(
        arguments[..<at] + ["--home", network.home("tenant")] + Array(arguments[at...])
      )
    }

    private func refuseWrongDecimals(_ network: LocalNetwork, _ provider: String) async throws {
      let file = URL(filePath: network.home(provider)).appending(path: "provider.toml")
      let good = try String(contentsOf: file, encoding: .utf8)
      for (wrong, words) in [
        (good.replacing("exponent = 6", with: "exponent = 18"), "10^6 uakt"),
        (good.replacing("\"uakt\"", with: "\"AKT\""), "a symbol"),
      ] {
        try wrong.write(to: file, atomically: true, encoding: .utf8)
        let started = try await Program.run(["start", "--home", network.home(provider)], seconds: 30)
        refuse(started, status: 1, "provider.toml", words, "fix")
      }
      try good.write(to: file, atomically: true, encoding: .utf8)
    }

    private func stakeAll(_ network: LocalNetwork) async throws {
      let validators: [Answer.Validator] = try await network.list("tenant", "/v1/validators")
      let validator = try #require(validators.first?.operatorAddress)
      #expect(try await run(network, ["stake", "delegate", validator, "3AKT"]).status == 0)
      let shown = try await run(network, ["stake", "show"])
      #expect(shown.output.contains("3 AKT"), "\(shown.output)")
      let all = try await run(network, ["stake", "undelegate", validator, "all"])
      #expect(all.status == 0, "\(all.error)")
      let again = try await run(network, ["stake", "undelegate", validator, "all"])
      refuse(again, status: 1, "has no stake", "fix")
    }

    /// The deposit and the fee of the agreement leave the tenant without a coin.
    private func closeWithoutMoney(_ network: LocalNetwork) async throws {
      let file = network.folder.appending(path: "poor.yaml")
      for symbol in ["AKT", "akt", "USDC"] {
        try Fixture.deployment(denomination: symbol).write(to: file, atomically: true, encoding: .utf8)
        let result = try await run(network, ["deploy", file.path, "--yes"])
        refuse(result, status: 1, "u\(symbol.lowercased()) and 1,000,000 × the amount")
      }
      try Fixture.deployment().write(to: file, atomically: true, encoding: .utf8)
      let deployed = try await run(
        network,
        ["deploy", file.path, "--yes", "--from", "poor", "--deposit", "1AKT", "--output", "json"]
      )
      #expect(deployed.status == 0, "\(deployed.error)")
      let dseq = String(try #require(deployed.output.firstMatch(of: /"dseq" : (\d+)/)).1)
      let empty = try await run(network, ["account", "show", "poor"])
      #expect(empty.output.contains("balance   nothing"), "\(empty.output)")
      let closed = try await run(network, ["deployment", "close", dseq, "--owner", "poor", "--from", "poor"])
      #expect(closed.status == 0, "\(closed.error)")
      let refunded = try await run(network, ["account", "show", "poor"])
      #expect(refunded.output.contains(/balance   0\.99\d* AKT/), "\(refunded.output)")
      let audit = try await run(network, ["debug", "audit"])
      #expect(audit.status == 0, "\(audit.output)\(audit.error)")
    }
  }
}
