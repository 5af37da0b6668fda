import Chain
import Cryptography
import Primitives
import Synchronization

/// The node's memory of valid signatures: of gossiped objects, vouchers and transactions.
///
/// It has a lock, since the verifier's threads, the API and the replica's loop use it.
final class CheckMemory: Sendable {
  private struct Contents {
    var claims: Generations<Digest, Void>
    var transactions: Generations<Digest, Transaction>
  }

  private let chain: ChainID
  private let contents: Mutex<Contents>

  /// `claims` and `transactions` are the numbers of entries that are stored at most.
  init(chain: ChainID, claims: Int = 131_072, transactions: Int = 16_384) {
    self.chain = chain
    contents = Mutex(
      Contents(claims: Generations(capacity: claims), transactions: Generations(capacity: transactions))
    )
  }

  /// Checks with this memory. `verdict` checks a signature that the memory does not have.
  func checks(_ verdict: @escaping Checks.Verdict = Checks.ed25519.verdict) -> Checks {
    // Nothing of another chain is stored: a node has one chain.
    let own = chain
    return Checks(
      memory: Checks.Memory(
        isKnown: { [self] claim, chain in
          chain == own && contents.withLock { $0.claims.use(claim) != nil }
        },
        add: { [self] claim, chain in
          guard chain == own else { return }
          contents.withLock { $0.claims.insert(claim) }
        },
        transaction: { [self] hash, chain in
          chain == own ? contents.withLock { $0.transactions.use(hash) } : nil
        },
        addTransaction: { [self] transaction, chain in
          guard chain == own else { return }
          contents.withLock { $0.transactions.set(transaction.hash, to: transaction) }
        },
        // The replica itself keeps the certificates that arrive repeatedly, those of its tip.
        isProven: { _, _, _ in false },
        addProof: { _, _, _ in }
      ),
      verdict: verdict
    )
  }

  /// Removes committed transactions, which need no further checks.
  func forget(_ transactions: [Transaction]) {
    contents.withLock { contents in
      for transaction in transactions { contents.transactions.remove(transaction.hash) }
    }
  }
}
