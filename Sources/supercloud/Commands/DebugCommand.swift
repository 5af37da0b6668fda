import API
import ArgumentParser
import Foundation
import Node
import Storage

struct DebugCommand: AsyncParsableCommand {
  static let configuration = about(
    "Check the supply of the ledger, and a node's data on disk.",
    named: "debug",
    [Audit.self, Verify.self]
  )

  struct Audit: AsyncParsableCommand {
    static let configuration = about(
      "Check that every unit of every currency is accounted for; exit 1 when not."
    )

    @OptionGroup var node: NodeOption

    func run() async throws {
      let lines: [Answer.AuditLine] = try await node.get("/v1/audit")
      try node.show(
        lines,
        ["DENOMINATION", "ACCOUNTS", "ESCROW", "LEASE DEPOSITS", "STAKE", "POOLS", "SUPPLY", "CONSERVED"],
        lines.map {
          [
            $0.denomination, $0.accounts, $0.escrow, $0.leaseDeposits, $0.stake, $0.pools, $0.supply,
            $0.conserved ? "yes" : "NO",
          ]
        }
      )
      guard lines.allSatisfy(\.conserved) else {
        throw Failure("a currency is not conserved", why: "the sum of what is held differs from the supply")
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = about(
      "Check all blocks and the whole state of a stopped node's home; exit 1 when something is damaged."
    )

    @OptionGroup var home: HomeOption
    @OptionGroup var output: OutputOption

    /// The JSON that `--output json` prints.
    private struct Result: Encodable {
      var home: String
      var intact: Bool
      /// The damage and its place; nil when nothing is damaged.
      var damage: String?
      var found: HomeVerification?
    }

    func run() async throws {
      let home = try home.existing(why: "config.toml is missing") {
        "name the folder of a node with --home; \($0) is none"
      }
      do {
        try show(HomeVerification(of: home), of: home)
      } catch StorageError.locked(_, let holder) {
        throw Failure(
          "the home \(home.folder.path) is in use",
          why: holder.map { "process \($0) runs its node" } ?? "another process has it",
          fix: "stop the node first; a running one has checked its last blocks when it started"
        )
      } catch let error as DefinitionError {
        let damage = "\(error.file): \(error.problem)"
        if output.isJSON { try Console.json(Result(home: home.folder.path, intact: false, damage: damage)) }
        throw Failure(damage, fix: error.remedy)
      } catch let error as StorageError {
        throw Failure("the data of \(home.folder.path) cannot be read", why: "\(error)", fix: error.hint)
      }
    }

    private func show(_ found: HomeVerification, of home: Home) throws {
      if output.isJSON {
        return try Console.json(Result(home: home.folder.path, intact: true, found: found))
      }
      let store = found.store
      Console.line("chain      \(store.chainId), height \(store.height)")
      Console.line(
        "blocks     \(store.blocks), from \(store.lowestBlock) on: each follows the one before and is signed"
      )
      Console.line("state      \(store.stateEntries) entries: those of the state root")
      Console.line("database   \(store.records) records: all can be read")
      if let records = found.consensusRecords { Console.line("consensus  \(records) records in the log") }
      Console.line("nothing is damaged")
    }
  }
}
