import Chain
import Cryptography
import Primitives

extension Execution {
  /// Submits a proposal with its first deposit. Its contents are checked now, so that nobody votes on
  /// something impossible.
  func submit(_ submission: SubmitProposal) throws(Rejection) {
    guard !submission.title.isEmpty else { throw .governance(.invalidContent("a proposal needs a title")) }
    guard !submission.contents.isEmpty else { throw .governance(.invalidContent("it proposes nothing")) }
    try validate(submission.contents)
    let amount = try depositAmount(submission.deposit)
    let minimum = Amount(
      parameter(submission.isExpedited ? .expeditedMinimumDeposit : .proposalMinimumDeposit)
    )
    let required = InitialDeposit.required(basisPoints: parameter(.proposalInitialDepositShare), of: minimum)
    guard amount >= required else { throw .governance(.initialDepositTooSmall(required: required)) }
    let id = overlay.read(Tables.nextProposal, SingleKey()) ?? 1
    overlay.write(Tables.nextProposal, SingleKey(), id + 1)
    let depositEnd = moment.time.advanced(byMilliseconds: parameter(.depositPeriod))
    let record = ProposalRecord(submission, at: moment, depositEnd: depositEnd)
    store(record, id, was: nil)
    overlay.write(Tables.periods, PeriodKey(time: depositEnd, proposal: id), Presence())
    emit(.proposalSubmitted(proposal: id, proposer: submission.proposer))
    try deposit(submission.deposit, from: submission.proposer, on: id)
  }

  func proposal(_ id: UInt64) throws(Rejection) -> ProposalRecord {
    guard let record = overlay.read(Tables.proposals, id) else { throw .governance(.proposalNotFound(id)) }
    return record
  }

  /// Writes a proposal and updates the index by status; `old` is its status before, nil for a new proposal.
  func store(_ record: ProposalRecord, _ id: UInt64, was old: ProposalRecord.Status?) {
    if let old, old != record.status {
      overlay.remove(Tables.proposalsByStatus, StateIndexKey(old.rawValue, id))
    }
    if old != record.status {
      overlay.write(Tables.proposalsByStatus, StateIndexKey(record.status.rawValue, id), Presence())
    }
    overlay.write(Tables.proposals, id, record)
  }

  private func depositAmount(_ coins: [Coin]) throws(Rejection) -> Amount {
    guard coins.count <= 1 else { throw .governance(.depositDenomination) }
    guard let coin = coins.first else { return .zero }
    guard try canonical(coin.denomination) == .uakt else { throw .governance(.depositDenomination) }
    return coin.amount
  }

  func deposit(_ coins: [Coin], from depositor: Address, on id: UInt64) throws(Rejection) {
    let amount = try depositAmount(coins)
    var record = try proposal(id)
    guard record.status == .deposit || record.status == .voting else {
      throw .governance(.proposalInactive(id))
    }
    if !amount.isZero {
      let coin = Coin(amount, .uakt)
      try transfer(coin, from: depositor, to: ModuleAccount.governance.address)
      let key = Pair(id, depositor)
      let before = overlay.read(Tables.proposalDeposits, key) ?? .zero
      let sum = try checked(before.adding(amount))
      overlay.write(Tables.proposalDeposits, key, sum)
      record.deposit = try checked(record.deposit.adding(amount))
      emit(.proposalDeposited(proposal: id, depositor: depositor, coin: coin))
    }
    let minimum = parameter(record.isExpedited ? .expeditedMinimumDeposit : .proposalMinimumDeposit)
    if record.status == .deposit, record.deposit.units >= minimum {
      openVote(&record, id)
      store(record, id, was: .deposit)
    } else {
      store(record, id, was: record.status)
    }
  }

  private func openVote(_ record: inout ProposalRecord, _ id: UInt64) {
    let period = parameter(record.isExpedited ? .expeditedVotingPeriod : .votingPeriod)
    let end = moment.time.advanced(byMilliseconds: period)
    overlay.remove(Tables.periods, PeriodKey(time: record.depositEnd, proposal: id))
    overlay.write(Tables.periods, PeriodKey(time: end, proposal: id), Presence())
    record.status = .voting
    record.votingStart = moment.time
    record.votingEnd = end
    emit(.votingStarted(proposal: id, end: end.milliseconds))
  }

  /// Stores a vote. A later vote of the same voter replaces it.
  func vote(_ id: UInt64, _ voter: Address, _ options: [WeightedVoteOption]) throws(Rejection) {
    let record = try proposal(id)
    guard record.status == .voting else { throw .governance(.proposalInactive(id)) }
    var sum = Decimal18.zero
    var seen: Set<VoteOption> = []
    for option in options {
      guard !option.weight.isZero, seen.insert(option.option).inserted else {
        throw .governance(.invalidVote("an option is named twice or weighs nothing"))
      }
      sum = try checked(sum.adding(option.weight))
    }
    guard sum.raw == Decimal18.one else { throw .governance(.invalidVote("the weights must sum to 1")) }
    overlay.write(Tables.votes, Pair(id, voter), VoteRecord(options: options))
    let text = options.map { "\($0.option.eventName)=\($0.weight)" }.joined(separator: ",")
    emit(.voted(proposal: id, voter: voter, options: text))
  }
}

extension VoteOption {
  /// The name in events. It differs from `name` for the veto and must stay so, because headers commit to the
  /// encoded events.
  fileprivate var eventName: String { self == .noWithVeto ? "noWithVeto" : name }

  /// The name in answers to queries.
  public var name: String {
    switch self {
    case .yes: "yes"
    case .abstain: "abstain"
    case .no: "no"
    case .noWithVeto: "no_with_veto"
    }
  }
}
