import Chain
import Primitives

extension Execution {
  /// Does what fell due up to now: warnings, payouts, overdraws. Costs what is due, not what exists.
  ///
  /// Accounts do not touch each other, so each is brought to the present by itself; what happens in one is done in
  /// the order of its ticks. The index is read from where the last block with due work stood: what was removed before
  /// lies in a database as tombstones, which a look at the very beginning would have to pass each time.
  package func processDue() {
    var from = Tables.due.prefix { $0.write(overlay.read(Tables.dueFloor, SingleKey()) ?? 0) }
    let end = Tables.due.prefix { $0.write(moment.tick &+ 1) }
    var isAnyDue = false
    while true {
      let page = overlay.entries(from: from, to: end, limit: 256)
      for entry in page { processDue(Tables.due.key(entry.key)) }
      isAnyDue = isAnyDue || !page.isEmpty
      guard page.count == 256, let last = page.last else { break }
      from = last.key + [0]
    }
    if isAnyDue { overlay.write(Tables.dueFloor, SingleKey(), moment.tick) }
  }

  private func processDue(_ key: Pair<UInt64, DeploymentID>) {
    let id = key.second
    do {
      try atomically { () throws(Rejection) in try processDue(id) }
    } catch {
      // Nothing that a lease can cost reaches here. Were it reached, this account would stop, not the chain.
      overlay.remove(Tables.due, key)
      guard var account = overlay.read(Tables.escrow, id) else { return }
      account.indexedAt = nil
      overlay.write(Tables.escrow, id, account)
    }
  }

  private func processDue(_ id: DeploymentID) throws(Rejection) {
    var account = try escrow(of: id)
    let take = try currency(account.denomination).take
    while let (tick, due) = try checked({ () throws(ArithmeticError) in try account.nextDue() }),
      tick <= moment.tick
    {
      switch due {
      case .warning(let percent):
        account.warnedPercent = percent
        let dry = try checked { () throws(ArithmeticError) in try account.dryTick() }
        emit(.fundsLow(deployment: id, percent: UInt64(percent), dryTick: dry ?? tick))
      case .payout:
        _ = try checked { () throws(ArithmeticError) in try account.settle(to: tick, take: take) }
        let interval = parameter(.payoutInterval)
        for index in account.payments.indices where account.payments[index].nextPayout == tick {
          try payOut(index, of: &account, id)
          account.payments[index].nextPayout = EscrowAccount.nextPayout(after: tick, interval: interval)
        }
      case .overdraw:
        try store(account, of: id)
        account = try settledEscrow(of: id, at: tick)
      }
    }
    try store(account, of: id)
  }
}
