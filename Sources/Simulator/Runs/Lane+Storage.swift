import Chain
import Consensus
import Cryptography
import Ledger
import Primitives
import Replication

extension Lane {
  /// Begins to write what a node's replica asked for, unless its disk is busy already.
  func startSync(of node: SimulatedNode) {
    guard node.isUp, node.disk.begin() else { return }
    let usual = Interval(nanoseconds: 100_000 + generator.next(below: 200_000))
    let end = max(now, node.disk.stalledUntil) + usual
    queue.insert(.synced(node.index, life: node.life), at: end)
  }

  /// What was being written is durable: the replica gets its answers.
  func finishSync(of node: SimulatedNode) {
    let rule = stage.scenario.brokenRule
    let jobs = node.disk.finish()
    trace.record(at: now, node: node.index, tag: 10, UInt64(jobs.count))
    if node.disk.isFull, rule != .fullDiskIgnored {
      // A node whose disk refuses stops before it forgets.
      trace.tell(at: now, "\(node.name) finds its disk full")
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
        if node.isHonest { saw(.committed(commit), at: node) }
        if rule != .durableBeforeSync { answers.append(.durable(commit.tip.height)) }
      }
    }
    for answer in answers { give(answer, to: node) }
    startSync(of: node)
  }

  private func give(_ answer: ReplicaInput, to node: SimulatedNode) {
    guard node.isUp else { return }
    switch answer {
    case .durable(let height): node.promisedHeight = max(height, node.promisedHeight)
    case .signed(let message):
      if node.isHonest, let key = node.consensusKey {
        saw(.released(message, key.publicKey), at: node)
      }
    default: break
    }
    handle(answer, at: node, tag: 2)
  }

  /// The node is gone with everything that it had not synced; its sessions end when the lanes stand still.
  func halt(_ node: SimulatedNode) {
    counters.crashes += 1
    node.halt()
    node.life += 1
    trace.record(at: now, node: node.index, tag: 9, UInt64(node.life))
    trace.tell(at: now, "\(node.name) dies at height \(node.store.tip.height)")
    keepPart(of: node.disk.crash(), at: node)
    if stage.scenario.brokenRule == .syncIgnored { node.store.loseSyncedRecords() }
    requests.append(.gone(node.index))
  }

  /// Of what was being written, a beginning may have reached the disk.
  private func keepPart(of jobs: [SimulatedDisk.Job], at node: SimulatedNode) {
    guard !jobs.isEmpty else { return }
    let kept = Int(generator.next(below: UInt64(jobs.count + 1)))
    for job in jobs.prefix(kept) {
      switch job {
      case .log(let record): node.store.append(record)
      case .sign(let request):
        if case .sign = node.store.consent(to: request), let message = sign(request, by: node) {
          node.store.remember(request, message)
        }
      case .keepEvidence(let evidence): node.store.keep(evidence)
      case .commit(let commit):
        let stored = stored(commit)
        if stage.scenario.brokenRule == .commitNotAtomic {
          node.store.writeOnlyTip(of: commit, stored: stored)
        } else {
          node.store.commit(commit, stored: stored, changes: changes(of: commit))
        }
        if node.isHonest { saw(.committed(commit), at: node) }
      }
    }
  }

  // MARK: Signing

  func requestSignature(_ request: SigningRequest, of node: SimulatedNode) {
    guard node.isHonest else { return node.disk.add(.sign(request)) }
    switch stage.scenario.brokenRule {
    case .signBeforeSync:
      node.disk.add(.sign(request))
      if case .refuse = node.store.consent(to: request) { return }
      guard let message = sign(request, by: node), let key = node.consensusKey else { return }
      saw(.released(message, key.publicKey), at: node)
      schedule(.signed(message), at: node, after: .zero)
    case .lockIgnored: node.disk.add(.sign(withoutLock(request, node)))
    default: node.disk.add(.sign(request))
    }
  }

  /// A prevote for nothing becomes one for what was proposed, and leaves by itself.
  private func withoutLock(_ request: SigningRequest, _ node: SimulatedNode) -> SigningRequest {
    guard request.kind == .prevote, request.block == nil, let proposal = node.lastProposal,
      proposal.height == request.height, proposal.round == request.round
    else { return request }
    var changed = request
    changed.block = proposal.block
    guard case .vote(let vote)? = sign(changed, by: node), let key = node.consensusKey else { return request }
    saw(.released(.vote(vote), key.publicKey), at: node)
    for other in network.sessionPeers(of: node.index) where other < stage.scenario.validators {
      transmit(.votes([vote]), from: node, to: other)
    }
    return changed
  }

  /// The guard's word and the signature; nil when it refuses.
  private func signed(_ request: SigningRequest, by node: SimulatedNode) -> SignedMessage? {
    switch node.store.consent(to: request) {
    case .again(let message): return message
    case .refuse:
      counters.refusedSignatures += 1
      trace.tell(
        at: now,
        "\(node.name)'s guard refuses \(request.kind) of height \(request.height) round \(request.round)"
      )
      return nil
    case .sign:
      guard let message = sign(request, by: node) else { return nil }
      if !node.disk.isFull { node.store.remember(request, message) }
      return message
    }
  }

  func sign(_ request: SigningRequest, by node: SimulatedNode) -> SignedMessage? {
    guard let key = node.consensusKey else { return nil }
    return request.message(with: stage.signatures.sign(request.signBody, domain: request.domain, by: key))
  }

  // MARK: Blocks

  /// The block's bytes, one copy for all nodes, and the certificate's, one for all that hold an equal one.
  func stored(_ commit: Commit) -> CommittedBlock {
    let block = commit.tip.block
    let bytes = caches.blocks[block] ?? commit.block.encoded
    caches.blocks[block] = bytes
    if let known = caches.certificates[commit.certificate] {
      return CommittedBlock(block: bytes, certificate: known)
    }
    let certificate = commit.certificate.encoded
    caches.certificates[commit.certificate] = certificate
    return CommittedBlock(block: bytes, certificate: certificate)
  }

  func changes(of commit: Commit) -> [StateChange] {
    guard stage.scenario.brokenRule == .writeLost, !commit.outcome.changes.isEmpty else {
      return commit.outcome.changes
    }
    var changes = commit.outcome.changes
    changes.remove(at: Int(commit.tip.height % Height(changes.count)))
    return changes
  }
}
