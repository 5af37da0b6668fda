public import Cryptography
public import Primitives

/// Why a staking action is rejected. The codes are those of the Cosmos SDK (`x/staking`, `x/slashing`); our
/// own are in `supercloud`.
public enum StakingRejection: CodedRejection {
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
  case buysNothing(Amount)
  case notJailed
  case jailedUntil(Timestamp)
  case tombstoned
  case nothingToWithdraw

  public var answer: (code: Rejection.Code, text: String) {
    switch self {
    case .validatorNotFound(let address):
      (.init(.staking, 3), "there is no validator \(address.text(prefix: Address.operatorPrefix))")
    case .validatorExists: (.init(.staking, 4), "the account runs a validator already")
    case .consensusKeyExists(let key): (.init(.staking, 5), "consensus key \(key) is in use")
    case .illegalConsensusKey:
      (.init(.staking, 6), "the consensus key is not a canonical point of the prime-order group")
    case .wrongDenomination: (.init(.sdk, 18), "only uakt can be staked")
    case .commissionBelowFloor(let minimum): (.init(.sdk, 4), "the commission must be at least \(minimum)")
    case .commissionTooHigh(let maximum): (.init(.staking, 11), "the commission may be at most \(maximum)")
    case .commissionChangedRecently(let next):
      (.init(.staking, 12), "the commission may change again at \(next)")
    case .commissionChangeTooLarge(let maximum):
      (.init(.staking, 15), "the commission may change by \(maximum) a day")
    case .selfDelegationBelowMinimum(let minimum):
      (.init(.staking, 16), "the validator must stake at least \(minimum) itself")
    case .minimumSelfDelegationDecreased:
      (.init(.staking, 17), "the minimum self-delegation cannot be lowered")
    case .noDelegation: (.init(.staking, 19), "there is no such delegation")
    case .insufficientStake(let available): (.init(.staking, 22), "\(available) are delegated")
    case .tooManyEntries(let limit):
      (.init(.staking, 27), "\(limit) unbondings or redelegations are under way already")
    case .selfRedelegation: (.init(.staking, 29), "source and destination are the same validator")
    case .transitiveRedelegation: (.init(.staking, 32), "stake that is being redelegated cannot move on yet")
    case .emptiedValidator: (.init(.staking, 23), "the validator's stake was slashed to nothing")
    case .buysNothing(let amount):
      (.init(.supercloud, 61), "\(amount) units buy no share of this validator that is worth one: stake more")
    case .notJailed: (.init(.slashing, 5), "the validator is not jailed")
    case .jailedUntil(let time): (.init(.slashing, 4), "the validator is jailed until \(time)")
    case .tombstoned: (.init(.slashing, 4), "the validator signed twice and can never return")
    case .nothingToWithdraw: (.init(.supercloud, 60), "nothing has accrued")
    }
  }
}
