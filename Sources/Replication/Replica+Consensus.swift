import Chain
import Consensus
import Cryptography
import Gossip
import Primitives

extension Replica {
  /// Gives `input` to the consensus machine and carries its wishes on.
  mutating func stepConsensus(
    _ input: Consensus.Input,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    var wishes: [Consensus.Effect] = []
    consensus.step(input, at: clock.now, effects: &wishes)
    for wish in wishes { carry(wish, at: clock, &effects) }
  }

  mutating func carry(
    _ wish: Consensus.Effect,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    switch wish {
    case .log(let record): effects.append(.log(.input(record)))
    case .sign(let request): effects.append(.sign(request))
    case .requestBlock(let height, let round): build(height, round, at: clock, &effects)
    case .validateBlock(let identifier): validate(identifier, at: clock, &effects)
    case .fetchBlock(let identifier, let height): fetch(identifier, height, at: clock, &effects)
    case .broadcastProposal(let proposal):
      for peer in validatorPeers { sendProposal(proposal, to: peer, &effects) }
    case .sendProposal(let proposal, let peer): sendProposal(proposal, to: peer, &effects)
    case .broadcastVote(let vote):
      for peer in validatorPeers { effects.append(.send(.votes([vote]), to: peer)) }
    case .sendVotes(let votes, let peer): effects.append(.send(.votes(votes), to: peer))
    case .sendCertificate(let certificate, let peer):
      for peer in peer.map({ [$0] }) ?? validatorPeers {
        effects.append(.send(.certificates([certificate], rounds: []), to: peer))
      }
    case .sendRoundCertificate(let certificate, let peer):
      for peer in peer.map({ [$0] }) ?? validatorPeers {
        effects.append(.send(.certificates([], rounds: [certificate]), to: peer))
      }
    case .broadcastStatus:
      for peer in validatorPeers { effects.append(.send(.status(ownStatus), to: peer)) }
    case .schedule(let timer, let interval): effects.append(.schedule(.consensus(timer), after: interval))
    case .decide(_, _, let block, let certificate):
      decide(block, certificate, at: clock, &effects)
    case .evidence(let evidence): found(evidence, &effects)
    case .enteredRound(let height, let round, let step):
      self.round = round
      effects.append(.enteredRound(height, round, step))
    case .alarm(let alarm):
      alarms.append(alarm)
      effects.append(.alarm(alarm))
    }
  }

  private func sendProposal(_ proposal: Proposal, to peer: PeerID, _ effects: inout [ReplicaEffect]) {
    guard let candidate = candidates[proposal.block] else { return }
    effects.append(.send(.proposal(proposal, block: candidate.block.encoded), to: peer))
  }

  // MARK: Blocks

  private mutating func build(
    _ height: Height,
    _ round: Round,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard height == tip.height + 1, let proposer = ownAddress else { return }
    let limit = Int(clamping: parameter(.maximumBlockBytes))
    let transactions = mempool.candidates(byteLimit: limit, countLimit: configuration.blockTransactions)
    let built = rules.build(
      after: tip,
      proposer: proposer,
      time: clock.wall,
      transactions: transactions,
      evidence: Array(pendingEvidence.prefix(ChainLimits.blockEvidence)),
      version: requiredVersion,
      lastCertificate: fullestLastCertificate
    )
    candidates.add(built.block)
    candidates.judge(built.block.identifier, .valid(built))
    effects.append(.log(.block(built.block.encoded)))
    stepConsensus(
      .built(height: height, round: round, block: built.block.identifier, time: built.block.header.time),
      at: clock,
      &effects
    )
  }

  mutating func validate(_ identifier: Digest, at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard let candidate = candidates[identifier] else {
      return fetch(identifier, tip.height + 1, at: clock, &effects)
    }
    if candidate.verdict == nil {
      candidates.judge(identifier, verdict(on: candidate.block))
    }
    let isValid = candidates.valid(identifier) != nil
    if isValid { compareLastCertificate(of: candidate.block, &effects) }
    stepConsensus(.blockValidated(identifier, isValid: isValid), at: clock, &effects)
  }

