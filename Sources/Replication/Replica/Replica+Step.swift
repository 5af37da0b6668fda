import Chain
import Consensus
import Gossip
import Primitives

extension Replica {
  /// Handles one input; appends what is to be done, in order.
  public mutating func step(_ input: ReplicaInput, at clock: Clock, effects: inout [ReplicaEffect]) {
    take(input, at: clock, &effects)
    beginNextHeight(at: clock, &effects)
  }

  private mutating func take(_ input: ReplicaInput, at clock: Clock, _ effects: inout [ReplicaEffect]) {
    switch input {
    case .started: start(at: clock, &effects)
    case .connected(let peer, let connection, let role, let voucher):
      peers.connect(peer, PeerState(role: role, voucher: voucher))
      // Before gossip judges whether there is room for the peer.
      if let voucher { _ = learn(voucher, of: peer, at: clock, &effects) }
      stepGossip(.connected(peer, connection), at: clock, &effects)
      effects.append(.send(.status(ownStatus), to: peer))
    case .disconnected(let peer):
      peers.disconnect(peer)
      sync.remove(peer)
      exchange.unlink(peer)
      stepGossip(.disconnected(peer), at: clock, &effects)
    case .dialFailed(let dial): stepGossip(.dialFailed(dial), at: clock, &effects)
    case .message(let message, let peer):
      gossip.heard(peer, at: clock.now)
      receive(message, from: peer, at: clock, &effects)
    case .gossip(let message, let peer): stepGossip(.received(message, from: peer), at: clock, &effects)
    case .transactions(let transactions, let peer):
      _ = admit(transactions, from: peer)
    case .transactionsVerified(let block, let transactions):
      transactionsVerified(transactions, of: block, at: clock, &effects)
    case .objectVerified(let identifier, let isAuthentic):
      stepGossip(.verified(identifier, isAuthentic: isAuthentic), at: clock, &effects)
    case .timeout(let timer): wake(timer, at: clock, &effects)
    case .signed(let message):
      if case .vote(let vote) = message { seenVotes.insert(vote) }
      stepConsensus(.signed(message), at: clock, &effects)
    case .durable(let height): becomeDurable(height, at: clock, &effects)
    case .misbehaved(let peer, let fault): stepGossip(.misbehaved(peer, fault), at: clock, &effects)
    case .batchEnded: announceTransactions(at: clock, &effects)
    }
  }

  private mutating func start(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    isStarted = true
    requestBlocks(at: clock, &effects)
    if configuration.consensusKey != nil { effects.append(.schedule(.work, after: .zero)) }
    startGossip(at: clock, &effects)
    tellChainPeers(at: clock, &effects)
    announceUpgrade(&effects)
    enterHeight(at: clock, &effects)
  }

  private mutating func wake(_ timer: ReplicaTimer, at clock: Clock, _ effects: inout [ReplicaEffect]) {
    switch timer {
    case .consensus(let timer): stepConsensus(.timeout(timer), at: clock, &effects)
    case .gossip(let timer, _): stepGossip(.fired(timer), at: clock, &effects)
    case .execution(let block): executeAhead(block)
    case .assembly(let block): endAssembly(of: block, at: clock, &effects)
    case .sync:
      isSyncArmed = false
      requestBlocks(at: clock, &effects)
    case .transactions: tendExchange(at: clock, &effects)
    case .work:
      signalWork(at: clock, &effects)
      effects.append(.schedule(.work, after: .milliseconds(100)))
    }
  }

  private mutating func receive(
    _ message: PeerMessage,
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    switch message {
    case .status(let status): receive(status, from: peer, at: clock, &effects)
    case .transactions: break
    case .transactionNames(let names): receive(names: names, from: peer, at: clock, &effects)
    case .transactionRequest(let names): receive(request: names, from: peer, at: clock, &effects)
    case .proposal(let proposal, let block):
      receive(proposal, block, from: peer, at: clock, &effects)
    case .votes(let votes):
      for vote in votes { receive(vote, from: peer, at: clock, &effects) }
    case .certificates(let certificates, let rounds):
      for certificate in certificates { receive(certificate, from: peer, at: clock, &effects) }
      for round in rounds { receive(round, from: peer, at: clock, &effects) }
    case .blocksRequest(let from, let count):
      // A height that is not here yet needs no answer: the next status tells the peer.
      guard from <= durableHeight else { return }
      let count = min(count, BlockSync.batch)
      effects.append(.serveBlocks(to: peer, from: max(from, configuration.lowestBlock), count: count))
    case .blocksResponse(let blocks): receive(blocks, from: peer, at: clock, &effects)
    case .evidence(let evidence):
      for evidence in evidence { receive(evidence, from: peer, at: clock, &effects) }
    case .candidateRequest(let identifier, _):
      guard let candidate = candidates[identifier] else { return }
      let bytes = candidate.block.encoded
      guard peers[peer]?.supplied.take(bytes.count, at: clock.now) == true else { return }
      effects.append(.send(.candidate(bytes), to: peer))
    case .candidate(let bytes): receiveCandidate(bytes, from: peer, at: clock, &effects)
    case .compactProposal(let proposal, let block):
      receive(proposal, block, from: peer, at: clock, &effects)
    case .missingRequest(let block, let places):
      serve(places, of: block, to: peer, at: clock, &effects)
    case .missingTransactions(let block, let transactions):
      receiveMissing(transactions, of: block, from: peer, at: clock, &effects)
    }
  }

  /// The peers that proved to be validators of the set: consensus messages go to them.
  var validatorPeers: [PeerID] {
    peers.keys.filter { known.validators.contains($0) }
  }

  mutating func fault(
    _ peer: PeerID,
    _ fault: Fault,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    stepGossip(.misbehaved(peer, fault), at: clock, &effects)
  }
}
