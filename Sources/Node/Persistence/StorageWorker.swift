import Chain
import Consensus
import Cryptography
import Ledger
import Logging
import Primitives
import Replication
import Storage
import Synchronization

/// Writes a replica's records and commits to disk, on a thread of its own and in the order of the requests.
///
/// All waiting jobs are written and synced together. Only after the sync are signatures and durable heights
/// reported to the replica, so nothing that depends on a record leaves the node before the record is durable.
/// Old blocks are deleted between the jobs, a few at a time.
final class StorageWorker: Sendable {
  enum Job: Sendable {
    case log(ReplicaRecord)
    case sign(SigningRequest)
    case commit(Commit)
    case keepEvidence([Evidence])
    /// Runs a closure between the other jobs, for example to read blocks.
    case perform(@Sendable () -> Void)
  }

  private struct Queue {
    var jobs: [Job] = []
    var isRunning = false
    /// Whether no further jobs are accepted.
    var isStopped = false
    var hasFailed = false
    /// The caller of `stop`, which waits for the last job or a failure.
    var waiter: CheckedContinuation<Void, Never>?

    /// Returns and clears the waiting caller.
    mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
      defer { waiter = nil }
      return waiter
    }
  }

  /// The number of heights that are deleted at once. A job that arrives meanwhile waits milliseconds.
  static let pruningStep: UInt64 = 16

  /// What the worker writes to, and whom it tells.
  struct Parts: Sendable {
    var store: NodeStore
    var cache: StateCache
    /// The number of newest blocks to keep; 0 keeps all.
    var keepBlocks: UInt64
    /// The lowest height whose blocks must be kept although they are older; nil for none.
    var neededFrom: @Sendable () -> Height?
    /// Nil for a node that does not sign.
    var key: SigningKey?
    var chain: ChainID
    var logger: Logger
    /// Called with each height when the store has it, and before it has the next.
    var written: @Sendable (Tip) -> Void
    /// Takes `signed`, `durable` and `pruned` inputs to the replica.
    var report: @Sendable ([ReplicaInput]) -> Void
    /// Called when a write failed; the node must stop.
    var failed: @Sendable (any Error) -> Void
  }

  private let parts: Parts
  private let signer: Mutex<SignerLog?>
  private let queue = Mutex(Queue())
  private let thread = WorkerThread(name: "storage")

  /// `signer`: the consensus log; nil for a node that does not sign.
  init(_ parts: Parts, signer: consuming SignerLog?) {
    self.parts = parts
    self.signer = Mutex(signer)
  }

  func post(_ jobs: [Job]) {
    guard !jobs.isEmpty else { return }
    let starts = queue.withLock { queue in
      guard !queue.isStopped else { return false }
      queue.jobs.append(contentsOf: jobs)
      defer { queue.isRunning = true }
      return !queue.isRunning
    }
    if starts { thread.run { self.work() } }
  }

  /// Finishes all accepted jobs and accepts no more.
  func stop() async {
    await withCheckedContinuation { continuation in
      let isOver = queue.withLock { queue in
        queue.isStopped = true
        guard queue.isRunning, !queue.hasFailed else { return true }
        queue.waiter = continuation
        return false
      }
      if isOver { continuation.resume() }
    }
    thread.stop()
  }

  private func work() {
    var hasOldBlocks = false
    while true {
      let (jobs, waiter, isOver) = queue.withLock { queue in
        let jobs = queue.jobs
        queue.jobs = []
        // When the worker is stopping, the remaining old blocks are left; they are deleted after the next
        // start.
        let isOver = jobs.isEmpty && (queue.isStopped || !hasOldBlocks)
        if isOver { queue.isRunning = false }
        return (jobs, isOver ? queue.takeWaiter() : nil, isOver)
      }
      guard !isOver else {
        waiter?.resume()
        return
      }
      do {
        if !jobs.isEmpty { parts.report(try perform(jobs)) }
        hasOldBlocks = try prune()
      } catch {
        parts.logger.critical(
          "a record could not be written to disk; the node stops",
          metadata: ["error": "\(error)"]
        )
        let waiter = queue.withLock { queue in
          queue.isStopped = true
          queue.hasFailed = true
          return queue.takeWaiter()
        }
        parts.failed(error)
        waiter?.resume()
        return
      }
    }
  }

  private func perform(_ jobs: [Job]) throws -> [ReplicaInput] {
    var results: [ReplicaInput] = []
    var needsSync = false
    for job in jobs {
      switch job {
      case .log(let record):
        try signer.withLock { signer in _ = try signer?.append(record.encoded) }
        needsSync = true
      case .sign(let request):
        if let message = try sign(request) { results.append(.signed(message)) }
        needsSync = true
      case .commit(let commit):
        if needsSync { try sync() }
        needsSync = false
        try write(commit)
        results.append(.durable(commit.tip.height))
      case .keepEvidence(let evidence): try PendingEvidence.save(evidence, in: parts.store)
      case .perform(let body): body()
      }
    }
    if needsSync { try sync() }
    return results
  }

  /// Deletes a few of the blocks that need not be kept; returns whether there are more.
  private func prune() throws -> Bool {
    guard parts.keepBlocks > 0, let last = parts.store.lastHeight, last > parts.keepBlocks else {
      return false
    }
    let end = min(last - parts.keepBlocks + 1, parts.neededFrom() ?? .max)
    guard end > parts.store.lowestHeight else { return false }
    let before = parts.store.lowestBlock
    let isMoreLeft = try parts.store.prune(below: end, limit: Self.pruningStep)
    if parts.store.lowestBlock > before { parts.report([.pruned(below: parts.store.lowestBlock)]) }
    return isMoreLeft
  }

  private func sync() throws {
    try signer.withLock { signer in _ = try signer?.sync() }
  }

  private func sign(_ request: SigningRequest) throws -> SignedMessage? {
    guard let key = parts.key else { return nil }
    let message = request.domain.message(chain: parts.chain.text, request.signBody)
    let step: SignerStep =
      switch request.kind {
      case .proposal: .proposal
      case .prevote: .prevote
      case .precommit: .precommit
      }
    let position = SignerPosition(height: request.height, round: request.round, step: step)
    return try signer.withLock { signer in
      guard signer != nil else { return nil }
      switch signer?.admit(position, signBytes: message) {
      case .sign:
        let signature = key.sign(message)
        try signer?.record(position, signBytes: message, signature: signature)
        return request.message(with: signature)
      case .reuse(let signature): return request.message(with: signature)
      case .refuse(let reason):
        parts.logger.warning(
          "the signing guard refused to sign",
          metadata: ["height": "\(request.height)", "round": "\(request.round)", "reason": "\(reason)"]
        )
        return nil
      case nil: return nil
      }
    }
  }

  private func write(_ commit: Commit) throws {
    let height = commit.tip.height
    var record = BlockCommit(
      height: height,
      header: commit.block.header.encoded,
      body: commit.block.encoded,
      certificate: commit.certificate.encoded,
      receipts: BlockReceipts.encode(commit.outcome)
    )
    record.state = commit.outcome.changes.map { Change(key: $0.key, value: $0.value) }
    record.tree = commit.pages.map { Change(key: $0.path.encoded(), value: $0.page?.encoded()) }
    record.transactions = commit.block.transactionHashes.map(\.bytes)
    record.meta = [(StoreState.tipName, commit.tip.encoded)]
    record.validators = LightBlocks.changes(after: commit.tip)
    try parts.store.commit(record)
    parts.cache.wrote(commit)
    parts.written(commit.tip)
    try signer.withLock { signer in
      guard signer != nil else { return }
      // From now on nothing may be signed at this height or below, wherever the block came from.
      signer?.recordCertificate(height: height)
      // A block received in synchronisation does not show who signs now, so only heights whose decision this
      // node observed end a quarantine. Synchronisation does not change the guard's file or the log's
      // segments.
      guard commit.isDecidedByConsensus else { return }
      let hasOwn = parts.key.map { Self.signed(commit, by: $0.publicKey) } ?? false
      try signer?.recordDecidedHeight(height: height, hasOwnSignature: hasOwn)
      try signer?.rotateAndDrop(after: height)
    }
  }

  private static func signed(_ commit: Commit, by key: PublicKey) -> Bool {
    let set = commit.tip.lastValidators
    guard let index = set.index(ofKey: key),
      let signers = SignerSet(bytes: commit.certificate.signers, count: set.count)
    else { return false }
    return signers.contains(index)
  }
}

extension SignerLog {
  /// Starts a segment every 64 heights or at 8 MiB and deletes those of past heights: the log stays small.
  fileprivate mutating func rotateAndDrop(after height: Height) throws(StorageError) {
    guard height.isMultiple(of: 64) || segmentSize > 8 << 20 else { return }
    try rotate(startingAt: height + 1)
    try drop(before: height)
  }
}
