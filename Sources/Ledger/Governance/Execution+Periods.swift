import Chain
import Cryptography
import Primitives

extension Execution {
  /// Ends the deposit and voting periods that are over. A proposal whose period cannot be ended because of an
  /// error is rejected, so that no proposal can stop the chain.
  func endPeriods() {
    while let (key, _) = overlay.scan(Tables.periods, limit: 1).first, key.time <= moment.time {
      let id = key.proposal
      do {
        try atomically { () throws(Rejection) in
          overlay.remove(Tables.periods, key)
          try endPeriod(of: id)
        }
      } catch {
        overlay.remove(Tables.periods, key)
        guard var record = overlay.read(Tables.proposals, id) else { continue }
        let old = record.status
        record.status = .rejected
        record.log = Self.shortened(error.description)
        store(record, id, was: old)
      }
    }
  }

  private func endPeriod(of id: UInt64) throws(Rejection) {
    var record = try proposal(id)
    switch record.status {
    case .deposit:
      record.status = .dropped
      record.log = "the deposit did not come together"
      try returnDeposits(of: id, burning: true)
      finish(record, id, was: .deposit)
    case .voting: try endVote(&record, id)
    case .passed, .rejected, .failed, .dropped: return
    }
  }

  private func endVote(_ record: inout ProposalRecord, _ id: UInt64) throws(Rejection) {
    let tally = try tallyVotes(id)
    let rules = Tally.Rules(
      quorum: parameter(.quorum),
      threshold: parameter(record.isExpedited ? .expeditedThreshold : .threshold),
      veto: parameter(.vetoThreshold)
    )
    let result = try checked(tally.result(rules))
    if record.isExpedited, !result.passes, !result.burnsDeposits {
      // An expedited proposal that did not pass goes on as an ordinary one; its votes stay.
      record.isExpedited = false
      let start = record.votingStart ?? moment.time
      let end = max(start.advanced(byMilliseconds: parameter(.votingPeriod)), moment.time)
      record.votingEnd = end
      overlay.write(Tables.periods, PeriodKey(time: end, proposal: id), Presence())
      store(record, id, was: .voting)
      emit(.votingStarted(proposal: id, end: end.milliseconds))
      return
    }
    record.tally = tally
    record.log = result.log
    record.status = result.passes ? .passed : .rejected
    try returnDeposits(of: id, burning: result.burnsDeposits)
    if result.passes {
      do {
        try atomically { () throws(Rejection) in
          for content in record.contents { try execute(content, proposal: id) }
        }
      } catch {
        record.status = .failed
        record.log = Self.shortened(error.description)
      }
    }
    for (key, _) in overlay.all(Tables.votes, prefix: Tables.votes.prefix(id), { ($0, $1) }) {
      overlay.remove(Tables.votes, key)
    }
    finish(record, id, was: .voting)
  }

  private func finish(_ record: ProposalRecord, _ id: UInt64, was old: ProposalRecord.Status) {
    store(record, id, was: old)
    emit(.proposalEnded(proposal: id, outcome: record.status.name, log: record.log))
  }

  private func returnDeposits(of id: UInt64, burning: Bool) throws(Rejection) {
    let prefix = Tables.proposalDeposits.prefix(id)
    for (key, amount) in overlay.all(Tables.proposalDeposits, prefix: prefix, { ($0, $1) }) {
      overlay.remove(Tables.proposalDeposits, key)
      let coin = Coin(amount, .uakt)
      if burning {
        try destroy(coin, of: ModuleAccount.governance.address)
        emit(.burned(issuer: ModuleAccount.governance.address, coin: coin))
      } else {
        try transfer(coin, from: ModuleAccount.governance.address, to: key.second)
        emit(.transferred(from: ModuleAccount.governance.address, to: key.second, coin: coin))
      }
    }
  }

  /// Counts the votes, weighted by bonded stake. A voter votes with all that it has delegated to bonded
  /// validators; a validator that voted also votes with the shares of those delegators that did not.
  func tallyVotes(_ id: UInt64) throws(Rejection) -> Tally {
    var tally = Tally(bonded: staking.bonded)
    /// For each bonded validator, the shares of those delegators that voted themselves.
    var votedShares: [Address: Decimal18] = [:]
    let voters = overlay.all(Tables.votes, prefix: Tables.votes.prefix(id)) { ($0.second, $1) }
    for (voter, vote) in voters {
      let prefix = Tables.delegations.prefix(voter)
      for (address, delegation) in overlay.all(Tables.delegations, prefix: prefix, { ($0.second, $1) }) {
        guard let record = overlay.read(Tables.validators, address), record.status == .bonded else {
          continue
        }
        votedShares[address] = try checked((votedShares[address] ?? .zero).adding(delegation.shares))
        try checked(tally.add(delegation.shares, of: record, vote))
      }
    }
    for (voter, vote) in voters {
      guard let record = overlay.read(Tables.validators, voter), record.status == .bonded else { continue }
      let left = try checked(record.shares.subtracting(min(votedShares[voter] ?? .zero, record.shares)))
      try checked(tally.add(left, of: record, vote))
    }
    return tally
  }

  /// Shortens a text to what the record's decoder accepts.
  private static func shortened(_ text: String) -> String { String(text.prefix(200)) }
}

extension Tally {
  /// Adds the stake that `shares` of a validator are worth, split by the weights of the vote.
  fileprivate mutating func add(
    _ shares: Decimal18,
    of record: ValidatorRecord,
    _ vote: VoteRecord
  ) throws(ArithmeticError) {
    guard !shares.isZero, !record.shares.isZero else { return }
    let worth = try MultiplyDivide.floor(shares.raw, Decimal18(record.tokens).raw, over: record.shares.raw)
    for option in vote.options {
      let part = try MultiplyDivide.floor(worth, option.weight.raw, over: Decimal18.one)
      try add(Decimal18(raw: part), to: option.option)
    }
  }
}
