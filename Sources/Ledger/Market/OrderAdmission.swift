public import Chain
public import Cryptography
public import Primitives

/// What an order book asks the committed state: the rules by which every peer admits orders and bids.
///
/// Signatures are the caller's to check, once per object; so are the counts of live orders and bids, which are not in
/// the state. Made anew for each committed block; it keeps what it has read.
public struct OrderAdmission {
  private let execution: Execution

  public init(on state: some StateReading, at moment: Moment) {
    let version = Executor.requiredVersion(at: moment.height &+ 1, on: state)
    execution = Execution(on: state, at: moment, protocolVersion: version)
  }

  /// By whose rules it answers: those of the next block.
  var protocolVersion: UInt32 { execution.protocolVersion }

  /// Why an order is not admitted; nil when it is.
  public func check(order: Order, identifier: Digest) -> Rejection? {
    rejection { () throws(Rejection) in _ = try execution.check(order, identifier: identifier) }
  }

  /// Why a bid is not admitted; nil when it is.
  ///
  /// - Parameters:
  ///   - bid: The bid.
  ///   - order: The order that it answers.
  ///   - identifier: The order's.
  ///   - locked: What the provider's other live bids would lock, in the order's currency.
  /// - Returns: The first reason.
  public func check(bid: Bid, for order: Order, identifier: Digest, locked: Amount = .zero)
    -> Rejection?
  {
    rejection { () throws(Rejection) in
      let checked = try execution.check(order, identifier: identifier)
      try execution.check(bid, for: checked, locked: locked)
    }
  }

  /// What one lease in a currency locks of its provider's money; nil for a currency that is not registered.
  public func leaseDeposit(in denomination: Denomination) -> Coin? {
    execution.findCurrency(denomination).map {
      Coin($0.currency.leaseDeposit, $0.currency.denomination)
    }
  }

  /// Live bids that a book keeps for an order, the cheapest.
  public var bidLimit: Int { Int(clamping: execution.parameter(.orderMaximumBids)) }

  /// Live orders that a book keeps for an account.
  public var orderLimit: Int { Int(clamping: execution.parameter(.maximumLiveOrders)) }

  /// Whether an account is a registered provider.
  public func isProvider(_ address: Address) -> Bool {
    execution.overlay.contains(Tables.providers, address)
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
