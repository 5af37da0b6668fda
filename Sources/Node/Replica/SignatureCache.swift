import Chain
import Cryptography
import Primitives
import Synchronization

/// The node's cache of valid signatures on gossiped objects, vouchers and transactions.
///
/// It has a lock, because the verifier's threads, the API and the replica's loop use it.
final class SignatureCache: Sendable {
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

  /// Checks that use this cache. `checkSignature` checks a signature that is not in the cache.
  func checks(_ checkSignature: @escaping Checks.SignatureCheck = Checks.ed25519.checkSignature) -> Checks {
    // Nothing of another chain is stored, because a node has only one chain.
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
        // Proven certificates are not cached here: the replica itself keeps those that arrive repeatedly.
        isProven: { _, _, _ in false },
        addProof: { _, _, _ in }
      ),
      checkSignature: checkSignature
    )
  }

  /// Removes committed transactions, which need no further checks.
  func forget(_ transactions: [Transaction]) {
    contents.withLock { contents in
      for transaction in transactions { contents.transactions.remove(transaction.hash) }
    }
  }
}
