public import Chain
public import Cryptography
public import Primitives

/// Why the ledger rejects a transaction, an order or a bid.
///
/// Cases that Akash or the Cosmos SDK also have use their codespaces and codes (Akash's `x/market`,
/// `x/deployment`, `x/escrow`, `x/provider` and `x/audit`; the Cosmos SDK's `sdk`, `staking`, `slashing` and
/// `gov`). The other cases are in the codespace `supercloud`. Receipts and answers contain codespace and code
/// unchanged.
public enum Rejection: CodedRejection {
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
    case sdk = "sdk"
    case market = "market"
    case deployment = "deployment"
    case escrow = "escrow"
    case provider = "provider"
    case audit = "audit"
    case akash = "akash"
    case staking = "staking"
    case slashing = "slashing"
    case gov = "gov"
    case supercloud = "supercloud"
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
}

/// A reason with a code that programs know and a text for people.
public protocol CodedRejection: Error, Hashable, Sendable, CustomStringConvertible {
  /// The code, and what was wrong, with the values that led to the rejection.
  var answer: (code: Rejection.Code, text: String) { get }
}

extension CodedRejection {
  public var code: Rejection.Code { answer.code }

  public var description: String { answer.text }
}

extension Rejection {
  public var answer: (code: Rejection.Code, text: String) {
    switch self {
    case .wrongSequence(let expected, let given):
      (.init(.sdk, 32), "the account's sequence number is \(expected), the transaction has \(given)")
    case .timedOut(let last): (.init(.sdk, 30), "the transaction was valid until height \(last)")
    case .insufficientFee(let required): (.init(.sdk, 13), "the fee must be at least \(required)")
    case .insufficientFunds(let required, let available):
      (.init(.sdk, 5), "\(required) are needed, \(available) are there")
    case .unauthorized(let why): (.init(.sdk, 4), why)
    case .invalidRequest(let why): (.init(.sdk, 18), why)
    case .zeroAmount: (.init(.sdk, 10), "the amount is zero")
    case .repeatedDenomination(let denomination): (.init(.sdk, 10), "\(denomination) is listed twice")
    case .moduleAccount(let address):
      (.init(.sdk, 4), "\(address) belongs to the ledger and takes no transfers")
    case .arithmetic(let error): (.init(.supercloud, 1), "an amount left its range: \(error)")
    case .unsupportedVersion(let required):
      (.init(.supercloud, 2), "protocol version \(required) is required")
    case .unknownDenomination(let denomination):
      (.init(.supercloud, 10), "\(denomination) is not registered on this network")
    case .retiredDenomination(let denomination):
      (.init(.supercloud, 11), "\(denomination) is retired: it takes no new deployments")
    case .mintCapExceeded(let cap, let minted):
      (.init(.supercloud, 12), "at most \(cap) may be minted, \(minted) are")
    case .noGrant(let granter, let grantee):
      (.init(.sdk, 4), "\(granter) has granted nothing of the kind to \(grantee)")
    case .grantExpired(let time): (.init(.sdk, 4), "the grant ended at \(time)")
    case .grantExceeded(let limit): (.init(.sdk, 5), "the grant has \(limit) left")
    case .grantInPast: (.init(.sdk, 18), "the grant would already be over")
    case .provider(let rejection): rejection.answer
    case .order(let rejection): rejection.answer
    case .lease(let rejection): rejection.answer
    case .staking(let rejection): rejection.answer
    case .governance(let rejection): rejection.answer
    }
  }
}
