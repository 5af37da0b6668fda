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
    _ turn: inout Turn
  ) {
    // Block sync may have been faster.
    guard certificate.height == tip.height + 1 else { return }
    guard let valid = candidates.valid(identifier) else {
      preconditionFailure("a block was decided that is not valid here: \(identifier)")
    }
    commit(valid, certificate, isWitnessed: true, &turn)
  }

  /// Has a decided block written, executed now if that was not done while the votes were under way.
  mutating func commit(
    _ valid: ValidBlock,
    _ certificate: Certificate,
    isWitnessed: Bool,
    _ turn: inout Turn
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
    turn.effects.append(
      .commit(
        Commit(
          block: valid.block,
          transactions: valid.transactions,
          certificate: certificate,
          outcome: outcome,
          pages: executed.layer.pages,
          tip: newTip,
          isWitnessed: isWitnessed,
          leases: LedgerQuery(state: state).leaseEvents(of: outcome)
        )
      )
    )
    afterCommit(valid, outcome, &turn)
  }

  private mutating func afterCommit(
    _ valid: ValidBlock,
    _ outcome: BlockOutcome,
    _ turn: inout Turn
  ) {
    let height = tip.height
    mempool.commit(valid.transactions, at: height) { sender in
      LedgerQuery(state: state).sequence(of: sender)
    }
    candidates.begin(after: height)
    seenVotes = seenVotes.filter { $0.height > height }
    sortOutEvidence(after: valid.block, &turn)
    committed.follow(outcome.changes, on: state, after: height)
    due = DueWork(on: state, ticks: committed.ticks)
    adoptParameters(&turn)
    announceUpgrade(&turn)
    advanceBook(valid.transactions, outcome.receipts, &turn)
    stepGossip(.committed(tip.time), &turn)
    reviewKnownNodes(isChanged: !outcome.validatorUpdates.isEmpty, &turn)
  }

  /// What a vote has changed counts from the next height on, for the book as for consensus.
  private mutating func adoptParameters(_ turn: inout Turn) {
    let parameters = committed.parameters
    consensus.setMaximumBlockInterval(.milliseconds(parameters[.maximumBlockInterval]))
    var events: [OrderBook.Event] = []
    book.adopt(parameters, events: &events)
    publish(events, &turn)
  }

  /// A block is durable: peers may be told.
  mutating func becomeDurable(_ height: Height, _ turn: inout Turn) {
    state.drop(through: height)
    durableHeight = max(durableHeight, height)
    // Whoever is as far already has nothing to gain, nor a validator that votes on this height: it sees the same votes.
    let behind = peers.keys.filter { peers.committed(by: $0) < height && votedHeight(of: $0) < height }
    if !behind.isEmpty { turn.effects.append(.send(.status(ownStatus), to: behind)) }
    requestBlocks(&turn)
  }

  /// Goes on to the height after the tip once its parent's parent is durable: the parent is written meanwhile.
  ///
  /// Whatever is signed at the new height stands behind the parent in the storage's queue, so no signature leaves
  /// before the parent is durable. One block may be on its way to the disk, not more: a slow disk slows the node
  /// down instead of filling its memory.
  mutating func beginNextHeight(_ turn: inout Turn) {
    guard isStarted, consensus.height <= tip.height, durableHeight + 1 >= tip.height else { return }
    beginHeight(&turn)
  }

  mutating func beginHeight(_ turn: inout Turn) {
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
      &turn
    )
    signalWork(&turn)
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
  mutating func signalWork(_ turn: inout Turn) {
    guard mempool.hasReady || !pendingEvidence.isEmpty || due.isDue(at: turn.wall) else { return }
    stepConsensus(.workAvailable, &turn)
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
      base: lowestBlock,
      standing: configuration.consensusKey == nil ? nil : consensus.status
    )
  }
}
