import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives

extension Replica {
  /// A parameter as the committed state has it.
  func parameter(_ key: ParameterKey) -> UInt64 { committed.parameters[key] }

  /// Consensus decided a block that this node holds and validated.
  mutating func decide(
    _ identifier: Digest,
    _ certificate: Certificate,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    // Block sync may have been faster.
    guard certificate.height == tip.height + 1 else { return }
    guard let valid = candidates.valid(identifier) else {
      preconditionFailure("a block was decided that is not valid here: \(identifier)")
    }
    commit(valid, certificate, isWitnessed: true, at: clock, &effects)
  }

  /// Has a decided block written, executed now if that was not done while the votes were under way.
  mutating func commit(
    _ valid: ValidBlock,
    _ certificate: Certificate,
    isWitnessed: Bool,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    let header = valid.block.header
    let executed = candidates[valid.block.identifier]?.execution ?? execute(valid)
    let outcome = executed.outcome
    let newTip = Tip(
      height: header.height,
      block: valid.block.identifier,
      time: header.time,
      stateRoot: executed.layer.stateRoot,
      receiptsRoot: executed.receiptsRoot,
      certificate: certificate,
      validators: tip.nextValidators,
      nextValidators: executed.nextValidators,
      lastValidators: tip.validators,
      hashes: (tip.nextValidatorsHash, executed.nextValidatorsHash)
    )
    state.push(executed.layer)
    tip = newTip
    effects.append(
      .commit(
        Commit(
          block: valid.block,
          transactions: valid.transactions,
          certificate: certificate,
          outcome: outcome,
          pages: executed.layer.pages,
          tip: newTip,
          isWitnessed: isWitnessed
        )
      )
    )
    afterCommit(valid, outcome, at: clock, &effects)
  }

  private mutating func afterCommit(
    _ valid: ValidBlock,
    _ outcome: BlockOutcome,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    let height = tip.height
    mempool.commit(valid.transactions, at: height) { sender in
      LedgerQuery(state: state).sequence(of: sender)
    }
    candidates.begin(after: height)
    seenVotes = seenVotes.filter { $0.height > height }
    sortOutEvidence(after: valid.block, &effects)
    committed.follow(outcome.changes, on: state, after: height)
    due = DueWork(on: state, ticks: committed.ticks)
    adoptParameters(at: clock, &effects)
    announceUpgrade(&effects)
    advanceBook(valid.transactions, outcome.receipts, at: clock, &effects)
    stepGossip(.committed(tip.time), at: clock, &effects)
    reviewKnownNodes(isChanged: !outcome.validatorUpdates.isEmpty, at: clock, &effects)
  }

  /// What a vote has changed counts from the next height on, for the book as for consensus.
  private mutating func adoptParameters(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    let parameters = committed.parameters
    consensus.setMaximumBlockInterval(.milliseconds(parameters[.maximumBlockInterval]))
    var events: [OrderBook.Event] = []
    book.adopt(parameters, events: &events)
    publish(events, at: clock, &effects)
  }

  /// A block is durable: peers may be told.
  mutating func becomeDurable(_ height: Height, at clock: Clock, _ effects: inout [ReplicaEffect]) {
    state.drop(through: height)
    durableHeight = max(durableHeight, height)
    // Whoever is as far already has nothing to gain, nor a validator that votes on this height: it sees the same votes.
    let status = ownStatus
    for peer in peers.keys
    where peers.committed(by: peer) < height && votedHeight(of: peer) < height {
      effects.append(.send(.status(status), to: peer))
    }
    requestBlocks(at: clock, &effects)
  }

  /// Goes on to the height after the tip once its parent's parent is durable: the parent is written meanwhile.
  ///
  /// Whatever is signed at the new height stands behind the parent in the storage's queue, so no signature leaves
  /// before the parent is durable. One block may be on its way to the disk, not more: a slow disk slows the node
  /// down instead of filling its memory.
  mutating func beginNextHeight(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard isStarted, consensus.height <= tip.height, durableHeight + 1 >= tip.height else { return }
    beginHeight(at: clock, &effects)
  }

  mutating func beginHeight(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard missingVersion == nil else { return }
    stepConsensus(
      .beginHeight(
        HeightStart(
          height: tip.height + 1,
          validators: tip.validators,
          previousTime: tip.time,
          lastCommit: tip.certificate,
          absent: absentValidators
        )
      ),
      at: clock,
      &effects
    )
    signalWork(at: clock, &effects)
  }

  /// Validators of whom nothing was heard at the last eight heights.
  private var absentValidators: [ValidatorIndex] {
    guard tip.height > 8 else { return [] }
    return tip.validators.members.enumerated().compactMap { index, member in
      let isOwn = member.key == configuration.consensusKey
      let isAbsent = (lastHeard[member.key] ?? 0) + 8 < tip.height
      return isAbsent && !isOwn ? ValidatorIndex(index) : nil
    }
  }

  /// Tells consensus when there is something to agree on: transactions, or work that falls due by time.
  mutating func signalWork(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard mempool.hasReady || !pendingEvidence.isEmpty || due.isDue(at: clock.wall) else { return }
    stepConsensus(.workAvailable, at: clock, &effects)
  }

  /// The parent's certificate with the precommits that came late, so that the block shows who took part.
  var fullestLastCertificate: Certificate? {
    guard let gathered = consensus.lastCommit, gathered.height == tip.height, gathered.block == tip.block
    else {
      return tip.certificate
    }
    return gathered
  }

  /// The operator address under which the own key is in the set; nil for a node that does not validate now.
  var ownAddress: Address? {
    guard let key = configuration.consensusKey else { return nil }
    return tip.validators.members.first { $0.key == key }?.address
  }

  var ownStatus: PeerStatus {
    PeerStatus(
      committed: durableHeight,
      base: configuration.lowestBlock,
      standing: configuration.consensusKey == nil ? nil : consensus.status
    )
  }
}
