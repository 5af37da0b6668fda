import API
import ArgumentParser
import Chain
import Node
import Primitives

struct GovCommand: AsyncParsableCommand {
  static let configuration = about(
    "Proposals, deposits, votes and parameters.",
    named: "gov",
    [List.self, Show.self, Params.self, Submit.self, Deposit.self, Vote.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = about("All proposals, or those in one status.")

    @Option(help: "deposit, voting, passed, rejected, failed or dropped") var status: String?
    @OptionGroup var page: PageOption

    func run() async throws {
      let header = ["ID", "STATUS", "TITLE", "CONTENT", "ENDS"]
      try await page.list("/v1/proposals", [("status", status)], header) { (it: Answer.Proposal) in
        [
          String(it.id), it.status, it.title, it.contents.map(\.kind).joined(separator: ", "),
          it.votingEnd ?? it.depositEnd,
        ]
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = about("One proposal, its tally and its votes.")

    @Argument(help: "The proposal's number.") var id: UInt64
    @OptionGroup var page: PageOption

    private struct Both: Encodable {
      var proposal: Answer.Proposal
      var votes: Answer.Page<Answer.Vote>
    }

    func run() async throws {
      let both = Both(
        proposal: try await page.node.get("/v1/proposals/\(id)"),
        votes: try await page.node.get("/v1/proposals/\(id)/votes", page.query)
      )
      if page.node.output == .json { return try Console.json(both) }
      let found = both.proposal
      Console.line("proposal  \(found.id)  \(found.title)\(found.expedited ? "  (expedited)" : "")")
      Console.line("status    \(found.status)\(found.log.isEmpty ? "" : ": \(found.log)")")
      Console.line("by        \(found.proposer), block \(found.submittedAtHeight)")
      Console.line("deposit   \(money(found.deposit, "uakt")), until \(found.depositEnd)")
      if let start = found.votingStart { Console.line("voting    \(start) to \(found.votingEnd ?? "")") }
      if !found.summary.isEmpty { Console.line("summary   \(found.summary)") }
      for content in found.contents {
        Console.line("does      \(content.kind)")
        for field in content.fields { Console.line("            \(field.key) = \(field.value)") }
      }
      if let tally = found.tally {
        Console.line()
        Console.table(
          ["YES", "NO", "VETO", "ABSTAIN", "OF"],
          [[tally.yes, tally.no, tally.noWithVeto, tally.abstain, tally.bonded].map { money($0, "uakt") }]
        )
      }
      guard !both.votes.items.isEmpty else { return }
      Console.line()
      Console.table(
        ["VOTER", "VOTE"],
        both.votes.items.map { vote in
          [vote.voter, vote.options.map { "\($0.key) \($0.value)" }.joined(separator: ", ")]
        }
      )
    }
  }

  struct Params: AsyncParsableCommand {
    static let configuration = about(
      "Parameters that governance can change: value, unit, range, default, and the proposal that set it."
    )

    @Argument(help: "Only those whose name contains this.") var name: String?
    @OptionGroup var node: NodeOption

    func run() async throws {
      try await showParameters(node, containing: name)
    }
  }

  struct Deposit: AsyncParsableCommand {
    static let configuration = about("Add to a proposal's deposit.")

    @Argument(help: "The proposal's number.") var id: UInt64
    @Argument(help: "The amount, such as 1000000000uakt.") var amount: String
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let coin = try await signer.node.coin(amount)
      try await signer.send("deposited in block") { .depositProposal(id: id, depositor: $0, amount: [coin]) }
    }
  }

  struct Vote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Vote; a later vote replaces an earlier one.",
      discussion: """
          supercloud gov vote 3 yes --from alice
          supercloud gov vote 3 yes=0.7 abstain=0.3 --from alice
        """
    )

    @Argument(help: "The proposal's number.") var id: UInt64
    @Argument(help: "yes, no, veto or abstain; or several with weights that sum to 1.") var options: [String]
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let options = try options.map { try Self.option($0) }
      try await signer.send("voted in block") { .vote(id: id, voter: $0, options: options) }
    }

    private static func option(_ text: String) throws -> WeightedVoteOption {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let names: [String: VoteOption] = [
        "yes": .yes, "no": .no, "abstain": .abstain, "veto": .noWithVeto, "nowithveto": .noWithVeto,
        "no-with-veto": .noWithVeto,
      ]
      let fix = "yes, no, veto or abstain, each with or without =WEIGHT"
      let option = try parsed(text, "a vote", fix: fix) { _ in parts.first.flatMap { names[$0.lowercased()] }
      }
      let text = parts.count == 2 ? parts[1] : "1"
      let weight = try parsed(text, "a weight", fix: "a decimal such as 0.7") { Decimal18($0) }
      return WeightedVoteOption(option: option, weight: weight)
    }
  }
}

/// Prints the table of parameters; with `name`, only the parameters whose key contains it.
func showParameters(_ node: NodeOption, containing name: String?) async throws {
  let all: [Answer.Parameter] = try await node.get("/v1/parameters")
  let parameters = all.filter { parameter in name.map { parameter.key.contains($0) } ?? true }
  guard !parameters.isEmpty else {
    throw Failure(
      "no parameter's name contains `\(name ?? "")`",
      fix: "`supercloud gov params` lists them all"
    )
  }
  try node.show(
    parameters,
    ["PARAMETER", "VALUE", "TYPE", "UNIT", "RANGE", "DEFAULT", "SET BY"],
    parameters.map {
      [
        $0.key, $0.value, $0.type, $0.unit, "\($0.minimum)–\($0.maximum)", $0.standard,
        $0.proposal.map { "proposal \($0)" } ?? "genesis",
      ]
    }
  )
}
