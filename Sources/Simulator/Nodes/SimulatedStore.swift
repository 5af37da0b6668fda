import Chain
import Consensus
import Cryptography
import Ledger
import Primitives
import Replication
import Synchronization

/// The content of a node's disk: the committed state and blocks, the consensus log, the signing guard's
/// records, and evidence that no block contains yet. It survives the node's crashes.
final class SimulatedStore: ReplicaState {
  private struct Contents {
    var version: StateVersion
    /// The state after blocks that are executed but not yet written. Held here, because `StateVersion` shares
    /// a version between nodes only as long as something holds it.
    var unwrittenVersion: StateVersion?
    var blocks: [Height: CommittedBlock] = [:]
    var tip: Tip
    var log: [ReplicaRecord] = []
    var guardRecords: [GuardRecord] = []
    var evidence: [Evidence] = []
  }

  /// The position of a signed message in the protocol. The guard signs nothing before the newest one.
  struct Position: Hashable, Comparable {
    var height: Height
    var round: Round
    var kind: UInt8

    static func < (left: Position, right: Position) -> Bool {
      (left.height, left.round, left.kind) < (right.height, right.round, right.kind)
    }
  }

  /// The guard's memory of one signed message.
  struct GuardRecord {
    var position: Position
    var body: [UInt8]
    var message: SignedMessage
  }

  private let contents: Mutex<Contents>
  private let sharesExecution: Bool

  /// `sharesExecution`: whether the node takes the result of executing a block from other nodes with the same
  /// state, instead of executing every block itself.
  init(_ version: StateVersion, tip: Tip, sharesExecution: Bool) {
    contents = Mutex(Contents(version: version, tip: tip))
    self.sharesExecution = sharesExecution
  }

  private var version: StateVersion { contents.withLock { $0.version } }
  var tip: Tip { contents.withLock { $0.tip } }
  var log: [ReplicaRecord] { contents.withLock { $0.log } }

  func value(for key: [UInt8]) -> [UInt8]? { version.state.value(for: key) }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    version.state.entries(from: from, to: to, limit: limit)
  }

  func page(at path: NibblePath) -> StateTreePage? { version.pages[path] }

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
      contents.unwrittenVersion = version
      return version
    }
    return version.executed(task, execute)
  }

  func block(at height: Height) -> CommittedBlock? { contents.withLock { $0.blocks[height] } }

  /// Evidence of misbehaviour that no committed block contains yet.
  var evidence: [Evidence] { contents.withLock { $0.evidence } }

  // MARK: Writing

  func keep(_ evidence: [Evidence]) { contents.withLock { $0.evidence = evidence } }

  func append(_ record: ReplicaRecord) { contents.withLock { $0.log.append(record) } }

  /// Writes a commit: block, state and tip. It also removes log and guard records that are no longer needed.
  ///
  /// - `stored`: the encoded block; nodes with equal blocks share one copy.
  /// - `changes`: the state changes to write: all of the commit's, unless the scenario breaks a rule.
  func commit(_ commit: Commit, stored: CommittedBlock, changes: [StateChange]) {
    contents.withLock { contents in
      let (pages, root) = (commit.pages, commit.tip.stateRoot)
      contents.version = contents.version.successor(writing: changes, pages, root: root)
      contents.blocks[commit.tip.height] = stored
      contents.tip = commit.tip
      // The records from the start of the last finished height on stay, because blocks of the next height may
      // be logged before the record that begins that height.
      let over = contents.log.lastIndex { Self.heightBegun(by: $0).map { $0 <= commit.tip.height } ?? false }
      contents.log.removeFirst(over ?? 0)
      contents.guardRecords.removeAll { $0.position.height + 1 < commit.tip.height }
    }
  }

  private static func heightBegun(by record: ReplicaRecord) -> Height? {
    guard case .input(let record) = record, case .beginHeight(let start) = record.input else { return nil }
    return start.height
  }

  // MARK: The guard

  /// The guard's decision about a request to sign.
  enum GuardDecision {
    /// The message may be signed.
    case sign
    /// The same bytes have been signed before; the message has the earlier signature.
    case alreadySigned(SignedMessage)
    /// Signing could contradict an earlier signature.
    case refuse
  }

  /// Decides whether `request` may be signed: one message at each height, round and step, in ascending order,
  /// and only above the committed height. The same bytes get their earlier signature.
  func guardDecision(for request: SigningRequest) -> GuardDecision {
    let position = Position(height: request.height, round: request.round, kind: request.kind.rawValue)
    let body = request.signBody
    return contents.withLock { contents in
      if let old = contents.guardRecords.last(where: { $0.position == position }) {
        return old.body == body ? .alreadySigned(old.message) : .refuse
      }
      let newest = contents.guardRecords.last?.position
      guard newest.map({ $0 < position }) ?? true, request.height > contents.tip.height else {
        return .refuse
      }
      return .sign
    }
  }

  func recordSignature(_ request: SigningRequest, _ message: SignedMessage) {
    let position = Position(height: request.height, round: request.round, kind: request.kind.rawValue)
    contents.withLock {
      $0.guardRecords.append(GuardRecord(position: position, body: request.signBody, message: message))
    }
  }

  // MARK: Damage by broken rules

  /// Removes the newest half of the log, and the guard's records above the tip, as if they were never synced.
  func loseSyncedRecords() {
    contents.withLock { contents in
      contents.log.removeLast(contents.log.count / 2)
      let height = contents.tip.height + 1
      contents.guardRecords.removeAll { $0.position.height == height }
    }
  }

  func forgetGuard() { contents.withLock { $0.guardRecords = [] } }
}
