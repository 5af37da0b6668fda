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
    /// Stops signing for good if somebody else signed this message with the node's key: the signature is valid,
    /// but the signing guard (`signer`) did not record it. After a restore of the whole network, until a block
    /// has a new signature of this node, the guard instead signs only above this message's position.
    case judge(SignedMessage)
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
    /// Is told what is signed, and when signing ends.
    var standing: SigningStanding
    /// A header that the operator trusts: another block of its height is not written.
    var trusted: TrustedHeader?
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
    if !queue.withLock({ $0.hasFailed }) { close() }
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
        if !(error is DefinitionError) {
          parts.logger.critical(
            "a record could not be written to disk; the node stops",
            metadata: ["error": "\(error)"]
          )
        }
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

  /// Closes the signing guard when the node ends.
  private func close() {
    do {
      try signer.withLock { signer in try signer?.close() }
    } catch {
      parts.logger.error("the signing guard could not be closed", metadata: ["error": "\(error)"])
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
      case .judge(let message): try judge(message)
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
    let position = SignerPosition(request)
    let isBlockVote = request.kind == .prevote && request.block != nil
    let vote = isBlockVote ? SignerBlockVote(validRound: request.validRound) : nil
    return try signer.withLock { signer in
      guard signer != nil else { return nil }
      switch signer?.admit(position, signBytes: message, vote: vote) {
      case .sign:
        let signature = key.sign(message)
        try signer?.record(position, signBytes: message, signature: signature)
        parts.standing.signed(position)
        return request.message(with: signature)
      case .reuse(let signature): return request.message(with: signature)
      case .refuse(let reason):
        // A quarantine was logged when it began.
        let level: Logger.Level = if case .quarantined = reason { .debug } else { .warning }
        parts.logger.log(
          level: level,
          "the signing guard refused to sign",
          metadata: ["height": "\(request.height)", "round": "\(request.round)", "reason": "\(reason)"]
        )
        return nil
      case nil: return nil
      }
    }
  }

  /// Whether the whole network was restored and no block has a new signature of this node yet.
  var isRestored: Bool { parts.standing.isRestored }

  /// Stops signing for good if somebody else signed `message` with this node's key. In a network that was
  /// restored as a whole, this node itself signed it before; then it signs only above that.
  private func judge(_ message: SignedMessage) throws {
    guard let key = parts.key else { return }
    let signed = message.signed(chain: parts.chain.text)
    try signer.withLock { signer in
      guard signer?.isForeign(signed.position, signBytes: signed.bytes) == true,
        key.publicKey.verifies(signed.signature, of: signed.bytes)
      else { return }
      if signer?.isRestored == true {
        try signer?.raiseFloor(to: signed.position)
        parts.standing.raise(signer?.floor)
        parts.logger.warning(
          "the key signed \(signed.position) before the network was restored; this node signs only above that"
        )
        return
      }
      let reason = SignerQuarantine.usedElsewhere(signed.position)
      parts.standing.stop(reason)
      parts.logger.critical(
        "\(reason): this node signs nothing any more, and goes on following the chain",
        metadata: ["remedy": "\(parts.standing.advice)"]
      )
      try signer?.stop(foreign: signed.position)
    }
  }

  private func write(_ commit: Commit) throws {
    let height = commit.tip.height
    try checkTrusted(commit.tip)
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
      // Catching up leaves the log's segments alone: it has no records of these heights.
      guard commit.isDecidedByConsensus else { return }
      let certificate = commit.certificate
      try signer?.endRestoration(
        SignerPosition(height: height, round: certificate.round, step: .precommit),
        signatures: certificate.signatures
      )
      if signer?.isRestored == false { parts.standing.endRestoration() }
      try signer?.rotateAndDrop(after: height)
    }
  }

  private func checkTrusted(_ tip: Tip) throws {
    guard let trusted = parts.trusted, trusted.height == tip.height else { return }
    guard trusted.hash == tip.block else {
      throw trusted.refutation(by: tip.block, at: parts.store.database.path)
    }
    try parts.store.setMeta(TrustedHeader.metaName, Array(trusted.description.utf8))
    parts.logger.info("this chain has the trusted header", metadata: ["header": "\(trusted)"])
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

extension SignerPosition {
  init(_ request: SigningRequest) {
    let step: SignerStep =
      switch request.kind {
      case .proposal: .proposal
      case .prevote: .prevote
      case .precommit: .precommit
      }
    self.init(height: request.height, round: request.round, step: step)
  }
}

extension SignedMessage {
  /// The position, the signed bytes and the signature.
  fileprivate func signed(chain: String) -> (position: SignerPosition, bytes: [UInt8], signature: Signature) {
    switch self {
    case .proposal(let proposal):
      return (
        SignerPosition(height: proposal.height, round: proposal.round, step: .proposal),
        SigningDomain.proposal.message(chain: chain, proposal.signBody), proposal.signature
      )
    case .vote(let vote):
      let step: SignerStep = vote.kind == .prevote ? .prevote : .precommit
      return (
        SignerPosition(height: vote.height, round: vote.round, step: step),
        vote.kind.domain.message(chain: chain, vote.signBody), vote.signature
      )
    }
  }
}
