import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives

extension Replica {
  /// The value of a network parameter in the committed state.
  func parameter(_ key: ParameterKey) -> UInt64 { committed.parameters[key] }

  /// Commits a block that consensus decided and that this node has validated.
  mutating func decide(_ identifier: Digest, _ certificate: Certificate, _ turn: inout ReplicaTurn) {
    // Block sync may have committed this height already.
    guard certificate.height == tip.height + 1 else { return }
    guard let valid = candidates.valid(identifier) else {
      preconditionFailure("a block was decided that is not valid here: \(identifier)")
    }
    commit(valid, certificate, isDecidedByConsensus: true, &turn)
  }

  /// Commits a decided block: executes it, unless that was done during the votes, makes it the tip, and asks
  /// for it to be written.
  mutating func commit(
    _ valid: ValidBlock,
    _ certificate: Certificate,
    isDecidedByConsensus: Bool,
    _ turn: inout ReplicaTurn
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
    reportOwnMessages(in: valid.block, certificate, &turn)
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
          isDecidedByConsensus: isDecidedByConsensus,
          leases: LedgerQuery(state: state).leaseEvents(of: outcome)
        )
      )
    )
    updateAfterCommit(valid, outcome, &turn)
  }

  private mutating func updateAfterCommit(
    _ valid: ValidBlock,
    _ outcome: BlockOutcome,
    _ turn: inout ReplicaTurn
  ) {
    let height = tip.height
    mempool.commit(valid.transactions, at: height) { sender in
      LedgerQuery(state: state).sequence(of: sender)
    }
    candidates.removeBlocks(through: height)
    seenVotes = seenVotes.filter { $0.height > height }
    pruneEvidence(after: valid.block, &turn)
    committed.update(outcome.changes, on: state, after: height)
    due = DueWork(on: state, committed)
    applyParameters(&turn)
    announceUpgrade(&turn)
    advanceBook(valid.transactions, outcome.receipts, &turn)
    stepGossip(.committed(tip.time), &turn)
    refreshKnownNodes(isChanged: !outcome.validatorUpdates.isEmpty, &turn)
  }

  /// Gives parameters that governance has changed to consensus and the order book. They apply from the next
  /// height on.
  private mutating func applyParameters(_ turn: inout ReplicaTurn) {
    let parameters = committed.parameters
    consensus.setMaximumBlockInterval(.milliseconds(parameters[.maximumBlockInterval]))
    var events: [OrderBook.Event] = []
    book.adopt(parameters, events: &events)
    publish(events, &turn)
  }

  /// Called when the block at `height` is durable: tells the new height to peers that need it and asks for
  /// more blocks.
  mutating func handleDurable(_ height: Height, _ turn: inout ReplicaTurn) {
    state.drop(through: height)
    durableHeight = max(durableHeight, height)
    // A peer that has committed this height needs no message. Neither does a validator that votes at this
    // height, since the votes reach it too.
    let behind = peers.keys.filter { peers.committed(by: $0) < height && votedHeight(of: $0) < height }
    if !behind.isEmpty { turn.effects.append(.send(.status(ownStatus), to: behind)) }
    requestBlocks(&turn)
  }

  /// Begins the height after the tip once the block before the tip is durable. The tip itself may still be in
  /// the storage's queue.
  ///
  /// Everything that is signed at the new height comes after the tip in that queue, so no signature leaves
  /// the node before the tip is durable. Only one block may be waiting for the disk, so that a slow disk
  /// slows the node down instead of filling its memory.
  mutating func beginNextHeight(_ turn: inout ReplicaTurn) {
    guard isStarted, consensus.height <= tip.height, durableHeight + 1 >= tip.height else { return }
    beginHeight(&turn)
  }

  mutating func beginHeight(_ turn: inout ReplicaTurn) {
    guard missingVersion == nil, hasBegun(at: turn.wall) else { return }
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

  /// Whether the genesis time is over. Before it nothing is proposed or voted for.
  private func hasBegun(at wall: Timestamp) -> Bool { tip.height > 0 || wall >= tip.time }

  /// Validators that have not sent a vote or proposal for the last eight heights. Empty for the first eight
  /// heights of the chain.
  private var absentValidators: [ValidatorIndex] {
    guard tip.height > 8 else { return [] }
    return tip.validators.members.enumerated().compactMap { index, member in
      let isOwn = member.key == configuration.consensusKey
      let isAbsent = (lastVotedHeights[member.key] ?? 0) + 8 < tip.height
      return isAbsent && !isOwn ? ValidatorIndex(index) : nil
    }
  }

  /// Tells consensus if there is something to put into a block: transactions, evidence, or work of the ledger
  /// that is due.
  mutating func signalWork(_ turn: inout ReplicaTurn) {
    guard mempool.hasReady || !pendingEvidence.isEmpty || due.isDue(at: turn.wall) else { return }
    stepConsensus(.workAvailable, &turn)
  }

  /// The certificate of the tip, including late precommits if this node collected them. The next block
  /// contains it and so shows which validators took part.
  var mostCompleteLastCertificate: Certificate? {
    guard let gathered = consensus.lastCommit, gathered.height == tip.height, gathered.block == tip.block
    else { return tip.certificate }
    return gathered
  }

  /// The operator address of this node's validator; nil when this node's consensus key is not in the current
  /// validator set.
  var ownAddress: Address? {
    guard let key = configuration.consensusKey else { return nil }
    return tip.validators.members.first { $0.key == key }?.address
  }

  var ownStatus: PeerStatus {
    PeerStatus(
      committed: durableHeight,
      base: lowestBlock,
      consensusStatus: configuration.consensusKey == nil ? nil : consensus.status
    )
  }
}

/// Protocol upgrades: the rules by which blocks are executed change at a height that governance has decided.
extension Replica {
  /// The protocol version by whose rules the block after the tip is executed.
  var requiredVersion: UInt32 { committed.requiredVersion }

  /// The protocol version that the next block requires, if this program does not support it; otherwise nil. A
  /// node with a missing version neither votes on the next block nor executes it.
  public var missingVersion: UInt32? {
    let version = requiredVersion
    return configuration.versions.contains(version) ? nil : version
  }

  /// Gives `upgradeNeeded` if the next block requires a version that this program does not support.
  mutating func announceUpgrade(_ turn: inout ReplicaTurn) {
    guard let version = missingVersion else { return }
    turn.effects.append(.upgradeNeeded(version: version, before: tip.height + 1))
  }
}
