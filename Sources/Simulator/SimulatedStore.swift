import Chain
import Consensus
import Cryptography
import Ledger
import Replication
import Synchronization

/// A node's disk in a simulation: committed state and blocks, the consensus log, the signing guard.
///
/// What was not synced when the node crashed is gone.
final class SimulatedStore: ReplicaState {
  private struct Contents {
    var state = MemoryState()
    var pages: [NibblePath: StateTreePage] = [:]
    var blocks: [Height: CommittedBlock] = [:]
    var tip: Tip
    var log: [ReplicaRecord] = []
    var signed: [SigningKeyPosition: (bytes: [UInt8], message: SignedMessage)] = [:]
    var newest: SigningKeyPosition?
  }

  /// Where in a height something was signed; a later one forbids earlier ones.
  struct SigningKeyPosition: Hashable, Comparable {
    var height: Height
    var round: Round
    var kind: UInt8

    static func < (left: SigningKeyPosition, right: SigningKeyPosition) -> Bool {
      (left.height, left.round, left.kind) < (right.height, right.round, right.kind)
    }
  }

  private let contents: Mutex<Contents>

  init(state: MemoryState, pages: [NibblePath: StateTreePage], tip: Tip) {
    contents = Mutex(Contents(state: state, pages: pages, tip: tip))
  }

  var tip: Tip { contents.withLock { $0.tip } }
  var log: [ReplicaRecord] { contents.withLock { $0.log } }

  func value(for key: [UInt8]) -> [UInt8]? {
    contents.withLock { $0.state.value(for: key) }
  }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    contents.withLock { $0.state.entries(from: from, to: to, limit: limit) }
  }

  func page(at path: NibblePath) -> StateTreePage? {
    contents.withLock { $0.pages[path] }
  }

  func append(_ records: [ReplicaRecord]) {
    contents.withLock { $0.log.append(contentsOf: records) }
  }

  func commit(_ commit: Commit) {
    contents.withLock { contents in
      contents.state.apply(commit.outcome.changes)
      for (path, page) in commit.pages { contents.pages[path] = page }
      contents.blocks[commit.tip.height] = CommittedBlock(
        block: commit.block.encoded, certificate: commit.certificate.encoded)
      contents.tip = commit.tip
      contents.log = []
    }
  }

  func block(at height: Height) -> CommittedBlock? {
    contents.withLock { $0.blocks[height] }
  }

  /// The guard: signs once at each place, never goes back, gives an old signature again for the same bytes.
  func sign(_ request: SigningRequest, with key: SigningKey, chain: ChainID) -> SignedMessage? {
    let position = SigningKeyPosition(
      height: request.height, round: request.round, kind: request.kind.rawValue)
    let bytes = request.domain.message(chain: chain.text, request.signBody)
    return contents.withLock { contents in
      if let old = contents.signed[position] { return old.bytes == bytes ? old.message : nil }
      guard contents.newest.map({ $0 < position }) ?? true, request.height > contents.tip.height,
        let message = request.message(with: key.sign(bytes))
      else { return nil }
      contents.signed[position] = (bytes, message)
      contents.newest = position
      return message
    }
  }
}
