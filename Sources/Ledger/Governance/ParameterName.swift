import Chain
import Primitives

/// The key of a parameter change, parsed: a parameter of the network, or one of a currency
/// (`currency.uusdc.take_basis_points`).
enum ParameterName: Hashable, Sendable {
  /// A parameter of a currency. `CurrencyRecord.proposals` has the order of these cases.
  enum CurrencyField: String, CaseIterable, Hashable, Sendable {
    case take = "take_basis_points"
    case minimumDeposit = "minimum_deposit"
    case leaseDeposit = "lease_deposit"
    case minimumFee = "minimum_fee"
    case mintCap = "mint_cap"
  }

  /// The largest value that a minimum deposit, lease deposit or minimum fee may have, in smallest units.
  /// Akash has the same bound.
  static let largestMinimum: UInt64 = 2_147_483_646

  case network(ParameterKey)
  case currency(Denomination, CurrencyField)

  /// The allowed values, in words for error messages.
  var form: String {
    switch self {
    case .network(let key):
      "a whole number from \(key.definition.range.lowerBound) to \(key.definition.range.upperBound)"
    case .currency(_, let field):
      "a whole number from \(field.range.lowerBound) to \(field.range.upperBound)"
        + (field == .take ? ", or default" : "")
    }
  }

  init?(_ text: String) {
    if let key = ParameterKey(rawValue: text) {
      self = .network(key)
      return
    }
    guard text.hasPrefix("currency."),
      let field = CurrencyField.allCases.first(where: { text.hasSuffix("." + $0.rawValue) }),
      let denomination = Denomination(String(text.dropFirst(9).dropLast(field.rawValue.count + 1)))
    else { return nil }
    self = .currency(denomination, field)
  }
}

extension ParameterName.CurrencyField {
  /// The case's position in `allCases`.
  var index: Int {
    switch self {
    case .take: 0
    case .minimumDeposit: 1
    case .leaseDeposit: 2
    case .minimumFee: 3
    case .mintCap: 4
    }
  }

  var range: ClosedRange<UInt64> {
    switch self {
    case .take: 0...10_000
    case .minimumDeposit, .leaseDeposit, .minimumFee: 0...ParameterName.largestMinimum
    case .mintCap: 0...UInt64.max
    }
  }

  var summary: String {
    switch self {
    case .take: "Take of each payment; `default` follows take.default_basis_points"
    case .minimumDeposit: "Smallest deposit of a new deployment"
    case .leaseDeposit: "What a provider locks for each lease"
    case .minimumFee: "Least fee of a transaction"
    case .mintCap: "What the issuer may have minted at most"
    }
  }
}
