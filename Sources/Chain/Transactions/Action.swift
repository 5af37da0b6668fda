public import Cryptography
public import Primitives

/// An action that a transaction asks of the ledger. Each case is one message type.
public enum Action: Hashable, Sendable {
  // Bank
  case send(Send)
  case mint(Mint)
  case burn(Burn)
  // Providers and auditors
  case registerProvider(ProviderRecord)
  case updateProvider(ProviderRecord)
  case leaveProvider(owner: Address)
  case signAttributes(provider: Address, auditor: Address, attributes: [Attribute])
  case withdrawAttributes(provider: Address, auditor: Address, keys: [String])
  // Market
  case agreeLease(AgreeLease)
  case updateDeployment(DeploymentID, manifestHash: Digest)
  case depositDeployment(DeploymentID, amount: Coin, depositor: Address)
  case closeDeployment(DeploymentID)
  /// The tenant ends a lease. The group is open again for a new order.
  case closeLease(LeaseID)
  /// The provider ends a lease. If it has promised a notice, it must have announced the end before.
  case resignLease(LeaseID, reason: LeaseCloseReason)
  /// The provider announces that it wants its resources back after the promised notice.
  case startReclamation(LeaseID, reason: LeaseCloseReason)
  /// The provider asks for the payment of what it has earned.
  case withdrawLease(LeaseID)
  // Grants
  case grant(Grant)
  case revokeGrant(granter: Address, grantee: Address, kind: Grant.Kind, denomination: Denomination)
  // Staking
  case createValidator(CreateValidator)
  case editValidator(EditValidator)
  case delegate(delegator: Address, validator: Address, amount: Coin)
  case undelegate(delegator: Address, validator: Address, amount: Coin)
  case redelegate(delegator: Address, from: Address, to: Address, amount: Coin)
  case unjail(validator: Address)
  case withdrawReward(delegator: Address, validator: Address)
  case withdrawCommission(validator: Address)
  // Governance
  case submitProposal(SubmitProposal)
  case depositProposal(id: UInt64, depositor: Address, amount: [Coin])
  case vote(id: UInt64, voter: Address, options: [WeightedVoteOption])

  /// The account that must sign.
  public var signer: Address {
    switch self {
    case .send(let send): send.from
    case .mint(let mint): mint.issuer
    case .burn(let burn): burn.issuer
    case .registerProvider(let record), .updateProvider(let record): record.owner
    case .leaveProvider(let owner): owner
    case .signAttributes(_, let auditor, _), .withdrawAttributes(_, let auditor, _): auditor
    case .agreeLease(let agreement): agreement.owner
    case .updateDeployment(let id, _), .closeDeployment(let id): id.owner
    case .depositDeployment(_, _, let depositor): depositor
    case .closeLease(let id): id.deployment.owner
    case .resignLease(let id, _), .startReclamation(let id, _), .withdrawLease(let id): id.provider
    case .grant(let grant): grant.granter
    case .revokeGrant(let granter, _, _, _): granter
    case .createValidator(let creation): creation.operatorAddress
    case .editValidator(let edit): edit.operatorAddress
    case .delegate(let delegator, _, _), .undelegate(let delegator, _, _): delegator
    case .redelegate(let delegator, _, _, _): delegator
    case .unjail(let validator), .withdrawCommission(let validator): validator
    case .withdrawReward(let delegator, _): delegator
    case .submitProposal(let proposal): proposal.proposer
    case .depositProposal(_, let depositor, _): depositor
    case .vote(_, let voter, _): voter
    }
  }
}

/// Moves coins between two accounts.
public struct Send: Hashable, Sendable {
  public var from: Address
  public var to: Address
  public var amount: [Coin]

  public init(from: Address, to: Address, amount: [Coin]) {
    self.from = from
    self.to = to
    self.amount = amount
  }
}

/// An issuer creates units of its currency. What it has created, less what it has destroyed, may not exceed the
/// currency's mint cap.
public struct Mint: Hashable, Sendable {
  public var issuer: Address
  public var recipient: Address
  public var amount: Coin

  public init(issuer: Address, recipient: Address, amount: Coin) {
    self.issuer = issuer
    self.recipient = recipient
    self.amount = amount
  }
}

/// An issuer destroys units of its currency that it holds.
public struct Burn: Hashable, Sendable {
  public var issuer: Address
  public var amount: Coin

  public init(issuer: Address, amount: Coin) {
    self.issuer = issuer
    self.amount = amount
  }
}

/// A provider's statements about itself.
public struct ProviderRecord: Hashable, Sendable {
  public var owner: Address
  /// `https://host[:port]`, no path.
  public var hostURI: String
  public var attributes: [Attribute]
  public var email: String
  public var website: String

  public init(
    owner: Address,
    hostURI: String,
    attributes: [Attribute],
    email: String = "",
    website: String = ""
  ) {
    self.owner = owner
    self.hostURI = hostURI
    self.attributes = attributes
    self.email = email
    self.website = website
  }
}

/// The tenant's agreement to bids for an order: opens the deployment, its escrow and all leases, or nothing.
public struct AgreeLease: Hashable, Sendable {
  public var owner: Address
  public var order: SignedObject
  public var bids: [SignedObject]
  /// The chosen bid for each group of the order, as an index into `bids`.
  public var choices: [Choice]

  public struct Choice: Hashable, Sendable {
    public var group: UInt32
    public var bid: UInt32

    public init(group: UInt32, bid: UInt32) {
      self.group = group
      self.bid = bid
    }
  }

  public init(owner: Address, order: SignedObject, bids: [SignedObject], choices: [Choice]) {
    self.owner = owner
    self.order = order
    self.bids = bids
    self.choices = choices
  }
}

/// Why a lease ended. Reasons that Akash also has use its numbers.
public enum LeaseCloseReason: UInt32, Hashable, Sendable, CaseIterable {
  case owner = 1
  case unstable = 10_000
  case decommission = 10_001
  case unspecified = 10_002
  case manifestTimeout = 10_003
  case insufficientFunds = 20_000
  case deploymentClosed = 20_001
}

/// Lets `grantee` spend up to `limit` of `granter`'s money on fees or on deployment deposits.
public struct Grant: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    case fees = 1
    case deposits = 2
  }

  public var granter: Address
  public var grantee: Address
  public var kind: Kind
  public var limit: Coin
  public var expiresAt: Timestamp

  public init(granter: Address, grantee: Address, kind: Kind, limit: Coin, expiresAt: Timestamp) {
    self.granter = granter
    self.grantee = grantee
    self.kind = kind
    self.limit = limit
    self.expiresAt = expiresAt
  }
}
