public import Chain
public import Primitives

/// Why a governance action is rejected. The codes are those of the Cosmos SDK's `x/gov` where it has the case.
public enum GovernanceRejection: Error, Hashable, Sendable, CustomStringConvertible {
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

  public var code: Rejection.Code {
    switch self {
    case .proposalNotFound: .init(.gov, 2)
    case .proposalInactive: .init(.gov, 3)
    case .invalidContent, .unknownParameter, .parameterValue, .parameterRange: .init(.gov, 5)
    case .invalidVote: .init(.gov, 7)
    case .initialDepositTooSmall: .init(.sdk, 4)
    case .depositDenomination: .init(.sdk, 18)
    }
  }

  public var description: String {
    switch self {
    case .proposalNotFound(let id): "there is no proposal \(id)"
    case .proposalInactive(let id): "proposal \(id) is not in that period"
    case .invalidContent(let why), .invalidVote(let why): why
    case .unknownParameter(let key): "there is no parameter \(key)"
    case .parameterValue(let key, let value):
      "\(value) is not a value for \(key)" + (ParameterName(key).map { ": \($0.form)" } ?? "")
    case .parameterRange(let key, let value):
      "\(key.rawValue) may be \(key.definition.range.lowerBound) to \(key.definition.range.upperBound)"
        + " \(key.definition.unit), not \(value)"
    case .initialDepositTooSmall(let required): "the first deposit must be at least \(required)uakt"
    case .depositDenomination: "proposals are deposited on in uakt"
    }
  }
}
