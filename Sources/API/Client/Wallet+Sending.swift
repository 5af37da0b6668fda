public import Chain
import Cryptography
public import Primitives

extension Wallet {
  /// How often the same bytes are handed to a node whose answer was lost. The node takes a transaction once,
  /// however often it is handed over.
  private static let attempts = 5
  private static let pause = Duration.milliseconds(200)

  /// Signs `actions` as one transaction and waits until a block contains it.
  ///
  /// The client's `timeout` limits the whole wait. A transaction whose sequence number another one has taken is
  /// signed once more, but only if it is neither in the node's mempool nor in a block.
  ///
  /// - Parameters:
  ///   - actions: What the transaction does, in order.
  ///   - denomination: The currency in which the fee is paid if the account has enough of it; for a close, that of
  ///     the escrow, which pays when the account cannot.
  ///   - memo: A text that the transaction carries.
  /// - Returns: The result with the block's height.
  /// - Throws: `Failure` with the reason when the node or the ledger rejects it. If the transaction may still
  ///   get into a block, the failure names it in `openTransaction`.
  @discardableResult
  public func send(
    _ actions: [Action],
    preferring denomination: Denomination? = nil,
    memo: String = ""
  ) async throws -> Answer.TransactionResult {
    let patience = client.timeout ?? .seconds(120)
    let sending = Sending(wallet: self, patience: patience, deadline: ContinuousClock.now + patience)
    do {
      let transaction = try await sending.submit { account in
        let fee = try fee(preferring: denomination, account: account, isClose: Self.isClose(actions))
        return TransactionDraft(actions: actions, memo: memo, sequence: account.sequence, fee: fee)
      }
      return try await sending.result(of: transaction)
    } catch let error as ClientError {
      throw Failure(error)
    }
  }

  /// The sending of one transaction.
  private struct Sending {
    let wallet: Wallet
    let patience: Duration
    let deadline: ContinuousClock.Instant

    private var client: NodeClient { wallet.client }

    /// The time that is left for a request; at least a moment, so that the request fails with the right words.
    private var rest: Duration { max(.milliseconds(1), deadline - ContinuousClock.now) }

    /// Signs the draft with the account's next sequence number, and hands it to the node.
    func submit(_ draft: (Answer.Account) throws -> TransactionDraft) async throws -> Transaction {
      let held = try await wallet.lock?.acquire(until: deadline)
      defer { withExtendedLifetime(held) {} }
      let first = try await sign(draft)
      guard try await handOver(first) else {
        let second = try await sign(draft)
        guard try await handOver(second) else {
          throw Failure(
            "another transaction of \(wallet.address) took the sequence number \(second.sequence)",
            why: "somebody else sends with the same key now; this transaction was not taken and pays nothing",
            fix: "run the command again when the other one has ended"
          )
        }
        return second
      }
      return first
    }

    private func sign(_ draft: (Answer.Account) throws -> TransactionDraft) async throws -> Transaction {
      let path = "/v1/accounts/\(wallet.address.text())"
      let account: Answer.Account = try await client.get(path, timeout: rest)
      return try draft(account).signed(by: wallet.key, chain: wallet.chain)
    }

    /// Hands a transaction to the node. Returns false when another one has its sequence number, and this one is
    /// neither in the mempool nor in a block, nor can it be: the node refused it at once.
    private func handOver(_ transaction: Transaction) async throws -> Bool {
      for attempt in 1... {
        do {
          let _: Answer.TransactionResult = try await client.post(
            "/v1/transactions",
            body: transaction.encoded,
            timeout: rest
          )
          return true
        } catch let error as ClientError {
          switch error {
          case .refused(_, let answer):
            let isTaken = answer.codespace == "sdk" && answer.code == 32
            guard isTaken || attempt > 1 else { throw error }
            // The copy whose answer was lost may have been taken.
            let found: Answer.TransactionResult?
            do { found = try await standing(transaction, for: max(rest, .seconds(2))) } catch is ClientError {
              guard attempt == 1 else { throw unknown(transaction, error) }
              throw error
            }
            if found != nil { return true }
            guard attempt == 1 else { throw unknown(transaction, error) }
            return false
          case .timedOut: throw unknown(transaction, error)
          default:
            guard attempt < Wallet.attempts, ContinuousClock.now + Wallet.pause < deadline else {
              throw unknown(transaction, error)
            }
            try await Task.sleep(for: Wallet.pause)
          }
        }
      }
      return false
    }

    /// Waits until a block has a transaction that the node has taken.
    func result(of transaction: Transaction) async throws -> Answer.TransactionResult {
      for attempt in 1... {
        do {
          let result: Answer.TransactionResult = try await client.post(
            "/v1/transactions",
            [("wait", "committed")],
            body: transaction.encoded,
            timeout: rest
          )
          return try result.accepted()
        } catch let error as ClientError {
          // A block may have taken it between the requests, or the answer was lost.
          let moment = max(rest, .seconds(2))
          let found: Answer.TransactionResult?
          do { found = try await standing(transaction, for: moment) } catch is ClientError {
            throw late(transaction, "\(error)")
          }
          if let found, found.height > 0 { return try found.accepted() }
          if case .timedOut = error {
            throw late(
              transaction,
              found == nil
                ? "the node does not know it any more; another transaction may have its sequence number"
                : "it waits at the node; the chain makes no block, or others come first"
            )
          }
          guard attempt < Wallet.attempts, ContinuousClock.now + Wallet.pause < deadline else {
            throw late(transaction, "\(error)")
          }
          try await Task.sleep(for: Wallet.pause)
        }
      }
      throw CancellationError()
    }

    /// What the node knows of a transaction: nil when it is neither in the mempool nor in a block.
    private func standing(_ transaction: Transaction, for limit: Duration) async throws
      -> Answer.TransactionResult?
    {
      do {
        return try await client.get("/v1/transactions/\(transaction.hash)", timeout: limit)
      } catch ClientError.refused(404, _) {
        return nil
      }
    }

    /// The error of a transaction that the node has taken and no block has.
    private func late(_ transaction: Transaction, _ why: String) -> Failure {
      .late(transaction.hash.description, after: patience, why: why)
    }

    /// The error of a transaction of which the node did not say whether it took it.
    private func unknown(_ transaction: Transaction, _ error: ClientError) -> Failure {
      let what = "whether the node took the transaction \(transaction.hash) is not known"
      return .open(transaction.hash.description, what, why: "\(error)")
    }
  }
}
