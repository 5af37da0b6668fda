import API
import ArgumentParser
import Chain
import Cryptography
import Node
import Primitives

struct GrantCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "grant",
    abstract: "Let others spend your coins on fees or on deposits, up to a limit.",
    discussion: """
      The grantee names the granter of fees with --fee-granter. What a deployment does not spend of a granted deposit
      returns to the granter, and can be spent again under the grant.
      """,
    subcommands: [List.self, Fee.self, Deposit.self, Revoke.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Grants that an account gave or received.")

    @Option(help: "Who pays.") var granter: String?
    @Option(help: "Who may spend.") var grantee: String?
    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let granter = try granter.map { try resolve($0, home: node.home.value).text() }
      let grantee = try grantee.map { try resolve($0, home: node.home.value).text() }
      let grants: Answer.Page<Answer.Grant> = try await node.withClient {
        try await $0.get("/v1/grants", [("granter", granter), ("grantee", grantee)] + page.query)
      }
      try page.show(grants, node, ["GRANTER", "GRANTEE", "FOR", "LEFT", "UNTIL"]) { grants in
        grants.map { [$0.granter, $0.grantee, $0.kind, money($0.limit), $0.expiresAt] }
      }
    }
  }

  struct Terms: ParsableArguments {
    @Argument(help: "Who may spend.") var grantee: String
    @Argument(help: "The limit, such as 5000000uakt. A new grant replaces the old one.") var limit: String
    @Option(help: "How long it holds: a number with d, h or m; or a time such as 2027-01-01T00:00:00Z.")
    var expires = "30d"

    func give(_ kind: Grant.Kind, _ signer: SignerOption, _ node: NodeOption) async throws {
      let limit = try coin(limit)
      let end = try Self.time(expires)
      let grantee = try resolve(grantee, home: node.home.value)
      let wallet = try await node.wallet(signer)
      let grant = Grant(granter: wallet.address, grantee: grantee, kind: kind, limit: limit, expiresAt: end)
      try await wallet.report(.grant(grant), node) { "granted in block \($0), until \(end.text)" }
    }

    private static func time(_ text: String) throws -> Timestamp {
      if let time = Timestamp(iso8601: text) { return time }
      let units: [Character: UInt64] = ["d": 86_400_000, "h": 3_600_000, "m": 60_000]
      guard let last = text.last, let unit = units[last], let count = UInt64(text.dropLast()),
        (1...100_000).contains(count)
      else {
        throw Failure("`\(text)` is not a time", fix: "such as 30d, 12h or 2027-01-01T00:00:00Z", code: 2)
      }
      return Timestamp.now.advanced(byMilliseconds: count * unit)
    }
  }

  struct Fee: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let an account pay its fees from yours.")

    @OptionGroup var terms: Terms
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws { try await terms.give(.fees, signer, node) }
  }

  struct Deposit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let an account pay deployment deposits from yours."
    )

    @OptionGroup var terms: Terms
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws { try await terms.give(.deposits, signer, node) }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Revoke a grant.")

    @Argument(help: "fee or deposit") var kind: String
    @Argument(help: "Who may no longer spend.") var grantee: String
    @Argument(help: "The denomination.") var denomination: String
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let kinds: [String: Grant.Kind] = [
        "fee": .fees, "fees": .fees, "deposit": .deposits, "deposits": .deposits,
      ]
      guard let kind = kinds[kind] else {
        throw Failure("`\(kind)` is not a kind of grant", fix: "fee or deposit", code: 2)
      }
      let name = try denominationOf(denomination)
      let grantee = try resolve(grantee, home: node.home.value)
      let wallet = try await node.wallet(signer)
      let action = Action.revokeGrant(
        granter: wallet.address,
        grantee: grantee,
        kind: kind,
        denomination: name
      )
      try await wallet.report(action, node) { "revoked in block \($0)" }
    }
  }
}
