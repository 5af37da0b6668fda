public import Chain
import Cryptography
import Primitives

/// Looks ahead on one committed state: whether transactions would be let into a block now, each as if it came first.
///
/// What one look reads the next need not read again, so a batch that arrived together costs little more than its
/// differences. It belongs to the call that made it: the state must not change while it is used.
public final class TransactionCheck {
  private let execution: Execution

  /// - Parameters:
  ///   - state: Committed state.
  ///   - moment: The present.
  ///   - isAuthentic: The check of orders' and bids' signatures.
  public init(
    on state: any StateReading,
    at moment: Moment,
    isAuthentic: @escaping ObjectCheck = Executor.ed25519
  ) {
    execution = Execution(
      on: state,
      at: moment,
      protocolVersion: Executor.requiredVersion(at: moment.height &+ 1, on: state),
      isAuthentic: isAuthentic
    )
  }

  /// The sequence number that the committed state expects of `sender` next.
  public func sequence(of sender: Address) -> UInt64 {
    execution.overlay.read(Tables.accounts, sender)?.sequence ?? 0
  }

  /// Why a transaction would not be let in: sequence number, fee, balance, or what it asks. Nil when it would.
  ///
  /// - Parameters:
  ///   - transaction: The transaction; its signature is the caller's to check.
  ///   - expectedSequence: What the sequence number should be where others of the sender wait before it. What it asks
  ///     is then judged when its turn comes, since it may depend on theirs.
  /// - Returns: The reason.
  public func rejection(of transaction: Transaction, expectedSequence: UInt64? = nil) -> Rejection? {
    let committed = sequence(of: transaction.sender)
    do {
      try execution.rehearse { () throws(Rejection) in
        try execution.admit(transaction, expecting: expectedSequence)
        guard expectedSequence.map({ $0 == committed }) ?? true else { return }
        for action in transaction.actions { try execution.perform(action) }
      }
      return nil
    } catch {
      return error
    }
  }
}
