import Chain
import Cryptography
import Gossip
import NIOPosix
import Replication
import Synchronization

/// Checks signatures on a pool of threads, so that the replica's thread never does.
///
/// Transactions are looked up by their hash before anything is decoded: a duplicate costs a hash, not a check. What was
/// found authentic is remembered for a while: a transaction that comes alone and in a proposed block at the same time,
/// or that its user hands in again because the mempool was full, is checked once. What a block has carried is not
/// checked at all. A proposed block never waits behind transactions that came alone: it has threads of its own.
final class SignatureVerifier: Sendable {
  private struct Memory {
    /// Hashes of transactions that came from peers or users.
    var seen = Generations<Digest, Void>(limit: 65_536)
    var authentic = Generations<Digest, Transaction>(limit: 8_192)
    var committed = Generations<Digest, Void>(limit: 16_384)

    /// False when the hash was seen lately.
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
  /// Transactions that wait for their check.
  private let waiting = Atomic(0)
  private static let waitingLimit = 16_384
  /// Transactions of one job: long enough to be worth the hand-over, short enough to spread a block over the threads.
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

  /// Checks an object that gossip asked about.
  func verify(_ object: SignedObject) {
    let chain = chain
    let post = post
    pool.submit { state in
      guard state == .active else { return }
      post([.objectVerified(object.identifier, isAuthentic: object.isAuthenticThroughout(on: chain))])
    }
  }

  /// Decodes and checks a peer's transactions; a forged or malformed one is held against the peer.
  ///
  /// Beyond `waitingLimit` nothing more is taken: a node that cannot keep up loses transactions that others hold,
  /// not its place in consensus.
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

  /// Decodes and checks transactions of a proposed block, on all threads.
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

  /// The transaction of those bytes when it was checked lately.
  func known(_ bytes: [UInt8]) -> Transaction? {
    let hash = Digest.sha256(bytes)
    return memory.withLock { $0.authentic.use(hash) }
  }

  /// Remembers an authentic transaction of this node's own users, so that its echo is not checked again.
  func remember(_ transaction: Transaction) {
    memory.withLock { memory in
      _ = memory.meet(transaction.hash)
      memory.authentic.set(transaction.hash, to: transaction)
    }
  }

  /// A block has these: nobody needs them checked any more.
  func forget(_ transactions: [Transaction]) {
    memory.withLock { memory in
      for transaction in transactions {
        memory.authentic.remove(transaction.hash)
        memory.committed.set(transaction.hash, to: ())
      }
    }
  }

  /// The transaction of those bytes when its signature is good; nil when it is not, or when they are no transaction.
  private func authentic(_ bytes: [UInt8], _ hash: Digest) -> Transaction? {
    if let known = memory.withLock({ $0.authentic.use(hash) }) { return known }
    guard let transaction = try? Transaction(decoding: bytes, chain: chain), transaction.isAuthentic else {
      return nil
    }
    memory.withLock { $0.authentic.set(hash, to: transaction) }
    return transaction
  }
}

/// Gathers what several jobs found; tells it once, when all are done or one has failed.
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
