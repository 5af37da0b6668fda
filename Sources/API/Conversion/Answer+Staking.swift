public import Chain
public import Cryptography
public import Ledger
public import Primitives

extension Answer.Coin {
  /// An exact amount, fraction included.
  public init(_ coin: DecimalCoin) {
    self.init(denomination: coin.denomination.name, amount: coin.amount.description)
  }
}

extension Answer.Event.Attribute {
  public init(_ attribute: Attribute) {
    self.init(key: attribute.key, value: attribute.value)
  }
}

extension Answer.Validator {
  /// `power`: the voting power in the current validator set; 0 when the validator is not in it.
  public init(_ address: Address, _ record: ValidatorRecord, power: Int64) {
    self.init(
      operatorAddress: address.text(),
      consensusKey: Hex.encode(record.consensusKey.bytes),
      moniker: record.moniker,
      identity: record.description.identity,
      website: record.description.website,
      securityContact: record.description.securityContact,
      details: record.description.details,
      power: power,
      status: record.status.name,
      jailed: record.isJailed,
      jailedUntil: record.isJailed ? record.jailedUntil.text : nil,
      tombstoned: record.isTombstoned,
      missedBlocks: record.missedBlocks,
      tokens: record.tokens.description,
      minimumSelfDelegation: record.minimumSelfDelegation.description,
      commission: record.commission.description,
      maximumCommission: record.maximumCommission.description,
      maximumCommissionChange: record.maximumCommissionChange.description
    )
  }
}

extension Answer.Delegation {
  public init<State: StateReading>(_ delegation: LedgerQuery<State>.DelegationStatus) {
    self.init(
      delegator: delegation.delegator.text(),
      validator: delegation.validator.text(),
      shares: delegation.shares.description,
      stake: delegation.stake.description,
      rewards: delegation.rewards.map { Answer.Coin($0) }
    )
  }
}

extension Answer.StakeMove {
  public init(_ record: UnbondingRecord) {
    self.init(
      from: record.validator.text(),
      to: nil,
      initial: record.initial.description,
      amount: record.amount.description,
      completesAt: record.completion.text
    )
  }

  public init(_ record: RedelegationRecord) {
    self.init(
      from: record.source.text(),
      to: record.destination.text(),
      initial: record.initial.description,
      amount: record.initial.description,
      completesAt: record.completion.text
    )
  }
}

extension Answer.Stake {
  public init<State: StateReading>(of address: Address, in query: LedgerQuery<State>) {
    self.init(
      address: address.text(),
      delegations: query.delegations(of: address).map { Answer.Delegation($0) },
      unbondings: query.unbondings(of: address).map { Answer.StakeMove($0) },
      redelegations: query.redelegations(of: address).map { Answer.StakeMove($0) },
      commission: query.commission(of: address).map { Answer.Coin($0) }
    )
  }
}
