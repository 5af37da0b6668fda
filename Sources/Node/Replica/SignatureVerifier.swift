import Chain
import Cryptography
import Gossip
import NIOPosix
import Primitives
import Replication
import Synchronization
import Wire

/// Checks the signatures of transactions and gossiped objects on a pool of threads, to relieve the replica's
/// thread. The replica checks votes, proposals and certificates itself, on its own thread.
///
/// Transactions are looked up by hash before they are decoded, so a duplicate costs only a hash. Authentic
/// transactions and objects are kept in `memory`, which the replica and the API also use, so each is checked
/// once. Committed transactions are not checked again. Proposed blocks have threads of their own, so they
/// never wait for single transactions.
final class SignatureVerifier: Sendable {
  private struct Encountered {
    /// Recent hashes of transactions from peers and users.
    var seen = Generations<Digest, Void>(capacity: 131_072)
    var committed = Generations<Digest, Void>(capacity: 32_768)

    /// Records the hash; returns false when it was seen recently.
    mutating func markSeen(_ hash: Digest) -> Bool {
      guard seen.use(hash) == nil else { return false }
      seen.insert(hash)
      return true
    }
  }

  private let chain: ChainID
  private let pool: NIOThreadPool
  private let blockPool: NIOThreadPool
  private let encountered = Mutex(Encountered())
  private let memory: SignatureCache
  private let checks: Checks
  /// The number of transactions that wait for their check.
  private let waiting = Atomic(0)
  private static let waitingLimit = 16_384
  /// The number of transactions in one job: large enough that queueing costs little, small enough to
  /// distribute a block over the threads.
  private static let pieceLength = 32
  private let post: @Sendable ([ReplicaInput]) -> Void

  /// `threads`: the number of threads in each of the two pools. `checks` must be those of `memory`.
  init(
    chain: ChainID,
    memory: SignatureCache,
    checks: Checks,
    threads: Int,
    post: @escaping @Sendable ([ReplicaInput]) -> Void
  ) {
    self.chain = chain
    self.memory = memory
    self.checks = checks
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

  /// Checks the signatures of a gossiped object and decodes its body.
  func verify(_ object: SignedObject) {
    pool.submit { [chain, checks, post] state in
      guard state == .active else { return }
      let content = ObjectContent(of: object, on: chain, checkedBy: checks)
      post([.objectVerified(object.identifier, content)])
    }
  }

  /// The most bytes of frames that may wait to be decoded; further frames are dropped.
  private static let waitingBytesLimit = 8 << 20
  private let waitingBytes = Atomic(0)

  /// Decodes a peer's frame of transactions and checks them; `malformed` is called if the frame cannot be
  /// decoded.
  ///
  /// Decoding and hashing a full frame takes milliseconds, so it is done here and not on the caller's thread.
  func verify(frame bytes: [UInt8], from peer: PeerID, malformed: @escaping @Sendable () -> Void) {
    guard waitingBytes.load(ordering: .relaxed) < Self.waitingBytesLimit else { return }
    waitingBytes.add(bytes.count, ordering: .relaxed)
    pool.submit { [post, self] state in
      waitingBytes.subtract(bytes.count, ordering: .relaxed)
      guard state == .active else { return }
      guard case .transactions(let transactions)? = try? PeerMessage(kind: .transactions, bytes: bytes) else {
        malformed()
        return post([.misbehaved(peer, .malformedFrame)])
      }
      verify(transactions, from: peer)
    }
  }

  /// Decodes and checks a peer's transactions; a forged or malformed one is the peer's misbehaviour.
  ///
  /// When `waitingLimit` transactions wait, further ones are dropped: an overloaded node then misses
  /// transactions that others have, but keeps up with consensus.
  func verify(_ transactions: [[UInt8]], from peer: PeerID) {
    guard waiting.load(ordering: .relaxed) < Self.waitingLimit else { return }
    let hashed = transactions.map { (hash: Digest.sha256($0), bytes: $0) }
    let fresh = encountered.withLock { known in hashed.filter { known.markSeen($0.hash) } }
    for start in stride(from: 0, to: fresh.count, by: Self.pieceLength) {
      let piece = Array(fresh[start..<min(start + Self.pieceLength, fresh.count)])
      waiting.add(piece.count, ordering: .relaxed)
      pool.submit { [post, self] state in
        waiting.subtract(piece.count, ordering: .relaxed)
        guard state == .active else { return }
        let open = encountered.withLock { known in piece.filter { known.committed.use($0.hash) == nil } }
        let authentic = open.compactMap { try? checks.transaction($0.bytes, hash: $0.hash, on: chain) }
        for _ in authentic.count..<open.count { post([.misbehaved(peer, .forgedSignature)]) }
        if !authentic.isEmpty { post([.transactions(authentic, from: peer)]) }
      }
    }
  }

  /// Decodes and checks the transactions of a proposed block, on all threads of the block pool. Each `hash`
  /// must be the hash of its `bytes`.
  func verify(_ transactions: [(hash: Digest, bytes: [UInt8])], of block: Digest) {
    let count = (transactions.count + Self.pieceLength - 1) / Self.pieceLength
    let pieces = Pieces(count: count) { [post] transactions in
      post([.transactionsVerified(block: block, transactions)])
    }
    for piece in 0..<count {
      let start = piece * Self.pieceLength
      let raw = Array(transactions[start..<min(start + Self.pieceLength, transactions.count)])
      blockPool.submit { [chain, checks] state in
        guard state == .active else { return }
        var authentic: [Transaction] = []
        for (hash, bytes) in raw {
          guard let transaction = try? checks.transaction(bytes, hash: hash, on: chain) else {
            return pieces.fail()
          }
          authentic.append(transaction)
        }
        pieces.finish(piece, with: authentic)
      }
    }
  }

  /// Records a transaction of this node's own users, so that it is ignored when peers send it back.
  func note(_ transaction: Transaction) {
    encountered.withLock { known in _ = known.markSeen(transaction.hash) }
  }

  /// Records that the transactions are committed; they need no further checks.
  func recordCommitted(_ transactions: [Transaction]) {
    memory.forget(transactions)
    encountered.withLock { known in
      for transaction in transactions { known.committed.set(transaction.hash, to: ()) }
    }
  }
}

/// Collects the results of several jobs. Calls `done` once: with all results, or nil when one failed.
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
