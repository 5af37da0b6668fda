import Chain
import Cryptography
import Primitives

@testable import Replication

/// Value types behind references, because `#expect` cannot take what changes.
final class SyncUnderTest {
  private var core = BlockSync()

  func handleStatus(from peer: PublicKey, height: Height, base: Height, at now: Instant) {
    core.handleStatus(from: peer, height: height, base: base, at: now)
  }

  func requests(committed: Height, at now: Instant) -> [BlockSync.Request] {
    core.requests(committed: committed, at: now)
  }

  func handleResponse(
    from peer: PublicKey,
    blocks: [(block: Block, certificate: Certificate)],
    committed: Height,
    at now: Instant
  ) -> Bool {
    core.handleResponse(from: peer, blocks: blocks, committed: committed, at: now)
  }

  func take(after committed: Height) -> BlockSync.Arrival? { core.take(after: committed) }
  func reject(_ peer: PublicKey, at now: Instant) { core.reject(peer, at: now) }
  func remove(_ peer: PublicKey) { core.remove(peer) }
}

final class MempoolUnderTest {
  private var core: Mempool

  init(_ limits: Mempool.Limits) {
    core = Mempool(limits: limits)
  }

  var count: Int { core.count }
  var bytes: Int { core.bytes }
  var isEmpty: Bool { core.isEmpty }
  var hasReady: Bool { core.hasReady }
  subscript(hash: Digest) -> Transaction? { core[hash] }

  func insert(_ transaction: Transaction, expected: UInt64, at height: Height) -> Mempool.Outcome {
    core.insert(transaction, expected: expected, at: height)
  }

  func candidates(byteLimit: Int, countLimit: Int) -> [Transaction] {
    core.candidates(byteLimit: byteLimit, countLimit: countLimit)
  }

  func nextSequence(of sender: Address, committed: UInt64) -> UInt64 {
    core.nextSequence(of: sender, committed: committed)
  }

  func commit(_ transactions: [Transaction], at height: Height, expected: (Address) -> UInt64) {
    core.commit(transactions, at: height, expected: expected)
  }
}
