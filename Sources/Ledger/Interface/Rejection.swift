public import Chain
public import Cryptography
public import Primitives

/// Why the ledger rejects a transaction, an order or a bid.
///
/// Codespaces and codes are those of the Akash node where it has the case (the errors of `x/market`,
/// `x/deployment`, `x/escrow`, `x/provider` and `x/audit`; those of the Cosmos SDK for `sdk`, `staking`,
/// `slashing` and `gov`). Our own are in `supercloud`. Receipts and answers contain them unchanged.
public enum Rejection: Error, Hashable, Sendable {
  case wrongSequence(expected: UInt64, given: UInt64)
  case timedOut(last: Height)
  case insufficientFee(required: Coin)
  case insufficientFunds(required: Coin, available: Amount)
  case unauthorized(String)
  case invalidRequest(String)
  case zeroAmount
  case repeatedDenomination(Denomination)
  case moduleAccount(Address)
  case arithmetic(ArithmeticError)
  case unsupportedVersion(required: UInt32)
  case unknownDenomination(Denomination)
  case retiredDenomination(Denomination)
  case mintCapExceeded(cap: Amount, minted: Amount)
  case noGrant(granter: Address, grantee: Address)
  case grantExpired(Timestamp)
  case grantExceeded(limit: Amount)
  case grantInPast
  case provider(ProviderRejection)
  case order(OrderRejection)
  case lease(LeaseRejection)
  case staking(StakingRejection)
  case governance(GovernanceRejection)
}

extension Rejection {
  public enum Codespace: String, Hashable, Sendable {
    case sdk, market, deployment, escrow, provider, audit, akash, staking, slashing, gov, supercloud
  }

  /// An error code that never changes its meaning within its codespace.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public var space: Codespace
    public var number: UInt32

    public init(_ space: Codespace, _ number: UInt32) {
      self.space = space
      self.number = number
    }

    public var description: String { "\(space.rawValue)/\(number)" }
  }

  public var code: Code {
    switch self {
    case .wrongSequence: Code(.sdk, 32)
    case .timedOut: Code(.sdk, 30)
    case .insufficientFee: Code(.sdk, 13)
    case .insufficientFunds: Code(.sdk, 5)
    case .unauthorized: Code(.sdk, 4)
    case .invalidRequest: Code(.sdk, 18)
    case .zeroAmount: Code(.sdk, 10)
    case .repeatedDenomination: Code(.sdk, 10)
    case .moduleAccount: Code(.sdk, 4)
    case .arithmetic: Code(.supercloud, 1)
    case .unsupportedVersion: Code(.supercloud, 2)
    case .unknownDenomination: Code(.supercloud, 10)
    case .retiredDenomination: Code(.supercloud, 11)
    case .mintCapExceeded: Code(.supercloud, 12)
    case .noGrant: Code(.sdk, 4)
    case .grantExpired: Code(.sdk, 4)
    case .grantExceeded: Code(.sdk, 5)
    case .grantInPast: Code(.sdk, 18)
    case .provider(let rejection): rejection.code
    case .order(let rejection): rejection.code
    case .lease(let rejection): rejection.code
    case .staking(let rejection): rejection.code
    case .governance(let rejection): rejection.code
    }
  }
}

extension Rejection: CustomStringConvertible {
  /// What was wrong, with the values that led to the rejection.
  public var description: String {
    switch self {
    case .wrongSequence(let expected, let given):
      "the account's sequence number is \(expected), the transaction has \(given)"
    case .timedOut(let last): "the transaction was valid until height \(last)"
    case .insufficientFee(let required): "the fee must be at least \(required)"
    case .insufficientFunds(let required, let available): "\(required) are needed, \(available) are there"
    case .unauthorized(let why): why
    case .invalidRequest(let why): why
    case .zeroAmount: "the amount is zero"
    case .repeatedDenomination(let denomination): "\(denomination) is listed twice"
    case .moduleAccount(let address): "\(address) belongs to the ledger and takes no transfers"
    case .arithmetic(let error): "an amount left its range: \(error)"
    case .unsupportedVersion(let required): "protocol version \(required) is required"
    case .unknownDenomination(let denomination): "\(denomination) is not registered on this network"
    case .retiredDenomination(let denomination): "\(denomination) is retired: it takes no new deployments"
    case .mintCapExceeded(let cap, let minted): "at most \(cap) may be minted, \(minted) are"
    case .noGrant(let granter, let grantee): "\(granter) has granted nothing of the kind to \(grantee)"
    case .grantExpired(let time): "the grant ended at \(time)"
    case .grantExceeded(let limit): "the grant has \(limit) left"
    case .grantInPast: "the grant would already be over"
    case .provider(let rejection): rejection.description
    case .order(let rejection): rejection.description
    case .lease(let rejection): rejection.description
    case .staking(let rejection): rejection.description
    case .governance(let rejection): rejection.description
    }
  }
}
