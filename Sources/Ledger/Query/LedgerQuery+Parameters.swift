import Chain
import Primitives

/// A parameter with its value and definition.
public struct ParameterStatus: Hashable, Sendable {
  /// The key that proposals use.
  public var key: String
  public var value: String
  /// The form of `value`: `integer`, or `integer_or_default` when the text `default` is allowed too.
  public var type: String
  public var unit: String
  public var range: ClosedRange<UInt64>
  /// The value that the parameter has unless genesis or a proposal sets another.
  public var defaultValue: String
  public var summary: String
  /// The number of the proposal that set the value; 0 for genesis.
  public var proposal: UInt64
}

extension LedgerQuery {
  /// The network's parameters, then those of each currency.
  public var parameterStatuses: [ParameterStatus] {
    let record = parametersRecord
    var list = ParameterKey.allCases.map { key in
      ParameterStatus(
        key: key.rawValue,
        value: String(record.values[key]),
        type: "integer",
        unit: key.definition.unit,
        range: key.definition.range,
        defaultValue: String(key.definition.defaultValue),
        summary: key.definition.summary,
        proposal: record.proposals[key.index]
      )
    }
    for currency in state.all(Tables.currencies, { $1 }) {
      for field in ParameterName.CurrencyField.allCases { list.append(currency.status(of: field)) }
    }
    return list
  }
}

extension CurrencyRecord {
  fileprivate func status(of field: ParameterName.CurrencyField) -> ParameterStatus {
    let value: String =
      switch field {
      case .take: currency.takeBasisPoints.map { String($0) } ?? "default"
      case .minimumDeposit: currency.minimumDeposit.description
      case .leaseDeposit: currency.leaseDeposit.description
      case .minimumFee: currency.minimumFee.description
      case .mintCap: currency.mintCap.description
      }
    return ParameterStatus(
      key: "currency.\(currency.denomination).\(field.rawValue)",
      value: value,
      type: field == .take ? "integer_or_default" : "integer",
      unit: field == .take ? "0.01 %" : currency.denomination.name,
      range: field.range,
      defaultValue: field == .take ? "default" : "0",
      summary: field.summary,
      proposal: proposals[field.index]
    )
  }
}
