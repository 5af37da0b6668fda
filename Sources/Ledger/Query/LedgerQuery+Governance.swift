public import Chain
public import Cryptography
public import Primitives

extension LedgerQuery {
  // MARK: Governance

  public func proposal(_ id: UInt64) -> ProposalRecord? { state.read(Tables.proposals, id) }

  /// All proposals, or those in one status, ordered by number.
  public func proposals(
    in status: ProposalRecord.Status? = nil,
    _ request: PageRequest
  ) throws(PageFault) -> Page<(id: UInt64, record: ProposalRecord)> {
    guard let status else { return try state.page(Tables.proposals, request) { ($0, $1) } }
    let prefix = Tables.proposalsByStatus.prefix(status.rawValue)
    return try state.page(Tables.proposalsByStatus, prefix: prefix, request) { key, _ in
      proposal(key.key).map { (key.key, $0) }
    }
  }

  public func deposits(onProposal id: UInt64) -> [(depositor: Address, amount: Amount)] {
    state.all(Tables.proposalDeposits, prefix: Tables.proposalDeposits.prefix(id)) { ($0.second, $1) }
  }

  /// The votes on a proposal, ordered by voter. Votes are removed when the voting period ends.
  public func votes(
    onProposal id: UInt64,
    _ request: PageRequest
  ) throws(PageFault) -> Page<(voter: Address, options: [WeightedVoteOption])> {
    try state.page(Tables.votes, prefix: Tables.votes.prefix(id), request) { ($0.second, $1.options) }
  }

  /// The result of an ended vote, or the result as if a running vote ended now.
  public func tally(ofProposal id: UInt64) -> Tally? {
    guard let record = proposal(id) else { return nil }
    if let tally = record.tally { return tally }
    return try? Execution(on: state, at: .zero, protocolVersion: protocolVersion).tallyVotes(id)
  }

  public var protocolVersion: UInt32 { state.read(Tables.chain, SingleKey())?.protocolVersion ?? 0 }

  // MARK: Staking

  public func validator(_ address: Address) -> ValidatorRecord? { state.read(Tables.validators, address) }

  /// The operator of the validator with this consensus key; nil when there is none.
  public func validatorAddress(ofKey key: PublicKey) -> Address? { state.read(Tables.validatorsByKey, key) }

  /// The stake of all bonded validators, in uakt.
  public var bondedStake: Amount { state.read(Tables.staking, SingleKey())?.bonded ?? .zero }

  /// A delegation with its present value and its rewards.
  public struct DelegationStatus: Hashable, Sendable {
    public var delegator: Address
    public var validator: Address
    public var shares: Decimal18
    public var stake: Amount
    /// Rewards that were earned and not withdrawn.
    public var rewards: [DecimalCoin]
  }

  public func delegations(of delegator: Address) -> [DelegationStatus] {
    state.all(Tables.delegations, prefix: Tables.delegations.prefix(delegator)) { status($0, $1) }
  }

  /// The delegations to a validator, ordered by delegator.
  public func delegations(
    to validator: Address,
    _ request: PageRequest
  ) throws(PageFault) -> Page<DelegationStatus> {
    let prefix = Tables.delegationsByValidator.prefix(validator)
    return try state.page(Tables.delegationsByValidator, prefix: prefix, request) { key, _ in
      let key = Pair(key.second, key.first)
      return state.read(Tables.delegations, key).flatMap { status(key, $0) }
    }
  }

  private func status(_ key: Pair<Address, Address>, _ record: DelegationRecord) -> DelegationStatus? {
    guard var validator = validator(key.second) else { return nil }
    var record = record
    let execution = Execution(on: state, at: .zero, protocolVersion: protocolVersion)
    try? execution.settleRewards(of: &validator)
    try? execution.settleRewards(of: &record, in: validator)
    return DelegationStatus(
      delegator: key.first,
      validator: key.second,
      shares: record.shares,
      stake: (try? validator.tokens(of: record.shares)) ?? .zero,
      rewards: record.rewards.map { DecimalCoin($0.accrued, $0.denomination) }
    )
  }

  /// The commission of a validator that was earned and not withdrawn.
  public func commission(of validator: Address) -> [DecimalCoin] {
    guard var record = self.validator(validator) else { return [] }
    try? Execution(on: state, at: .zero, protocolVersion: protocolVersion).settleRewards(of: &record)
    return record.rewards.map { DecimalCoin($0.commission, $0.denomination) }
  }

  /// The redelegations that can still be slashed for faults of their source validator.
  public func redelegations(of delegator: Address) -> [RedelegationRecord] {
    let prefix = Tables.redelegationsByDelegator.prefix(delegator)
    return state.all(Tables.redelegationsByDelegator, prefix: prefix) { key, _ in
      state.read(Tables.redelegations, key.second)
    }
  }

  public func vote(of voter: Address, onProposal id: UInt64) -> VoteRecord? {
    state.read(Tables.votes, Pair(id, voter))
  }

  public func unbondings(of delegator: Address) -> [UnbondingRecord] {
    let prefix = Tables.unbondingsByDelegator.prefix(delegator)
    return state.all(Tables.unbondingsByDelegator, prefix: prefix) { key, _ in
      state.read(Tables.unbondings, key.second)
    }
  }
}
