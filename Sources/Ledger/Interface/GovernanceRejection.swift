public import Chain
public import Primitives

/// Why a governance action is rejected. Cases that the Cosmos SDK's `x/gov` also has use its error codes.
public enum GovernanceRejection: CodedRejection {
  case proposalNotFound(UInt64)
  /// The proposal is not in the period in which the action is possible.
  case proposalInactive(UInt64)
  case invalidContent(String)
  case unknownParameter(String)
  case parameterValue(key: String, value: String)
  case parameterRange(ParameterKey, value: UInt64)
  case invalidVote(String)
  case initialDepositTooSmall(required: Amount)
  case depositDenomination

  public var answer: (code: Rejection.Code, text: String) {
    switch self {
    case .proposalNotFound(let id): (.init(.gov, 2), "there is no proposal \(id)")
    case .proposalInactive(let id): (.init(.gov, 3), "proposal \(id) is not in that period")
    case .invalidContent(let why): (.init(.gov, 5), why)
    case .invalidVote(let why): (.init(.gov, 7), why)
    case .unknownParameter(let key): (.init(.gov, 5), "there is no parameter \(key)")
    case .parameterValue(let key, let value):
      (
        .init(.gov, 5),
        "\(value) is not a value for \(key)" + (ParameterName(key).map { ": \($0.form)" } ?? "")
      )
    case .parameterRange(let key, let value):
      (
        .init(.gov, 5),
        "\(key.rawValue) may be \(key.definition.range.lowerBound) to \(key.definition.range.upperBound)"
          + " \(key.definition.unit), not \(value)"
      )
    case .initialDepositTooSmall(let required):
      (.init(.sdk, 4), "the first deposit must be at least \(required)uakt")
    case .depositDenomination: (.init(.sdk, 18), "proposals are deposited on in uakt")
    }
  }
}
