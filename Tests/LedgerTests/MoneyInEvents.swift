import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// What receipts and events say about people's money, against what became of it.
enum MoneyInEvents {
  /// Expects that each account's balances changed by exactly what the block's receipts and events tell.
  static func expectToExplain(
    _ outcome: BlockOutcome,
    of transactions: [Transaction],
    from before: MemoryState,
    to after: MemoryState
  ) {
    var books = Books()
    outcome.events.forEach { books.enter($0) }
    for (transaction, receipt) in zip(transactions, outcome.receipts) {
      if let fee = receipt.fee {
        books.move(fee, from: transaction.fee.granter ?? transaction.sender, to: nil)
      }
      receipt.events.forEach { books.enter($0) }
    }
    let (old, new) = (balances(before), balances(after))
    for key in Set(old.keys).union(new.keys).union(books.sums.keys).sorted() {
      let change = (new[key] ?? 0) - (old[key] ?? 0)
      let told = books.sums[key] ?? 0
      #expect(change == told, "\(key) changed by \(change), the events tell of \(told)")
    }
  }

  private static func balances(_ state: MemoryState) -> [String: Int128] {
    var found: [String: Int128] = [:]
    state.forEach(Tables.balances) { key, amount in
      guard !ModuleAccount.contains(key.first) else { return }
      found[Books.name(key.first, key.second)] = Int128(amount.units)
    }
    return found
  }

  private struct Books {
    var sums: [String: Int128] = [:]

    static func name(_ address: Address, _ denomination: Denomination) -> String {
      "\(address) \(denomination)"
    }

    mutating func move(_ coin: Coin, from: Address?, to: Address?) {
      let units = Int128(coin.amount.units)
      if let from, !ModuleAccount.contains(from) {
        sums[Self.name(from, coin.denomination), default: 0] -= units
      }
      if let to, !ModuleAccount.contains(to) { sums[Self.name(to, coin.denomination), default: 0] += units }
    }

    mutating func enter(_ event: Event) {
      switch event {
      case .transferred(let from, let to, let coin): move(coin, from: from, to: to)
      case .minted(_, let to, let coin): move(coin, from: nil, to: to)
      case .burned(let issuer, let coin): move(coin, from: issuer, to: nil)
      case .deposited(_, let depositor, let coin): move(coin, from: depositor, to: nil)
      case .refunded(_, let depositor, let coin): move(coin, from: nil, to: depositor)
      case .paidOut(let lease, let gross, let fee):
        move(gross, from: nil, to: lease.provider)
        move(fee, from: lease.provider, to: nil)
      case .closingFeeDrawn(let deployment, let coin): move(coin, from: nil, to: deployment.owner)
      case .leaseDepositLocked(let lease, let coin): move(coin, from: lease.provider, to: nil)
      case .leaseDepositReleased(let lease, let coin): move(coin, from: nil, to: lease.provider)
      case .delegated(let delegator, _, let coin): move(coin, from: delegator, to: nil)
      case .unbonded(let delegator, _, let coin): move(coin, from: nil, to: delegator)
      case .rewardWithdrawn(let delegator, _, let coin): move(coin, from: nil, to: delegator)
      case .commissionWithdrawn(let validator, let coin): move(coin, from: nil, to: validator)
      case .proposalDeposited(_, let depositor, let coin): move(coin, from: depositor, to: nil)
      case .communityPoolSpent(let recipient, let coin): move(coin, from: nil, to: recipient)
      // What moves nobody's own money: stake and pools are the modules'.
      case .providerRegistered, .providerUpdated, .providerLeft, .attributesSigned, .attributesWithdrawn,
        .orderAgreed, .deploymentCreated, .deploymentUpdated, .deploymentClosed, .leaseOpened, .leaseClosed,
        .reclamationStarted, .fundsLow, .escrowOverdrawn, .residueCollected, .granted, .grantRevoked,
        .validatorCreated, .validatorEdited, .validatorBonded, .validatorUnbonding, .validatorJailed,
        .validatorUnjailed, .validatorSlashed, .undelegated, .redelegated, .proposalSubmitted, .votingStarted,
        .voted, .proposalEnded, .parameterChanged, .takeRateChanged, .currencyAdded, .currencyRetired,
        .upgradePlanned, .upgraded:
        break
      }
    }
  }
}
