public import Chain
import Cryptography
import Primitives

/// Checks on one committed state whether transactions would be accepted into the next block, each as if it
/// were the first there.
///
/// Entries that one check read are kept for the next, so a batch of transactions costs little more than its
/// differences. Use an instance only as long as the state does not change.
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

  /// The reason why a transaction would be rejected: its sequence number, fee, balance, or an action that
  /// fails. Nil when it would be accepted.
  ///
  /// - Parameters:
  ///   - transaction: The transaction. The caller checks its signature.
  ///   - expectedSequence: The sequence number to expect when other transactions of the sender wait before
  ///     it. When it differs from the account's, the actions are not checked, since they may depend on those
  ///     before.
  /// - Returns: The rejection, or nil.
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
