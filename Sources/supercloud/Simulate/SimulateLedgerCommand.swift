import API
import ArgumentParser
import Foundation
import Ledger
import Primitives
import Simulator

/// Runs a file of steps on the ledger, without a network.
struct SimulateLedgerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger",
    abstract: "Play deployments, payments and take rates from a file on the ledger alone.",
    discussion: """
      The file names accounts, take rates in basis points and steps by tick; fees, minimum and lease deposits are
      zero. A step that the ledger refuses changes nothing and is reported with its code.

        supercloud simulate ledger story.json --output json

        {"takeRates": {"uakt": 400}, "payoutInterval": 600, "accounts": {"alice": {"uakt": "1000000"}},
         "steps": [{"tick": 0, "do": "open", "deployment": "d1", "tenant": "alice", "deposit": "1000uakt",
                    "leases": [{"provider": "p1", "price": "2.5uakt"}]},
                   {"tick": 5, "do": "deposit", "deployment": "d1", "from": "bob", "amount": "100uakt"},
                   {"tick": 9, "do": "setTake", "denom": "uakt", "basisPoints": 1000},
                   {"tick": 10, "do": "withdraw", "deployment": "d1", "provider": "p1"},
                   {"tick": 11, "do": "closeLease", "deployment": "d1", "provider": "p1", "by": "tenant"},
                   {"tick": 20, "do": "closeDeployment", "deployment": "d1"}],
         "untilTick": 100}
      """
  )

  @Argument(help: "The file; - is standard input.", completion: .file()) var file: String
  @OptionGroup var output: OutputOption

  func run() throws {
    let scenario = try Self.read(file)
    let last = scenario.steps.map(\.tick).max() ?? 0
    if last > scenario.untilTick {
      Console.note("steps after tick \(scenario.untilTick) (untilTick) are not played")
    }
    let result: LedgerScenario.Result
    do throws(LedgerScenario.Fault) {
      result = try scenario.run()
    } catch {
      throw Failure.usage("\(file) cannot begin", why: error.description)
    }
    guard output.isJSON else { return Self.show(result) }
    Console.line(String(decoding: try Console.encoded(result, keys: .useDefaultKeys), as: UTF8.self))
  }

  private static func read(_ file: String) throws -> LedgerScenario {
    let data: Data
    do {
      data =
        file == "-"
        ? try FileHandle.standardInput.readToEnd() ?? Data() : try Data(contentsOf: URL(filePath: file))
    } catch {
      throw Failure.usage(
        "\(file) cannot be read",
        why: error.localizedDescription,
        fix: "name a JSON file; `supercloud help simulate ledger` shows one"
      )
    }
    let fix = "`supercloud help simulate ledger` shows one"
    return try decode(LedgerScenario.self, data, of: file, "a scenario", fix: fix)
  }

  private static func show(_ result: LedgerScenario.Result) {
    Console.table(
      ["ACCOUNT"] + result.denominations.map { $0.name.uppercased() },
      (result.balances + [(name: "community pool", coins: result.communityPool)]).map { name, coins in
        [name]
          + result.denominations.map { denomination in
            (coins.first { $0.denomination == denomination }?.amount ?? .zero).description
          }
      }
    )
    Console.line()
    Console.table(
      ["DEPLOYMENT", "STATE", "FUNDS", "CLOSED AT TICK"],
      result.escrow.map {
        [$0.deployment, $0.state.rawValue, $0.funds.description, $0.closedAtTick.map(String.init) ?? "–"]
      }
    )
    Console.line()
    Console.table(
      ["DEPLOYMENT", "PROVIDER", "STATE", "CLOSED AT TICK", "REASON", "EARNED", "PAID", "FEE"],
      result.leases.map {
        [
          $0.deployment, $0.provider, $0.state.name, $0.closedAtTick.map(String.init) ?? "–",
          $0.reason?.name ?? "–", $0.earned.description, $0.paid.description, $0.fee.description,
        ]
      }
    )
    if !result.refused.isEmpty {
      Console.line()
      Console.table(
        ["REFUSED STEP", "CODE", "WHY"],
        result.refused.map { [String($0.step), $0.code.description, $0.reason] }
      )
    }
    Console.line("\nsupply conserved  \(result.isSupplyConserved ? "yes" : "NO")")
  }
}
