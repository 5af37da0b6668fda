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
    static let configuration = about("Grants that an account gave or received.")

    @Option(help: "Who pays.") var granter: String?
    @Option(help: "Who may spend.") var grantee: String?
    @OptionGroup var page: PageOption

    func run() async throws {
      let filters = [
        ("granter", try page.node.address(ofAny: granter)),
        ("grantee", try page.node.address(ofAny: grantee)),
      ]
      let header = ["GRANTER", "GRANTEE", "FOR", "LEFT", "UNTIL"]
      try await page.list("/v1/grants", filters, header) { (it: Answer.Grant) in
        [it.granter, it.grantee, it.kind, money(it.limit), it.expiresAt]
      }
    }
  }

  struct Terms: ParsableArguments {
    @Argument(help: "Who may spend.") var grantee: String
    @Argument(help: "The limit, such as 5000000uakt. A new grant replaces the old one.") var limit: String
    @Option(help: "How long it holds: a number with d, h or m; or a time such as 2027-01-01T00:00:00Z.")
    var expires = "30d"

    @OptionGroup var signer: SignerOption

    func give(_ kind: Grant.Kind) async throws {
      let limit = try await signer.node.coin(limit)
      let end = try Self.time(expires)
      let grantee = try signer.node.address(grantee)
      try await signer.send("granted in block", then: ", until \(end.text)") {
        .grant(Grant(granter: $0, grantee: grantee, kind: kind, limit: limit, expiresAt: end))
      }
    }

    private static func time(_ text: String) throws -> Timestamp {
      if let time = Timestamp(iso8601: text) { return time }
      let units: [Character: UInt64] = ["d": 86_400_000, "h": 3_600_000, "m": 60_000]
      guard let last = text.last, let unit = units[last], let count = UInt64(text.dropLast()),
        (1...100_000).contains(count)
      else { throw Failure.usage("`\(text)` is not a time", fix: "such as 30d, 12h or 2027-01-01T00:00:00Z") }
      return Timestamp.now.advanced(byMilliseconds: count * unit)
    }
  }

  struct Fee: AsyncParsableCommand {
    static let configuration = about("Let an account pay its fees from yours.")

    @OptionGroup var terms: Terms

    func run() async throws { try await terms.give(.fees) }
  }

  struct Deposit: AsyncParsableCommand {
    static let configuration = about("Let an account pay deployment deposits from yours.")

    @OptionGroup var terms: Terms

    func run() async throws { try await terms.give(.deposits) }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = about("Revoke a grant.")

    @Argument(help: "fee or deposit") var kind: String
    @Argument(help: "Who may no longer spend.") var grantee: String
    @Argument(help: "The denomination.") var denomination: String
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let kinds: [String: Grant.Kind] = [
        "fee": .fees, "fees": .fees, "deposit": .deposits, "deposits": .deposits,
      ]
      guard let kind = kinds[kind] else {
        throw Failure.usage("`\(kind)` is not a kind of grant", fix: "fee or deposit")
      }
      let name = try denominationOf(denomination)
      let grantee = try signer.node.address(grantee)
      try await signer.send("revoked in block") {
        .revokeGrant(granter: $0, grantee: grantee, kind: kind, denomination: name)
      }
    }
  }
}
