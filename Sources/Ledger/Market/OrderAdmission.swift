public import Chain
public import Cryptography
public import Primitives

/// The checks of orders and bids against the committed state, by which every peer decides what to keep in its
/// order book.
///
/// The caller checks signatures, once per object, and counts live orders and bids, which are not in the
/// state. Make a new instance for each committed block: it caches what it has read.
public struct OrderAdmission {
  private let execution: Execution

  public init(on state: some StateReading, at moment: Moment) {
    let version = Executor.requiredVersion(at: moment.height &+ 1, on: state)
    execution = Execution(on: state, at: moment, protocolVersion: version)
  }

  /// The protocol version whose rules apply: that of the next block.
  var protocolVersion: UInt32 { execution.protocolVersion }

  /// Why an order is rejected; nil when it is accepted.
  public func check(order: Order, identifier: Digest) -> Rejection? {
    rejection { () throws(Rejection) in _ = try execution.check(order, identifier: identifier) }
  }

  /// Why a bid is rejected; nil when it is accepted.
  ///
  /// - Parameters:
  ///   - bid: The bid.
  ///   - order: The order that it answers.
  ///   - identifier: The order's identifier.
  ///   - locked: The sum of the lease deposits that the provider's other live bids would lock, in the order's
  ///     currency.
  /// - Returns: The first reason, or nil.
  public func check(bid: Bid, for order: Order, identifier: Digest, locked: Amount = .zero) -> Rejection? {
    rejection { () throws(Rejection) in
      let checked = try execution.check(order, identifier: identifier)
      try execution.check(bid, for: checked, locked: locked)
    }
  }

  /// The deposit that a provider locks for one lease in a currency; nil for a currency that is not
  /// registered.
  public func leaseDeposit(in denomination: Denomination) -> Coin? {
    execution.findCurrency(denomination).map { Coin($0.currency.leaseDeposit, $0.currency.denomination) }
  }

  /// Whether an account is a registered provider.
  public func isProvider(_ address: Address) -> Bool { execution.overlay.contains(Tables.providers, address) }

  /// Why a withdrawal of an object that the book does not have is rejected; nil when it is accepted.
  ///
  /// Such a withdrawal waits for its object in every book. Only accounts that can have orders or bids may send one:
  /// registered providers, owners of active deployments, and accounts that can pay a fee or whose grants can pay a
  /// fee or a deposit. Keys without money are free to make, and their withdrawals would crowd out everybody's orders.
  public func check(withdrawalBy account: Address) -> Rejection? {
    guard !isProvider(account), !hasActiveDeployment(account) else { return nil }
    let currencies = execution.allCurrencies().map(\.currency)
    let canPay = currencies.contains { currency in
      let balance = execution.balance(of: account, in: currency.denomination)
      return !balance.isZero && balance >= currency.minimumFee
    }
    guard !canPay, !hasUsableGrant(account, currencies) else { return nil }
    let wanted = currencies.first { $0.denomination == .uakt } ?? currencies.first
    let fee = Coin(wanted?.minimumFee ?? Amount(1), wanted?.denomination ?? .uakt)
    return .insufficientFunds(required: fee, available: execution.balance(of: account, in: fee.denomination))
  }

  /// How many grants to one account are looked at, so that nobody makes the look expensive.
  private static let grantLimit = 32

  private func hasActiveDeployment(_ account: Address) -> Bool {
    let prefix = Tables.deploymentsByState.prefix(DeploymentRecord.State.active.rawValue, account)
    return !execution.overlay.scan(Tables.deploymentsByState, prefix: prefix, limit: 1).isEmpty
  }

  /// Whether somebody else pays a fee or a deposit for the account, and has the money.
  private func hasUsableGrant(_ account: Address, _ currencies: [Currency]) -> Bool {
    let prefix = Tables.grantsByGrantee.prefix(account)
    let grants = execution.overlay.scan(Tables.grantsByGrantee, prefix: prefix, limit: Self.grantLimit)
    return grants.contains { entry in
      // Keys of the index have granter and grantee exchanged.
      let key = entry.key.byGrantee
      guard let currency = currencies.first(where: { $0.denomination == key.denomination }) else {
        return false
      }
      let least = key.kind == .fees ? currency.minimumFee : currency.minimumDeposit
      let coin = Coin(max(least, Amount(1)), currency.denomination)
      guard (try? execution.usableGrant(key.kind, of: key.granter, to: account, for: coin)) != nil else {
        return false
      }
      return execution.balance(of: key.granter, in: currency.denomination) >= coin.amount
    }
  }

  private func rejection(_ body: () throws(Rejection) -> Void) -> Rejection? {
    do {
      try body()
      return nil
    } catch {
      return error
    }
  }
}
