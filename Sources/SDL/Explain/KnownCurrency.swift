import Primitives

/// A currency of the known networks. It is used to explain files without asking a network.
struct KnownCurrency {
  let symbol: String
  /// The smallest unit; a million of them are one main unit.
  let denomination: String
  var aliases: [String] = []

  static let all = [
    KnownCurrency(symbol: "AKT", denomination: "uakt"),
    KnownCurrency(symbol: "ACT", denomination: "uact"),
    KnownCurrency(
      symbol: "USDC",
      denomination: "uusdc",
      aliases: ["ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1"]
    ),
  ]

  /// Whether `text` is the currency's symbol, in whatever case. In a file it is a mistake by a factor of a
  /// million: `AKT` and 2 would be leased at two millionths of an AKT.
  func isNamed(by text: String) -> Bool { Spelling.isSame(text, symbol) }

  /// The currency with this denomination or alias.
  static func named(_ denomination: Denomination) -> KnownCurrency? {
    all.first { $0.denomination == denomination.name || $0.aliases.contains(denomination.name) }
  }
}
