import Chain
import Cryptography
import Gossip
import NIOPosix
import Replication
import Synchronization

/// Checks signatures on a pool of threads, so that the replica's thread need not.
///
/// Transactions are looked up by hash before they are decoded, so a duplicate costs only a hash. Authentic
/// transactions are remembered for a while: one that arrives both alone and in a proposed block, or that its
/// user submits again because the mempool was full, is checked once. Committed ones are not checked again.
/// Proposed blocks have threads of their own, so they never wait for single transactions.
final class SignatureVerifier: Sendable {
  private struct Memory {
    /// Hashes of transactions from peers and users.
    var seen = Generations<Digest, Void>(limit: 65_536)
    var authentic = Generations<Digest, Transaction>(limit: 8_192)
    var committed = Generations<Digest, Void>(limit: 16_384)

    /// Records the hash; returns false when it was seen recently.
    mutating func meet(_ hash: Digest) -> Bool {
      guard seen.use(hash) == nil else { return false }
      seen.set(hash, to: ())
      return true
    }
  }

  private let chain: ChainID
  private let pool: NIOThreadPool
  private let blockPool: NIOThreadPool
  private let memory = Mutex(Memory())
  /// The number of transactions that wait for their check.
  private let waiting = Atomic(0)
  private static let waitingLimit = 16_384
  /// The number of transactions in one job: large enough to outweigh the hand-over, small enough to
  /// distribute a block over the threads.
  private static let pieceLength = 32
  private let post: @Sendable ([ReplicaInput]) -> Void

  init(chain: ChainID, threads: Int, post: @escaping @Sendable ([ReplicaInput]) -> Void) {
    self.chain = chain
    self.post = post
    pool = NIOThreadPool(numberOfThreads: threads)
    blockPool = NIOThreadPool(numberOfThreads: threads)
    pool.start()
    blockPool.start()
  }

  func stop() async {
    try? await pool.shutdownGracefully()
    try? await blockPool.shutdownGracefully()
  }

  /// Checks the signatures of a gossiped object.
  func verify(_ object: SignedObject) {
    let chain = chain
    let post = post
    pool.submit { state in
      guard state == .active else { return }
      post([.objectVerified(object.identifier, isAuthentic: object.isAuthenticThroughout(on: chain))])
    }
  }

  /// Decodes and checks a peer's transactions; a forged or malformed one is recorded as misbehaviour of the
  /// peer.
  ///
  /// When `waitingLimit` transactions wait, further ones are dropped: an overloaded node then misses
  /// transactions that others have, but keeps up with consensus.
  func verify(_ transactions: [[UInt8]], from peer: PeerID) {
    guard waiting.load(ordering: .relaxed) < Self.waitingLimit else { return }
    let hashed = transactions.map { (hash: Digest.sha256($0), bytes: $0) }
    let fresh = memory.withLock { memory in hashed.filter { memory.meet($0.hash) } }
    for start in stride(from: 0, to: fresh.count, by: Self.pieceLength) {
      let piece = Array(fresh[start..<min(start + Self.pieceLength, fresh.count)])
      waiting.add(piece.count, ordering: .relaxed)
      pool.submit { [post, self] state in
        waiting.subtract(piece.count, ordering: .relaxed)
        guard state == .active else { return }
        let open = self.memory.withLock { memory in piece.filter { memory.committed.use($0.hash) == nil } }
        let authentic = open.compactMap { self.authentic($0.bytes, $0.hash) }
        for _ in authentic.count..<open.count { post([.misbehaved(peer, .forgedSignature)]) }
        if !authentic.isEmpty { post([.transactions(authentic, from: peer)]) }
      }
    }
  }

  /// Decodes and checks the transactions of a proposed block, on all threads of the block pool.
  func verify(_ transactions: [[UInt8]], of block: Digest) {
    let count = (transactions.count + Self.pieceLength - 1) / Self.pieceLength
    let pieces = Pieces(count: count) { [post] transactions in
      post([.transactionsVerified(block: block, transactions)])
    }
    for piece in 0..<count {
      let start = piece * Self.pieceLength
      let bytes = transactions[start..<min(start + Self.pieceLength, transactions.count)]
      blockPool.submit { [self] state in
        guard state == .active else { return }
        var authentic: [Transaction] = []
        for bytes in bytes {
          guard let transaction = self.authentic(bytes, .sha256(bytes)) else { return pieces.fail() }
          authentic.append(transaction)
        }
        pieces.finish(piece, with: authentic)
      }
    }
  }

  /// The transaction with these bytes if it was checked recently; nil otherwise.
  func known(_ bytes: [UInt8]) -> Transaction? {
    let hash = Digest.sha256(bytes)
    return memory.withLock { $0.authentic.use(hash) }
  }

  /// Records a checked transaction of this node's own users, so that it is not checked again when peers send
  /// it back.
  func remember(_ transaction: Transaction) {
    memory.withLock { memory in
      _ = memory.meet(transaction.hash)
      memory.authentic.set(transaction.hash, to: transaction)
    }
  }

  /// Records that the transactions are committed; they need no further checks.
  func forget(_ transactions: [Transaction]) {
    memory.withLock { memory in
      for transaction in transactions {
        memory.authentic.remove(transaction.hash)
        memory.committed.set(transaction.hash, to: ())
      }
    }
  }

  /// Decodes a transaction and checks its signature; nil when either fails.
  private func authentic(_ bytes: [UInt8], _ hash: Digest) -> Transaction? {
    if let known = memory.withLock({ $0.authentic.use(hash) }) { return known }
    guard let transaction = try? Transaction(decoding: bytes, chain: chain), transaction.isAuthentic else {
      return nil
    }
    memory.withLock { $0.authentic.set(hash, to: transaction) }
    return transaction
  }
}

/// Collects the results of several jobs. Calls `done` once: with all results, or with nil when a job has
/// failed.
private final class Pieces: Sendable {
  private struct State {
    var found: [[Transaction]?]
    var missing: Int
    var done: (@Sendable ([Transaction]?) -> Void)?
  }

  private let state: Mutex<State>

  init(count: Int, done: @escaping @Sendable ([Transaction]?) -> Void) {
    state = Mutex(State(found: Array(repeating: nil, count: count), missing: count, done: done))
  }

  func finish(_ piece: Int, with transactions: [Transaction]) {
    let tell: (() -> Void)? = state.withLock { state in
      state.found[piece] = transactions
      state.missing -= 1
      guard state.missing == 0, let done = state.done else { return nil }
      state.done = nil
      let all = state.found.flatMap { $0 ?? [] }
      return { done(all) }
    }
    tell?()
  }

  func fail() {
    let done = state.withLock { state in
      defer { state.done = nil }
      return state.done
    }
    done?(nil)
  }
}
