import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct GovernanceConformanceTests {
  @Test func `votes are decided as in the reference`() throws {
    let file = try ConformanceFile("governance")
    var tally = ConformanceTally(file.name)
    for item in try file.list("tally_cases") {
      var count = Tally(bonded: Amount(try #require(UInt64(item.text("bonded")))))
      let votes = item.object("votes")
      let names: [(String, VoteOption)] = [
        ("yes", .yes), ("no", .no), ("abstain", .abstain), ("no_with_veto", .noWithVeto),
      ]
      for (name, option) in names {
        try count.add(Decimal18(UInt64(votes.text(name)) ?? 0), to: option)
      }
      func ppm(_ key: String) throws -> UInt64 {
        UInt64(try #require(Decimal18(item.text(key))).raw / 1_000_000_000_000)
      }
      let result = try count.result(
        .init(quorum: ppm("quorum"), threshold: ppm("threshold"), veto: ppm("veto_threshold"))
      )
      tally.record(
        item.text("name"),
        agrees: result.passes == item.flag("passes") && result.burnsDeposits == item.flag("burn_deposits"),
        "\(result)"
      )
    }
    for item in try file.list("initial_deposit_cases") {
      let rate = UInt64(try #require(Decimal18(item.text("rate"))).raw / (Decimal18.one / 10_000))
      let minimum = Amount(try #require(UInt64(item.text("min_deposit"))))
      let required = InitialDeposit.required(basisPoints: rate, of: minimum)
      let offered = Amount(try #require(UInt64(item.text("offered"))))
      tally.record(
        "initial deposit \(item.text("rate")) of \(minimum)",
        agrees: required.description == item.text("required_initial")
          && (offered >= required) == item.flag("accepted")
      )
    }
    try changes(file, &tally)
    tally.finish()
  }

  private func changes(_ file: ConformanceFile, _ tally: inout ConformanceTally) throws {
    let chain = try TestChain(adjust: { genesis in
      var sandbox = TestChain.currencies[1]
      sandbox.symbol = "SAND"
      sandbox.denomination = Denomination("usand")!
      sandbox.aliases = [
        Denomination("ibc/12C6A0C374171B595A0A9E18B83FA09D295FB1F2D8C6DAA3AC28683471752D84")!
      ]
      genesis.currencies.append(sandbox)
    })
    for item in try file.list("param_change_cases") {
      let name = item.text("name")
      var changes: [ParameterChange] = []
      for change in item.objects("changes") { changes += Self.ours(change) }
      if name.hasPrefix("forget uakt") {
        tally.differ(
          name,
          because: "values belong to registry entries: what is not named stays as it is",
          asHere: try Self.keepsUAKT(changes, chain)
        )
        continue
      }
      let rejection = chain.rejection { execution throws(Rejection) in
        try execution.validate([.parameters(changes)])
      }
      tally.record(name, agrees: (rejection == nil) == item.flag("valid"), "\(String(describing: rejection))")
    }
  }

  /// Whether changes of other currencies are taken and leave this one alone.
  private static func keepsUAKT(_ changes: [ParameterChange], _ chain: TestChain) throws -> Bool {
    // `ibc/X` stands for any other currency.
    let changes = changes.map {
      ParameterChange(key: $0.key.replacing("ibc/X", with: "uusdc"), value: $0.value)
    }
    let execution = Execution(on: chain.state, at: chain.moment)
    let before = execution.findCurrency(.uakt)
    try execution.execute(.parameters(changes), proposal: 1)
    return execution.findCurrency(.uakt) == before
  }

  /// The reference's whole values as changes of our single ones; percent become basis points.
  private static func ours(_ change: [String: Any]) -> [ParameterChange] {
    switch change.text("key") {
    case "DenomTakeRates":
      change.objects("value").map {
        ParameterChange(
          key: "currency.\($0.text("denom")).take_basis_points",
          value: String($0.number("rate") * 100)
        )
      }
    case "MinDeposits":
      change.objects("value").map {
        ParameterChange(key: "currency.\($0.text("denom")).minimum_deposit", value: $0.text("amount"))
      }
    case "OrderMaxBids":
      [ParameterChange(key: "market.order_maximum_bids", value: String(change.number("value")))]
    default: [ParameterChange(key: "take.default_basis_points", value: String(change.number("value") * 100))]
    }
  }
}
