import Chain
import Consensus
import Cryptography
import Gossip
import Primitives

extension Replica {
  /// Handles one input and appends its effects to `turn.effects` in the order in which the caller must
  /// perform them.
  public mutating func step(_ input: ReplicaInput, _ turn: inout ReplicaTurn) {
    handle(input, &turn)
    beginNextHeight(&turn)
  }

  private mutating func handle(_ input: ReplicaInput, _ turn: inout ReplicaTurn) {
    switch input {
    case .recovered(let log, let evidence):
      restore(log)
      restore(evidence: evidence)
    case .gossipRecovered(let memory, let ticket):
      let (live, failure) = restore(memory, &turn)
      turn.effects.append(.answer(ticket, .restored(live: live, addressBook: failure)))
    case .started: start(&turn)
    case .connected(let peer, let connection, let role, let voucher):
      peers.connect(peer, PeerState(role: role, voucher: voucher))
      // The voucher must be known before gossip decides whether there is room for the peer.
      if let voucher { _ = addVoucher(voucher, of: peer, &turn) }
      stepGossip(.connected(peer, connection), &turn)
      turn.effects.append(.send(.status(ownStatus), to: [peer]))
    case .disconnected(let peer):
      peers.disconnect(peer)
      sync.remove(peer)
      exchange.remove(peer)
      stepGossip(.disconnected(peer), &turn)
    case .dialFailed(let dial): stepGossip(.dialFailed(dial), &turn)
    case .message(let message, let peer):
      gossip.recordHeard(peer, at: turn.now)
      receive(message, from: peer, &turn)
    case .gossip(let message, let peer): stepGossip(.received(message, from: peer), &turn)
    case .transactions(let transactions, let peer): _ = admit(transactions, from: peer)
    case .submitted(let transactions, let ticket):
      turn.effects.append(.answer(ticket, .admitted(admit(transactions, from: nil))))
    case .published(let object, let ticket):
      turn.effects.append(.answer(ticket, .published(publish(object, &turn))))
    case .transactionsVerified(let block, let transactions):
      transactionsVerified(transactions, of: block, &turn)
    case .objectVerified(let identifier, let content): stepGossip(.verified(identifier, content), &turn)
    case .timeout(let timer): handleTimer(timer, &turn)
    case .signed(let message):
      if case .vote(let vote) = message { seenVotes.insert(vote) }
      stepConsensus(.signed(message), &turn)
    case .durable(let height): handleDurable(height, &turn)
    case .pruned(let height): lowestBlock = max(lowestBlock, height)
    case .misbehaved(let peer, let fault): stepGossip(.misbehaved(peer, fault), &turn)
    case .batchEnded: announceTransactions(&turn)
    }
  }

  private mutating func start(_ turn: inout ReplicaTurn) {
    isStarted = true
    requestBlocks(&turn)
    if configuration.consensusKey != nil { turn.effects.append(.schedule(.work, after: .zero)) }
    startGossip(&turn)
    reloadKnownNodes(&turn)
    announceUpgrade(&turn)
    enterHeight(&turn)
  }

  private mutating func handleTimer(_ timer: ReplicaTimer, _ turn: inout ReplicaTurn) {
    switch timer {
    case .consensus(let timer): stepConsensus(.timeout(timer), &turn)
    case .gossip(let timer, _): stepGossip(.fired(timer), &turn)
    case .execution(let block): executeAhead(block)
    case .assembly(let block): endAssembly(of: block, &turn)
    case .sync:
      isSyncTimerActive = false
      requestBlocks(&turn)
    case .transactions: handleExchangeTimer(&turn)
    case .work:
      signalWork(&turn)
      turn.effects.append(.schedule(.work, after: .milliseconds(100)))
    }
  }

  private mutating func receive(_ message: PeerMessage, from peer: PeerID, _ turn: inout ReplicaTurn) {
    switch message {
    case .status(let status): receive(status, from: peer, &turn)
    case .transactions: break
    case .transactionNames(let names): receive(names: names, from: peer, &turn)
    case .transactionRequest(let names): receive(request: names, from: peer, &turn)
    case .proposal(let proposal, let block): receive(proposal, block, from: peer, &turn)
    case .votes(let votes): for vote in votes { receive(vote, from: peer, &turn) }
    case .certificates(let certificates, let rounds):
      for certificate in certificates { receive(certificate, from: peer, &turn) }
      for round in rounds { receive(round, from: peer, &turn) }
    case .blocksRequest(let from, let count):
      // A request for a height that is not durable here gets no answer. This node's next status tells the
      // peer when it is.
      guard from <= durableHeight else { return }
      let count = min(count, BlockSync.batch)
      turn.effects.append(.serveBlocks(to: peer, from: max(from, lowestBlock), count: count))
    case .blocksResponse(let blocks): receive(blocks, from: peer, &turn)
    case .evidence(let evidence): for evidence in evidence { receive(evidence, from: peer, &turn) }
    case .candidateRequest(let identifier, _):
      guard let candidate = candidates[identifier] else { return }
      let bytes = candidate.block.encoded
      guard peers[peer]?.servingLimiter.take(bytes.count, at: turn.now) == true else { return }
      turn.effects.append(.send(.candidate(bytes), to: [peer]))
    case .candidate(let bytes): receiveCandidate(bytes, from: peer, &turn)
    case .compactProposal(let proposal, let block): receive(proposal, block, from: peer, &turn)
    case .missingRequest(let block, let places): serveTransactions(places, of: block, to: peer, &turn)
    case .missingTransactions(let block, let transactions):
      receiveMissing(transactions, of: block, from: peer, &turn)
    }
  }

  /// The connected peers that a voucher proves to be current or next validators. Consensus messages are sent
  /// to them.
  var validatorPeers: [PeerID] { peers.keys.filter { knownNodes.validators.contains($0) } }

  mutating func fault(_ peer: PeerID, _ fault: Fault, _ turn: inout ReplicaTurn) {
    stepGossip(.misbehaved(peer, fault), &turn)
  }

  /// Restores the state of the consensus machine from its log.
  ///
  /// Ignores records of heights that are committed. If the log does not contain the beginning of the height
  /// after the tip, nothing is restored.
  mutating func restore(_ records: [ReplicaRecord]) {
    let height = tip.height + 1
    let beginning = records.lastIndex { record in
      guard case .input(let record) = record, case .beginHeight(let start) = record.input else {
        return false
      }
      return start.height == height
    }
    guard let beginning else { return }
    var inputs: [LogRecord] = []
    for (index, record) in records.enumerated() {
      switch record {
      case .input(let input): if index >= beginning { inputs.append(input) }
      case .block(let bytes):
        guard let block = try? Block(decoding: bytes), block.header.height == height else { continue }
        candidates.add(block)
        candidates.setVerdict(block.identifier, verdict(on: block))
      }
    }
    consensus = Tendermint.replay(inputs, configuration: consensus.configuration)
  }

  /// Begins the height after the tip, or resumes it if the log has restored it.
  mutating func enterHeight(_ turn: inout ReplicaTurn) {
    guard missingVersion == nil else { return }
    guard consensus.height == tip.height + 1 else { return beginHeight(&turn) }
    var inner = Tendermint.Turn(at: turn.now)
    consensus.resume(&inner)
    for effect in inner.effects { perform(effect, &turn) }
    signalWork(&turn)
  }
}
