import Chain
import Cryptography
import Gossip
import NIOPosix
import Replication
import Synchronization

/// Checks signatures on a pool of threads, so that the replica's thread never does.
///
/// Transactions are looked up by their hash before anything is decoded: a duplicate costs a hash, not a check.
final class SignatureVerifier: Sendable {
  private struct Seen {
    var recent: Set<Digest> = []
    var older: Set<Digest> = []

    /// False when the hash was seen in this or the last generation.
    mutating func insert(_ hash: Digest) -> Bool {
      guard !older.contains(hash), recent.insert(hash).inserted else { return false }
      if recent.count >= 65_536 {
        older = recent
        recent = []
      }
      return true
    }
  }

  private let chain: ChainID
  private let pool: NIOThreadPool
  private let seen = Mutex(Seen())
  /// Transactions that wait for their check.
  private let waiting = Atomic(0)
  private static let waitingLimit = 16_384
  private let post: @Sendable ([ReplicaInput]) -> Void

  init(chain: ChainID, threads: Int, post: @escaping @Sendable ([ReplicaInput]) -> Void) {
    self.chain = chain
    self.post = post
    pool = NIOThreadPool(numberOfThreads: threads)
    pool.start()
  }

  func stop() async {
    try? await pool.shutdownGracefully()
  }

  /// Checks an object that gossip asked about.
  func verify(_ object: SignedObject) {
    let chain = chain
    let post = post
    pool.submit { state in
      guard state == .active else { return }
      post([.objectVerified(object.identifier, isAuthentic: object.isAuthentic(on: chain))])
    }
  }

  /// Decodes and checks a peer's transactions in pieces of 32; a forged or malformed one is held against the peer.
  ///
  /// Beyond `waitingLimit` nothing more is taken: a node that cannot keep up loses transactions that others hold,
  /// not its place in consensus.
  func verify(_ transactions: [[UInt8]], from peer: PeerID) {
    guard waiting.load(ordering: .relaxed) < Self.waitingLimit else { return }
    let fresh = transactions.filter { bytes in
      let hash = Digest.sha256(bytes)
      return seen.withLock { $0.insert(hash) }
    }
    for start in stride(from: 0, to: fresh.count, by: 32) {
      let piece = Array(fresh[start..<min(start + 32, fresh.count)])
      waiting.add(piece.count, ordering: .relaxed)
      pool.submit { [chain, post, self] state in
        waiting.subtract(piece.count, ordering: .relaxed)
        guard state == .active else { return }
        var authentic: [Transaction] = []
        for bytes in piece {
          guard let transaction = try? Transaction(decoding: bytes, chain: chain), transaction.isAuthentic
          else {
            post([.misbehaved(peer, .forgedSignature)])
            continue
          }
          authentic.append(transaction)
        }
        if !authentic.isEmpty { post([.transactions(authentic, from: peer)]) }
      }
    }
  }

  /// Remembers a transaction of this node's own users, so that its echo is not checked again.
  func remember(_ hash: Digest) {
    _ = seen.withLock { $0.insert(hash) }
  }
}
