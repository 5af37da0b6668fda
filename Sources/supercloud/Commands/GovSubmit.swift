import API
import ArgumentParser
import Chain
import Node
import Primitives

extension GovCommand {
  struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Submit a proposal. It is rejected at once when its changes could not be executed.",
      discussion: """
        What the proposal does. Options can be combined and repeated:

          --set currency.uusdc.take_basis_points=1500
          --add-currency denomination=ueurc,symbol=EURC,minimum_deposit=5000000,minimum_fee=5000,take=1000
          --retire-currency ueurc
          --spend akash1…=1000000uakt
          --upgrade name=v2,height=500000,version=2
          --text "that we should …"

        Fields of --add-currency: denomination, symbol, exponent (6), alias (may repeat), issuer, mint_cap,
        minimum_deposit, lease_deposit, minimum_fee, take (basis points; the network's default when absent).
        """
    )

    @Option(help: "The title.") var title: String
    @Option(help: "The reasons for it.") var summary = ""
    @Option(help: "The deposit. Default: the amount that opens the vote at once.") var deposit: String?
    @Flag(help: "A shorter voting period with a higher threshold.") var expedited = false
    @Option(help: "PARAMETER=VALUE; `supercloud gov params` lists them.") var set: [String] = []
    @Option(help: "A currency, as FIELD=VALUE,…") var addCurrency: [String] = []
    @Option(help: "A denomination that shall take no new deployments.") var retireCurrency: [String] = []
    @Option(help: "RECIPIENT=AMOUNT from the community pool.") var spend: [String] = []
    @Option(help: "A software upgrade, as name=…,height=…,version=…") var upgrade: String?
    @Option(help: "A text to vote on; nothing is executed.") var text: String?
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let contents = try await contents()
      guard !contents.isEmpty else {
        throw Failure.usage(
          "the proposal does nothing",
          fix: "say what: --set, --add-currency, --retire-currency, --spend, --upgrade or --text"
        )
      }
      let wallet = try await signer.wallet()
      let submission = SubmitProposal(
        proposer: wallet.address,
        title: title,
        summary: summary,
        contents: contents,
        deposit: [try await proposalDeposit()],
        isExpedited: expedited
      )
      let result = try await wallet.send([.submitProposal(submission)])
      if signer.node.output == .json { return try Console.json(result) }
      let id = result.events.flatMap(\.attributes).first { $0.key == "proposal_id" }?.value
      Console.line("proposal \(id ?? "?") in block \(result.height)")
      Console.note(
        id.map { "next: `supercloud gov vote \($0) yes`" } ?? "`supercloud gov list` shows its number"
      )
    }

    private func proposalDeposit() async throws -> Coin {
      if let deposit { return try await signer.node.coin(deposit, "a deposit") }
      let all: [Answer.Parameter] = try await signer.node.get("/v1/parameters")
      let key: ParameterKey = expedited ? .expeditedMinimumDeposit : .proposalMinimumDeposit
      guard let units = all.first(where: { $0.key == key.rawValue }).flatMap({ UInt64($0.value) }) else {
        throw Failure(
          "the minimum deposit is not known",
          why: "the node did not answer with it",
          fix: "give one: --deposit 1000000000uakt"
        )
      }
      return Coin(units, .uakt)
    }

    private func contents() async throws -> [ProposalContent] {
      var contents: [ProposalContent] = []
      for text in addCurrency { contents.append(.addCurrency(try currency(text))) }
      let changes = try set.map { text in
        let (key, value) = try pair(text, "--set")
        return ParameterChange(key: key, value: value)
      }
      if !changes.isEmpty { contents.append(.parameters(changes)) }
      for text in retireCurrency { contents.append(.retireCurrency(try denominationOf(text))) }
      for text in spend {
        let (recipient, amount) = try pair(text, "--spend")
        let address = try signer.node.address(recipient)
        let coin = try await signer.node.coin(amount)
        contents.append(.communitySpend(recipient: address, amount: [coin]))
      }
      if let upgrade { contents.append(.softwareUpgrade(try softwareUpgrade(upgrade))) }
      if let text { contents.append(.text(text)) }
      return contents
    }

    private func softwareUpgrade(_ text: String) throws -> SoftwareUpgrade {
      var fields = try FieldList(text, option: "--upgrade")
      let upgrade = SoftwareUpgrade(
        name: try fields.text("name"),
        height: try fields.number("height"),
        protocolVersion: UInt32(try fields.number("version", in: 1...UInt64(UInt32.max))),
        info: fields.take("info") ?? ""
      )
      try fields.finish()
      return upgrade
    }

    private func currency(_ text: String) throws -> Currency {
      var fields = try FieldList(text, option: "--add-currency")
      var aliases: [Denomination] = []
      while let alias = fields.take("alias") { aliases.append(try denominationOf(alias)) }
      let currency = Currency(
        denomination: try denominationOf(try fields.text("denomination")),
        symbol: try fields.text("symbol"),
        exponent: UInt8(try fields.number("exponent", standard: 6, in: 0...18)),
        aliases: aliases,
        issuer: try fields.take("issuer").map { try signer.node.address($0) },
        mintCap: Amount(try fields.number("mint_cap", standard: 0)),
        minimumDeposit: Amount(try fields.number("minimum_deposit", standard: 0)),
        leaseDeposit: Amount(try fields.number("lease_deposit", standard: 0)),
        minimumFee: Amount(try fields.number("minimum_fee", standard: 0)),
        takeBasisPoints: try fields.take("take").map { text in
          guard let rate = UInt32(text), rate <= 10_000 else {
            throw Failure.usage("`\(text)` is not a take rate", fix: "basis points: 0 to 10000")
          }
          return rate
        }
      )
      try fields.finish()
      return currency
    }
  }
}

/// Fields such as `a=1,b=2`. Each field can be taken once; `finish` throws if a field was not taken.
struct FieldList {
  private var fields: [(name: String, value: String)]
  private let option: String

  init(_ text: String, option: String) throws {
    self.option = option
    fields = try text.split(separator: ",").map { part in
      let (name, value) = try pair(String(part), option)
      return (name, value)
    }
  }

  mutating func take(_ name: String) -> String? {
    guard let index = fields.firstIndex(where: { $0.name == name }) else { return nil }
    return fields.remove(at: index).value
  }

  mutating func text(_ name: String) throws -> String {
    guard let value = take(name) else {
      throw Failure.usage("\(option) has no \(name)", fix: "add \(name)=…")
    }
    return value
  }

  mutating func number(
    _ name: String,
    standard: UInt64? = nil,
    in range: ClosedRange<UInt64> = 0...UInt64.max
  ) throws -> UInt64 {
    guard let text = take(name) else {
      if let standard { return standard }
      throw Failure.usage("\(option) has no \(name)", fix: "add \(name)=…")
    }
    guard let value = UInt64(text) else {
      throw Failure.usage("`\(text)` is not a whole number", why: "it is the \(name) of \(option)")
    }
    guard range.contains(value) else {
      let fix = "\(range.lowerBound) to \(range.upperBound)"
      throw Failure.usage("`\(text)` is out of range", why: "it is the \(name) of \(option)", fix: fix)
    }
    return value
  }

  func finish() throws {
    guard let rest = fields.first else { return }
    let fix = "`supercloud help gov submit` lists the fields"
    throw Failure.usage("\(option) takes no field `\(rest.name)`", fix: fix)
  }
}
