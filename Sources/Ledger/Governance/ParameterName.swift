import Chain
import Primitives

/// What a proposal's key names: a parameter of the network, or one of a currency
/// (`currency.uusdc.take_basis_points`).
enum ParameterName: Hashable, Sendable {
  enum CurrencyField: String, CaseIterable, Hashable, Sendable {
    case take = "take_basis_points"
    case minimumDeposit = "minimum_deposit"
    case leaseDeposit = "lease_deposit"
    case minimumFee = "minimum_fee"
    case mintCap = "mint_cap"
  }

  case network(ParameterKey)
  case currency(Denomination, CurrencyField)

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
