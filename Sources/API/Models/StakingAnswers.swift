extension Answer {
  public struct Validator: Codable, Sendable {
    public var operatorAddress: String
    public var consensusKey: String
    public var moniker: String
    public var identity: String
    public var website: String
    public var securityContact: String
    public var details: String
    /// What it counts for in the present set; 0 outside.
    public var power: Int64
    /// `bonded`, `unbonding` or `unbonded`.
    public var status: String
    public var jailed: Bool
    /// From when on it may be unjailed.
    public var jailedUntil: String?
    /// Signed twice: can never return.
    public var tombstoned: Bool
    /// Blocks of the window that it did not sign.
    public var missedBlocks: UInt32
    /// Staked with it, in `uakt`.
    public var tokens: String
    public var minimumSelfDelegation: String
    public var commission: String
    public var maximumCommission: String
    public var maximumCommissionChange: String

    public init(
      operatorAddress: String,
      consensusKey: String,
      moniker: String,
      identity: String = "",
      website: String = "",
      securityContact: String = "",
      details: String = "",
      power: Int64,
      status: String,
      jailed: Bool,
      jailedUntil: String? = nil,
      tombstoned: Bool = false,
      missedBlocks: UInt32 = 0,
      tokens: String,
      minimumSelfDelegation: String,
      commission: String,
      maximumCommission: String,
      maximumCommissionChange: String
    ) {
      self.operatorAddress = operatorAddress
      self.consensusKey = consensusKey
      self.moniker = moniker
      self.identity = identity
      self.website = website
      self.securityContact = securityContact
      self.details = details
      self.power = power
      self.status = status
      self.jailed = jailed
      self.jailedUntil = jailedUntil
      self.tombstoned = tombstoned
      self.missedBlocks = missedBlocks
      self.tokens = tokens
      self.minimumSelfDelegation = minimumSelfDelegation
      self.commission = commission
      self.maximumCommission = maximumCommission
      self.maximumCommissionChange = maximumCommissionChange
    }
  }

  public struct Delegation: Codable, Sendable {
    public var delegator: String
    public var validator: String
    public var shares: String
    /// What the shares are worth, in `uakt`.
    public var stake: String
    /// Accrued and not withdrawn, exact decimals.
    public var rewards: [Coin]

    public init(delegator: String, validator: String, shares: String, stake: String, rewards: [Coin]) {
      self.delegator = delegator
      self.validator = validator
      self.shares = shares
      self.stake = stake
      self.rewards = rewards
    }
  }

  /// Stake on its way out of a validator, or from one to another.
  public struct StakeMove: Codable, Sendable {
    public var from: String
    /// The validator that has it now; absent while it unbonds.
    public var to: String?
    public var initial: String
    /// What will be paid; less than `initial` after slashing.
    public var amount: String
    public var completesAt: String

    public init(from: String, to: String?, initial: String, amount: String, completesAt: String) {
      self.from = from
      self.to = to
      self.initial = initial
      self.amount = amount
      self.completesAt = completesAt
    }
  }

  /// Everything that an account has to do with staking.
  public struct Stake: Codable, Sendable {
    public var address: String
    public var delegations: [Delegation]
    public var unbondings: [StakeMove]
    public var redelegations: [StakeMove]
    /// Of an operator, not withdrawn, exact decimals.
    public var commission: [Coin]

    public init(
      address: String,
      delegations: [Delegation],
      unbondings: [StakeMove],
      redelegations: [StakeMove],
      commission: [Coin]
    ) {
      self.address = address
      self.delegations = delegations
      self.unbondings = unbondings
      self.redelegations = redelegations
      self.commission = commission
    }
  }
}
