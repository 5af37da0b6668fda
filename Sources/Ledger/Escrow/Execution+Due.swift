import Chain
import Primitives

extension Execution {
  /// Executes the warnings, payouts and overdraws that are due up to the block's tick. The work depends on
  /// the number of due accounts, not on the number of all accounts.
  ///
  /// Accounts do not influence each other. So each account is brought to the block's tick by itself, in the
  /// order of its own due ticks. The index is read from `dueFloor`, the tick of the last block that had due
  /// work: a scan of RocksDB from the beginning would pass the tombstones of all removed entries in every
  /// block.
  package func processDue() {
    var from = Tables.due.prefix(overlay.read(Tables.dueFloor, SingleKey()) ?? 0)
    let end = Tables.due.prefix(moment.tick &+ 1)
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
      // No price of a lease can lead to an error here. If one occurs all the same, only this account stops,
      // not the chain.
      overlay.remove(Tables.due, key)
      guard var account = overlay.read(Tables.escrow, id) else { return }
      account.indexedAt = nil
      overlay.write(Tables.escrow, id, account)
    }
  }

  private func processDue(_ id: DeploymentID) throws(Rejection) {
    var account = try escrow(of: id)
    let take = try currency(account.denomination).take
    while let (tick, due) = try checked(account.nextDue()), tick <= moment.tick {
      switch due {
      case .warning(let percent):
        account.lastWarningPercent = percent
        let lastAffordable = try checked(account.lastAffordableTick())
        emit(.fundsLow(deployment: id, percent: UInt64(percent), lastAffordableTick: lastAffordable ?? tick))
      case .payout:
        _ = try checked(account.settle(to: tick, take: take))
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
