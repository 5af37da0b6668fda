extension Answer {
  public struct Validator: Codable, Sendable {
    public var operatorAddress: String
    public var consensusKey: String
    public var moniker: String
    public var identity: String
    public var website: String
    public var securityContact: String
    public var details: String
    /// The voting power in the current validator set; 0 when it is not in the set.
    public var power: Int64
    /// `bonded`, `unbonding` or `unbonded`.
    public var status: String
    public var jailed: Bool
    /// The time from which on the validator may be unjailed; absent unless it is jailed.
    public var jailedUntil: String?
    /// Whether the validator has double signed and so can never be a validator again.
    public var tombstoned: Bool
    /// The number of blocks that the validator has not signed, within the window for downtime.
    public var missedBlocks: UInt32
    /// All stake delegated to the validator, in `uakt`.
    public var tokens: String
    public var minimumSelfDelegation: String
    public var commission: String
    public var maximumCommission: String
    public var maximumCommissionChange: String
  }

  public struct Delegation: Codable, Sendable {
    public var delegator: String
    public var validator: String
    public var shares: String
    /// The value of the shares, in `uakt`.
    public var stake: String
    /// Accrued rewards that were not withdrawn yet, exact decimals.
    public var rewards: [Coin]
  }

  /// Stake that is leaving a validator, or moving from one to another.
  public struct StakeMove: Codable, Sendable {
    public var from: String
    /// The validator to which the stake moves; absent while it unbonds.
    public var to: String?
    public var initial: String
    /// The amount that will be paid; less than `initial` after slashing.
    public var amount: String
    public var completesAt: String
  }

  /// All delegations, unbondings, redelegations and commission of an account.
  public struct Stake: Codable, Sendable {
    public var address: String
    public var delegations: [Delegation]
    public var unbondings: [StakeMove]
    public var redelegations: [StakeMove]
    /// An operator's commission that was not withdrawn yet, exact decimals.
    public var commission: [Coin]
  }
}
