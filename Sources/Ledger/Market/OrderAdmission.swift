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

  private func rejection(_ body: () throws(Rejection) -> Void) -> Rejection? {
    do {
      try body()
      return nil
    } catch {
      return error
    }
  }
}
