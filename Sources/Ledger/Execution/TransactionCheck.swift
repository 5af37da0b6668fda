public import Chain
import Cryptography
import Primitives

/// Checks on one committed state whether transactions would be accepted into the next block, each as if it
/// were the first transaction of that block.
///
/// State entries that one check has read are cached for the following checks, so each entry of a batch is
/// read only once. Use an instance only as long as the state does not change.
public final class TransactionCheck {
  private let execution: Execution

  /// - Parameters:
  ///   - state: Committed state.
  ///   - moment: Height, time and tick at which the transactions are checked.
  ///   - checks: Checks the signatures of orders and bids.
  public init(on state: any StateReading, at moment: Moment, checks: Checks = .ed25519) {
    execution = Execution(
      on: state,
      at: moment,
      protocolVersion: Executor.requiredVersion(at: moment.height &+ 1, on: state),
      checks: checks
    )
  }

  /// The sequence number that the committed state expects of `sender` next.
  public func sequence(of sender: Address) -> UInt64 {
    execution.overlay.read(Tables.accounts, sender)?.sequence ?? 0
  }

  /// Returns why a transaction would be rejected: its sequence number, fee or balance, or an action that
  /// fails.
  ///
  /// - Parameters:
  ///   - transaction: The transaction. The caller checks its signature.
  ///   - expectedSequence: The sequence number to expect when other transactions of the sender wait before
  ///     this one. When it differs from the account's, the actions are not checked, since they may depend on
  ///     the waiting transactions.
  /// - Returns: The rejection; nil when the transaction would be accepted.
  public func rejection(of transaction: Transaction, expectedSequence: UInt64? = nil) -> Rejection? {
    let committed = sequence(of: transaction.sender)
    do {
      try execution.dryRun { () throws(Rejection) in
        try execution.admit(transaction, expecting: expectedSequence)
        guard expectedSequence.map({ $0 == committed }) ?? true else { return }
        for action in transaction.actions { try execution.execute(action) }
      }
      return nil
    } catch {
      return error
    }
  }
}
