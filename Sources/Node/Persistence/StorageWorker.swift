import Chain
import Consensus
import Cryptography
import Ledger
import Logging
import Primitives
import Replication
import Storage
import Synchronization

/// Puts what a replica wants kept on disk, on a thread of its own, in the order in which it was asked for.
///
/// All that has gathered is written and synced together; signatures and reports of durability go back to the replica
/// after that, so nothing that depends on a record leaves the node before the record is durable. Old blocks are deleted
/// between the jobs, a few at a time.
final class StorageWorker: Sendable {
  enum Job: Sendable {
    case log(ReplicaRecord)
    case sign(SigningRequest)
    case commit(Commit)
    case keepEvidence([Evidence])
    /// Does something between the jobs, such as reading blocks.
    case perform(@Sendable () -> Void)
  }

  private struct Queue {
    var jobs: [Job] = []
    var isRunning = false
    /// Takes no more jobs.
    var isStopped = false
    var hasFailed = false
    /// Waits for the last job, or for the failure.
    var waiter: CheckedContinuation<Void, Never>?

    /// Whoever waits, once nothing is done any more.
    mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
      defer { waiter = nil }
      return waiter
    }
  }

  /// Heights that are deleted at once: a job that comes meanwhile waits for no more, some milliseconds at worst.
  static let pruningStep: UInt64 = 16

  private let store: NodeStore
  private let keepBlocks: UInt64
  private let neededFrom: @Sendable () -> Height?
  private let cache: StateCache
  private let signer: Mutex<SignerLog?>
  private let key: SigningKey?
  private let chain: ChainID
  private let logger: Logger
  private let queue = Mutex(Queue())
  private let thread: WorkerThread
  private let written: @Sendable (Tip) -> Void
  private let report: @Sendable ([ReplicaInput]) -> Void
  private let failed: @Sendable (any Error) -> Void

  /// `keepBlocks`: how many of the last blocks are kept; 0 keeps all.
  /// `neededFrom`: from which height on blocks are kept although they are older; nil for none.
  /// `signer`: nil for a node that follows: it keeps no consensus log.
  /// `written`: told of each height when the store has it and not yet the next.
  /// `report`: takes `signed` and `durable` back to the replica.
  /// `failed`: the disk refused; the node must stop before it forgets.
  init(
    store: NodeStore,
    cache: StateCache,
    keepBlocks: UInt64,
    neededFrom: @escaping @Sendable () -> Height?,
    signer: consuming SignerLog?,
    key: SigningKey?,
    chain: ChainID,
    logger: Logger,
    written: @escaping @Sendable (Tip) -> Void,
    report: @escaping @Sendable ([ReplicaInput]) -> Void,
    failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.store = store
    self.cache = cache
    self.keepBlocks = keepBlocks
    self.neededFrom = neededFrom
    self.signer = Mutex(signer)
    self.key = key
    self.chain = chain
    self.logger = logger
    self.written = written
    self.report = report
    self.failed = failed
    thread = WorkerThread(name: "storage")
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

  /// Finishes what was asked for and takes nothing more.
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
        // What is left to delete goes after the next start.
        let isOver = jobs.isEmpty && (queue.isStopped || !hasOldBlocks)
        if isOver { queue.isRunning = false }
        return (jobs, isOver ? queue.takeWaiter() : nil, isOver)
      }
      guard !isOver else {
        waiter?.resume()
        return
      }
      do {
        if !jobs.isEmpty { report(try carryOut(jobs)) }
        hasOldBlocks = try prune()
      } catch {
        logger.critical(
          "the disk refused a record; the node stops before it forgets",
          metadata: ["error": "\(error)"]
        )
        let waiter = queue.withLock { queue in
          queue.isStopped = true
          queue.hasFailed = true
          return queue.takeWaiter()
        }
        failed(error)
        waiter?.resume()
        return
      }
    }
  }

  private func carryOut(_ jobs: [Job]) throws -> [ReplicaInput] {
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
      case .keepEvidence(let evidence): try PendingEvidence.save(evidence, in: store)
      case .perform(let body): body()
      }
    }
    if needsSync { try sync() }
    return results
  }

  /// Deletes a few of the blocks that need not be kept any more; returns whether there are others.
  private func prune() throws -> Bool {
    guard keepBlocks > 0, let last = store.lastHeight, last > keepBlocks else { return false }
    let end = min(last - keepBlocks + 1, neededFrom() ?? .max)
    guard end > store.lowestHeight else { return false }
    let before = store.lowestBlock
    let isMoreLeft = try store.prune(below: end, limit: Self.pruningStep)
    if store.lowestBlock > before { report([.pruned(below: store.lowestBlock)]) }
    return isMoreLeft
  }

  private func sync() throws {
    try signer.withLock { signer in _ = try signer?.sync() }
  }

  private func sign(_ request: SigningRequest) throws -> SignedMessage? {
    guard let key else { return nil }
    let message = request.domain.message(chain: chain.text, request.signBody)
    let step: SignerStep =
      switch request.kind {
      case .proposal: .proposal
      case .prevote: .prevote
      case .precommit: .precommit
      }
    return try signer.withLock { signer in
      guard signer != nil else { return nil }
      switch signer?.admit(height: request.height, round: request.round, step: step, signBytes: message) {
      case .sign:
        let signature = key.sign(message)
        try signer?.record(
          height: request.height,
          round: request.round,
          step: step,
          signBytes: message,
          signature: signature
        )
        return request.message(with: signature)
      case .reuse(let signature): return request.message(with: signature)
      case .refuse(let reason):
        logger.warning(
          "the signing guard refused",
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
    try store.commit(record)
    cache.wrote(commit)
    written(commit.tip)
    try signer.withLock { signer in
      guard signer != nil else { return }
      // Nothing is signed at this height or below any more, wherever the block came from.
      signer?.certified(height: height)
      // A block from others says nothing about who signs now: only heights that were seen being decided end a
      // quarantine. Catching up leaves the guard and the log's files alone.
      guard commit.isWitnessed else { return }
      let hasOwn = key.map { Self.signed(commit, by: $0.publicKey) } ?? false
      try signer?.witness(height: height, hasOwnSignature: hasOwn)
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
  /// Old segments hold heights that are over; a new one begins every few heights so that the log stays small.
  fileprivate mutating func rotateAndDrop(after height: Height) throws(StorageError) {
    guard height.isMultiple(of: 64) || segmentSize > 8 << 20 else { return }
    try rotate(startingAt: height + 1)
    try drop(before: height)
  }
}