  func verdict(on block: Block) -> Candidates.Verdict {
    do {
      let valid = try rules.validate(
        block,
        after: tip,
        version: requiredVersion,
        maximumBytes: parameter(.maximumBlockBytes),
        known: fullestLastCertificate,
        verified: { mempool[$0] }
      )
      try checkEvidence(block.evidence)
      return .valid(valid)
    } catch {
      return .invalid(error)
    }
  }

  private mutating func fetch(
    _ identifier: Digest,
    _ height: Height,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard height == tip.height + 1 else { return }
    if candidates[identifier] != nil { return validate(identifier, at: clock, &effects) }
    candidates.want(identifier)
    for peer in validatorPeers { effects.append(.send(.candidateRequest(identifier, height), to: peer)) }
  }

  mutating func receiveCandidate(
    _ bytes: [UInt8],
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard let block = try? Block(decoding: bytes) else {
      return fault(peer, .malformedFrame, at: clock, &effects)
    }
    guard candidates.satisfied(block.identifier) else { return }
    candidates.add(block)
    effects.append(.log(.block(bytes)))
    validate(block.identifier, at: clock, &effects)
  }

  // MARK: Messages

  mutating func receive(
    _ proposal: Proposal,
    _ bytes: [UInt8],
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard proposal.height > tip.height, let set = validators(at: proposal.height) else { return }
    do {
      try set.verify(proposal, chain: rules.chain, using: configuration.signatures.check)
    } catch {
      return fault(peer, .consensusMisconduct, at: clock, &effects)
    }
    guard let block = try? Block(decoding: bytes), block.identifier == proposal.block else {
      return fault(peer, .malformedFrame, at: clock, &effects)
    }
    heard(proposal.validator, at: proposal.height)
    if candidates[block.identifier] == nil {
      candidates.add(block)
      effects.append(.log(.block(bytes)))
    }
    stepConsensus(
      .proposal(proposal, time: block.header.time, receivedAt: clock.wall),
      at: clock,
      &effects
    )
    if candidates.satisfied(block.identifier) { validate(block.identifier, at: clock, &effects) }
  }

  mutating func receive(
    _ vote: Vote,
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard !seenVotes.contains(vote), let set = validators(at: vote.height) else { return }
    do {
      try set.verify(vote, chain: rules.chain, using: configuration.signatures.check)
    } catch {
      return fault(peer, .consensusMisconduct, at: clock, &effects)
    }
    if seenVotes.count < 16 * set.count + 1_024 { seenVotes.insert(vote) }
    heard(vote.validator, at: vote.height)
    stepConsensus(.vote(vote), at: clock, &effects)
  }

  mutating func receive(
    _ certificate: Certificate,
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard certificate.height > tip.height, let set = validators(at: certificate.height) else { return }
    do {
      try set.verify(certificate, chain: rules.chain, using: configuration.signatures.check)
    } catch {
      return fault(peer, .consensusMisconduct, at: clock, &effects)
    }
    stepConsensus(.certificate(certificate), at: clock, &effects)
  }

  mutating func receive(
    _ certificate: RoundCertificate,
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard certificate.height > tip.height, let set = validators(at: certificate.height) else { return }
    do {
      try set.verify(certificate, chain: rules.chain, using: configuration.signatures.check)
    } catch {
      return fault(peer, .consensusMisconduct, at: clock, &effects)
    }
    stepConsensus(.roundCertificate(certificate), at: clock, &effects)
  }

  private mutating func heard(_ index: ValidatorIndex, at height: Height) {
    guard let address = validators(at: height)?[index]?.address else { return }
    lastHeard[address] = max(height, lastHeard[address] ?? 0)
  }
}
