import Chain
import Consensus
import Cryptography
import Ledger
import Primitives
import Replication
import Synchronization

/// What is on a node's disk: committed state and blocks, the consensus log, what the signing guard remembers.
final class SimulatedStore: ReplicaState {
  private struct Contents {
    var version: StateVersion
    /// The newest that blocks which are not written yet have made; kept so that it is made once.
    var ahead: StateVersion?
    var blocks: [Height: CommittedBlock] = [:]
    var tip: Tip
    var log: [ReplicaRecord] = []
    var guardRecords: [GuardRecord] = []
    var evidence: [Evidence] = []
  }

  /// Where in a height something was signed; a later one forbids earlier ones.
  struct Position: Hashable, Comparable {
    var height: Height
    var round: Round
    var kind: UInt8

    static func < (left: Position, right: Position) -> Bool {
      (left.height, left.round, left.kind) < (right.height, right.round, right.kind)
    }
  }

  struct GuardRecord {
    var position: Position
    var body: [UInt8]
    var message: SignedMessage
  }

  private let contents: Mutex<Contents>
  private let sharesExecution: Bool

  /// `sharesExecution`: takes the result of an equal block on an equal state from another node that shares.
  init(_ version: StateVersion, tip: Tip, sharesExecution: Bool) {
    contents = Mutex(Contents(version: version, tip: tip))
    self.sharesExecution = sharesExecution
  }

  private var version: StateVersion { contents.withLock { $0.version } }
  var tip: Tip { contents.withLock { $0.tip } }
  var log: [ReplicaRecord] { contents.withLock { $0.log } }

  func value(for key: [UInt8]) -> [UInt8]? {
    version.state.value(for: key)
  }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    version.state.entries(from: from, to: to, limit: limit)
  }

  func page(at path: NibblePath) -> StateTreePage? {
    version.pages[path]
  }

  func executed(
    _ task: ExecutionTask,
    on layers: [StateLayer],
    _ execute: () -> ExecutedBlock
  ) -> ExecutedBlock {
    guard sharesExecution else { return execute() }
    let version = contents.withLock { contents in
      let unwritten = layers.filter { $0.height > contents.tip.height }
      let version = unwritten.reduce(contents.version) { version, layer in
        version.successor(writing: layer.changes, layer.pages, root: layer.stateRoot)
      }
      contents.ahead = version
      return version
    }
    return version.executed(task, execute)
  }

  func block(at height: Height) -> CommittedBlock? {
    contents.withLock { $0.blocks[height] }
  }

  /// Proofs that wait for a block.
  var evidence: [Evidence] { contents.withLock { $0.evidence } }

  // MARK: Writing

  func keep(_ evidence: [Evidence]) {
    contents.withLock { $0.evidence = evidence }
  }

  func append(_ record: ReplicaRecord) {
    contents.withLock { $0.log.append(record) }
  }

  /// `stored`: the block's bytes, shared by the nodes that hold equal ones.
  /// `changes`: what is written of the commit's changes; all of them in a node that keeps the rules.
  func commit(_ commit: Commit, stored: CommittedBlock, changes: [StateChange]) {
    contents.withLock { contents in
      contents.version = contents.version.successor(
        writing: changes,
        commit.pages,
        root: commit.tip.stateRoot
      )
      contents.blocks[commit.tip.height] = stored
      contents.tip = commit.tip
      // The last height that is over stays: a block may be logged before the height that it is for begins.
      let over = contents.log.lastIndex { Self.height(of: $0).map { $0 <= commit.tip.height } ?? false }
      contents.log.removeFirst(over ?? 0)
      contents.guardRecords.removeAll { $0.position.height + 1 < commit.tip.height }
    }
  }

  private static func height(of record: ReplicaRecord) -> Height? {
    guard case .input(let record) = record, case .beginHeight(let start) = record.input else { return nil }
    return start.height
  }

  // MARK: The guard

  enum Consent {
    case sign
    case again(SignedMessage)
    case refuse
  }

  /// Whether `request` may be signed: once at each place, never backwards, the old signature for the same bytes.
  func consent(to request: SigningRequest) -> Consent {
    let position = Position(height: request.height, round: request.round, kind: request.kind.rawValue)
    let body = request.signBody
    return contents.withLock { contents in
      if let old = contents.guardRecords.last(where: { $0.position == position }) {
        return old.body == body ? .again(old.message) : .refuse
      }
      let newest = contents.guardRecords.last?.position
      guard newest.map({ $0 < position }) ?? true, request.height > contents.tip.height else {
        return .refuse
      }
      return .sign
    }
  }

  func remember(_ request: SigningRequest, _ message: SignedMessage) {
    let position = Position(height: request.height, round: request.round, kind: request.kind.rawValue)
    contents.withLock {
      $0.guardRecords.append(GuardRecord(position: position, body: request.signBody, message: message))
    }
  }

  // MARK: Damage

  /// The disk has kept less than it said: the newest half of the log is gone, and what the guard knew of the height.
  func loseSyncedRecords() {
    contents.withLock { contents in
      contents.log.removeLast(contents.log.count / 2)
      let height = contents.tip.height + 1
      contents.guardRecords.removeAll { $0.position.height == height }
    }
  }

  func forgetGuard() {
    contents.withLock { $0.guardRecords = [] }
  }

  func writeOnlyTip(of commit: Commit, stored: CommittedBlock) {
    self.commit(commit, stored: stored, changes: [])
  }
}
