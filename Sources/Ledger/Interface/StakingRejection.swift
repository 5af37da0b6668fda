public import Cryptography
public import Primitives

/// Why a staking action is rejected. The codes are those of the Cosmos SDK (`x/staking`, `x/slashing`); our
/// own are in `supercloud`.
public enum StakingRejection: Error, Hashable, Sendable, CustomStringConvertible {
  case validatorNotFound(Address)
  case validatorExists(Address)
  case consensusKeyExists(PublicKey)
  case illegalConsensusKey
  case wrongDenomination
  case commissionBelowFloor(minimum: Decimal18)
  case commissionTooHigh(maximum: Decimal18)
  case commissionChangedRecently(next: Timestamp)
  case commissionChangeTooLarge(maximum: Decimal18)
  case selfDelegationBelowMinimum(minimum: Amount)
  case minimumSelfDelegationDecreased
  case noDelegation
  case insufficientStake(available: Amount)
  case tooManyEntries(limit: UInt64)
  case selfRedelegation
  case transitiveRedelegation
  case emptiedValidator
  case notJailed
  case jailedUntil(Timestamp)
  case tombstoned
  case nothingToWithdraw

  public var code: Rejection.Code {
    switch self {
    case .validatorNotFound: .init(.staking, 3)
    case .validatorExists: .init(.staking, 4)
    case .consensusKeyExists: .init(.staking, 5)
    case .illegalConsensusKey: .init(.staking, 6)
    case .wrongDenomination: .init(.sdk, 18)
    case .commissionBelowFloor: .init(.sdk, 4)
    case .commissionTooHigh: .init(.staking, 11)
    case .commissionChangedRecently: .init(.staking, 12)
    case .commissionChangeTooLarge: .init(.staking, 15)
    case .selfDelegationBelowMinimum: .init(.staking, 16)
    case .minimumSelfDelegationDecreased: .init(.staking, 17)
    case .noDelegation: .init(.staking, 19)
    case .insufficientStake: .init(.staking, 22)
    case .tooManyEntries: .init(.staking, 27)
    case .selfRedelegation: .init(.staking, 29)
    case .transitiveRedelegation: .init(.staking, 32)
    case .emptiedValidator: .init(.staking, 23)
    case .notJailed: .init(.slashing, 5)
    case .jailedUntil, .tombstoned: .init(.slashing, 4)
    case .nothingToWithdraw: .init(.supercloud, 60)
    }
  }

  public var description: String {
    switch self {
    case .validatorNotFound(let address):
      "there is no validator \(address.text(prefix: Address.operatorPrefix))"
    case .validatorExists: "the account runs a validator already"
    case .consensusKeyExists(let key): "consensus key \(key) is in use"
    case .illegalConsensusKey: "the consensus key is not a canonical point of the prime-order group"
    case .wrongDenomination: "only uakt can be staked"
    case .commissionBelowFloor(let minimum): "the commission must be at least \(minimum)"
    case .commissionTooHigh(let maximum): "the commission may be at most \(maximum)"
    case .commissionChangedRecently(let next): "the commission may change again at \(next)"
    case .commissionChangeTooLarge(let maximum): "the commission may change by \(maximum) a day"
    case .selfDelegationBelowMinimum(let minimum): "the validator must stake at least \(minimum) itself"
    case .minimumSelfDelegationDecreased: "the minimum self-delegation cannot be lowered"
    case .noDelegation: "there is no such delegation"
    case .insufficientStake(let available): "\(available) are delegated"
    case .tooManyEntries(let limit): "\(limit) unbondings or redelegations are under way already"
    case .selfRedelegation: "source and destination are the same validator"
    case .transitiveRedelegation: "stake that is being redelegated cannot move on yet"
    case .emptiedValidator: "the validator's stake was slashed to nothing"
    case .notJailed: "the validator is not jailed"
    case .jailedUntil(let time): "the validator is jailed until \(time)"
    case .tombstoned: "the validator signed twice and can never return"
    case .nothingToWithdraw: "nothing has accrued"
    }
  }
}
