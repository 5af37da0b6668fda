import Chain
import Consensus
import Cryptography
import Ledger
import Primitives
import Replication

extension Shard {
  /// Begins to write and sync the data that a node's replica wants stored, unless the disk is busy. A sync
  /// takes 0.1 to 0.3 ms, or until a disk stall ends.
  func startSync(of node: SimulatedNode) {
    guard node.isUp, node.disk.begin() else { return }
    let usual = Interval(nanoseconds: 100_000 + generator.next(below: 200_000))
    let end = max(now, node.disk.stalledUntil) + usual
    queue.insert(.synced(node.index, incarnation: node.incarnation), at: end)
  }

  /// Ends a sync: the written data is durable, and the replica is told so.
  func finishSync(of node: SimulatedNode) {
    let rule = context.scenario.brokenRule
    let jobs = node.disk.finish()
    trace.record(at: now, node: node.index, tag: 10, UInt64(jobs.count))
    if node.disk.isFull, rule != .fullDiskIgnored {
      // A node that cannot write stops: otherwise it could act on records that it has lost.
      trace.log(at: now, "\(node.name) finds its disk full")
      return halt(node)
    }
    var answers: [ReplicaInput] = []
    for job in jobs {
      switch job {
      case .log(let record): if !node.disk.isFull { node.store.append(record) }
      case .sign(let request):
        if let message = signed(request, by: node), rule != .signBeforeSync {
          answers.append(.signed(message))
        }
      case .keepEvidence(let evidence): node.store.keep(evidence)
      case .commit(let commit):
        node.store.commit(commit, stored: stored(commit), changes: changes(of: commit))
        trace.record(commit.tip.block)
        if node.isHonest { report(.committed(commit), at: node) }
        if rule != .durableBeforeSync { answers.append(.durable(commit.tip.height)) }
      }
    }
    for answer in answers { deliver(answer, to: node) }
    startSync(of: node)
  }

  /// Gives a replica the result of a disk write. `report` also tells the observer of each signature that an
  /// honest node made.
  private func deliver(_ answer: ReplicaInput, to node: SimulatedNode) {
    guard node.isUp else { return }
    switch answer {
    case .durable(let height): node.reportedDurableHeight = max(height, node.reportedDurableHeight)
    case .signed(let message):
      if node.isHonest, let key = node.consensusKey { report(.released(message, key.publicKey), at: node) }
    default: break
    }
    handle(answer, at: node, tag: 2)
  }

  /// Stops a node. Of what it has not synced, a random part of the jobs that the disk was writing survives. Its
  /// sessions end when all shards next wait for each other.
  func halt(_ node: SimulatedNode) {
    counters.crashes += 1
    node.halt()
    node.incarnation += 1
    trace.record(at: now, node: node.index, tag: 9, UInt64(node.incarnation))
    trace.log(at: now, "\(node.name) stops at height \(node.store.tip.height)")
    writePrefix(of: node.disk.crash(), at: node)
    if context.scenario.brokenRule == .syncIgnored { node.store.loseSyncedRecords() }
    requests.append(.nodeStopped(node.index))
  }

  /// Writes a random number of the first `jobs` that were being written at a crash; the others are lost.
  private func writePrefix(of jobs: [SimulatedDisk.Job], at node: SimulatedNode) {
    guard !jobs.isEmpty else { return }
    let kept = Int(generator.next(below: UInt64(jobs.count + 1)))
    for job in jobs.prefix(kept) {
      switch job {
      case .log(let record): node.store.append(record)
      case .sign(let request):
        if case .sign = node.store.guardDecision(for: request), let message = sign(request, by: node) {
          node.store.recordSignature(request, message)
        }
      case .keepEvidence(let evidence): node.store.keep(evidence)
      case .commit(let commit):
        // With the broken rule, block and tip are written without the state.
        let isWhole = context.scenario.brokenRule != .commitNotAtomic
        node.store.commit(commit, stored: stored(commit), changes: isWhole ? changes(of: commit) : [])
        if node.isHonest { report(.committed(commit), at: node) }
      }
    }
  }

  // MARK: Signing

  /// Has a message signed after the next disk sync. The scenario may break the rule that the sync comes
  /// first.
  func requestSignature(_ request: SigningRequest, of node: SimulatedNode) {
    guard node.isHonest else { return node.disk.add(.sign(request)) }
    switch context.scenario.brokenRule {
    case .signBeforeSync:
      node.disk.add(.sign(request))
      if case .refuse = node.store.guardDecision(for: request) { return }
      guard let message = sign(request, by: node), let key = node.consensusKey else { return }
      report(.released(message, key.publicKey), at: node)
      schedule(.signed(message), at: node, after: .zero)
    case .lockIgnored: node.disk.add(.sign(withoutLock(request, node)))
    default: node.disk.add(.sign(request))
    }
  }

  /// Turns the node's own prevote for nil into one for the round's proposal, and sends it to all validators.
  private func withoutLock(_ request: SigningRequest, _ node: SimulatedNode) -> SigningRequest {
    guard request.kind == .prevote, request.block == nil, let proposal = node.lastProposal,
      proposal.height == request.height, proposal.round == request.round
    else { return request }
    var changed = request
    changed.block = proposal.block
    guard case .vote(let vote)? = sign(changed, by: node), let key = node.consensusKey else { return request }
    report(.released(.vote(vote), key.publicKey), at: node)
    for other in network.sessionPeers(of: node.index) where other < context.scenario.validators {
      transmit(OutgoingMessage(message: .votes([vote]), to: other), from: node)
    }
    return changed
  }

  /// The signed message, if the signing guard permits it; nil when it refuses.
  private func signed(_ request: SigningRequest, by node: SimulatedNode) -> SignedMessage? {
    switch node.store.guardDecision(for: request) {
    case .alreadySigned(let message): return message
    case .refuse:
      counters.refusedSignatures += 1
      trace.log(
        at: now,
        "the signing guard of \(node.name) refuses \(request.kind) of height \(request.height) round \(request.round)"
      )
      return nil
    case .sign:
      guard let message = sign(request, by: node) else { return nil }
      if !node.disk.isFull { node.store.recordSignature(request, message) }
      return message
    }
  }

  /// Signs with the node's consensus key, without asking the guard; nil for a node without such a key.
  func sign(_ request: SigningRequest, by node: SimulatedNode) -> SignedMessage? {
    guard let key = node.consensusKey else { return nil }
    return request.message(with: context.signatures.sign(request.signBody, domain: request.domain, by: key))
  }

  // MARK: Blocks

  /// The encoded block and certificate; to save memory, the nodes of the shard share one copy of equal ones.
  func stored(_ commit: Commit) -> CommittedBlock {
    let block = caches.blocks[commit.tip.block] ?? commit.block.encoded
    caches.blocks[commit.tip.block] = block
    let known = caches.certificates[commit.certificate]
    let certificate = known ?? commit.certificate.encoded
    if known == nil { caches.certificates[commit.certificate] = certificate }
    return CommittedBlock(block: block, certificate: certificate)
  }

  /// The state changes to write: all of the commit's, or all but one with the broken rule `writeLost`.
  func changes(of commit: Commit) -> [StateChange] {
    var changes = commit.outcome.changes
    guard context.scenario.brokenRule == .writeLost, !changes.isEmpty else { return changes }
    changes.remove(at: Int(commit.tip.height % Height(changes.count)))
    return changes
  }
}
