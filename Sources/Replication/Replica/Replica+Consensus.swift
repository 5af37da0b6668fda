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
    guard let block = candidates[proposal.block]?.block else { return }
    let isCompact = block.encoded.count >= configuration.compactBytes
    let message: PeerMessage =
      isCompact ? .compactProposal(proposal, CompactBlock(block)) : .proposal(proposal, block: block.encoded)
    effects.append(.send(message, to: peer))
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
    effects.append(.schedule(.execution(built.block.identifier), after: .zero))
  }

  mutating func validate(_ identifier: Digest, at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard let candidate = candidates[identifier] else {
      return fetch(identifier, tip.height + 1, at: clock, &effects)
    }
    if candidate.verdict == nil { judge(candidate.block, &effects) }
    conclude(identifier, at: clock, &effects)
  }

  /// Judges a block, or has the signatures checked that nobody has checked yet.
  private mutating func judge(_ block: Block, _ effects: inout [ReplicaEffect]) {
    do {
      try checkFrame(of: block)
    } catch {
      return candidates.judge(block.identifier, .invalid(error))
    }
    let unknown = zip(block.transactions, block.transactionHashes).filter { mempool[$1] == nil }.map(\.0)
    guard unknown.isEmpty else {
      candidates.judge(block.identifier, .pending)
      effects.append(.verifyTransactions(unknown, block: block.identifier))
      return
    }
    candidates.judge(block.identifier, verdict(onBodyOf: block))
  }

  mutating func transactionsVerified(
    _ transactions: [Transaction]?,
    of identifier: Digest,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard let candidate = candidates[identifier], case .pending? = candidate.verdict,
      candidate.block.header.height == tip.height + 1
    else { return }
    if let transactions {
      let known = Dictionary(transactions.map { ($0.hash, $0) }, uniquingKeysWith: { first, _ in first })
      candidates.judge(identifier, verdict(onBodyOf: candidate.block, verified: known))
    } else {
      candidates.judge(identifier, .invalid(.forgedTransaction))
    }
    conclude(identifier, at: clock, &effects)
  }

  /// Tells consensus what became of a block that it asked about; nothing while that is not known.
  private mutating func conclude(
    _ identifier: Digest,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard let candidate = candidates[identifier] else { return }
    switch candidate.verdict {
    case .pending, nil: return
    case .invalid: stepConsensus(.blockValidated(identifier, isValid: false), at: clock, &effects)
    case .valid:
      compareLastCertificate(of: candidate.block, &effects)
      stepConsensus(.blockValidated(identifier, isValid: true), at: clock, &effects)
      effects.append(.schedule(.execution(identifier), after: .zero))
    }
  }

  /// The rules for all but the transactions.
  private func checkFrame(of block: Block) throws(BlockFault) {
    try rules.checkFrame(
      of: block,
      after: tip,
      version: requiredVersion,
      maximumBytes: parameter(.maximumBlockBytes),
      known: fullestLastCertificate
    )
  }

  /// Of a block that comes by itself: all its rules, here and now.
  func verdict(on block: Block) -> Candidates.Verdict {
    do {
      try checkFrame(of: block)
      return verdict(onBodyOf: block)
    } catch {
      return .invalid(error)
    }
  }

  /// `verified`: transactions that were checked for this block. What neither it nor the mempool holds is checked here.
  private func verdict(
    onBodyOf block: Block,
    verified: [Digest: Transaction] = [:]
  ) -> Candidates.Verdict {
    do {
      let transactions = try rules.transactions(of: block) { mempool[$0] ?? verified[$0] }
      try checkEvidence(block.evidence)
      return .valid(ValidBlock(block: block, transactions: transactions))
    } catch {
      return .invalid(error)
    }
  }

  mutating func fetch(
    _ identifier: Digest,
    _ height: Height,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard height == tip.height + 1 else { return }
    if candidates[identifier] != nil { return validate(identifier, at: clock, &effects) }
    candidates.want(identifier)
    // Its transactions are on their way.
    guard candidates.assembly(of: identifier) == nil else { return }
    for peer in validatorPeers { effects.append(.send(.candidateRequest(identifier, height), to: peer)) }
  }

  mutating func receiveCandidate(
    _ bytes: [UInt8],
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard let block = try? configuration.reading.block(bytes) else {
      return fault(peer, .malformedFrame, at: clock, &effects)
    }
    guard candidates.wanted.contains(block.identifier) else { return }
    adopt(block, at: clock, &effects)
  }

  /// Takes a block as a candidate; consensus may wait for it.
  mutating func adopt(_ block: Block, at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard block.header.height > tip.height else { return }
    if candidates[block.identifier] == nil {
      candidates.add(block)
      effects.append(.log(.block(block.encoded)))
    }
    if candidates.satisfied(block.identifier) { validate(block.identifier, at: clock, &effects) }
  }

  // MARK: Messages

  mutating func receive(
    _ proposal: Proposal,
    _ bytes: [UInt8],
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard isWorthReading(proposal, from: peer, at: clock, &effects) else { return }
    guard let block = try? configuration.reading.block(bytes), block.identifier == proposal.block else {
      return fault(peer, .malformedFrame, at: clock, &effects)
    }
    adopt(block, at: clock, &effects)
    propose(proposal, block.header, at: clock, &effects)
  }

  /// Whether a proposal is its proposer's, and for a height that is not over, or for the last one, where it may
  /// contradict another; who sends a forged one is held to account.
  mutating func isWorthReading(
    _ proposal: Proposal,
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) -> Bool {
    guard proposal.height >= tip.height, let set = validators(at: proposal.height) else { return false }
    do {
      try set.verify(proposal, chain: rules.chain, using: configuration.signatures.check)
    } catch {
      fault(peer, .consensusMisconduct, at: clock, &effects)
      return false
    }
    heard(proposal.validator, at: proposal.height)
    return true
  }

  mutating func propose(
    _ proposal: Proposal,
    _ header: Header,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    stepConsensus(.proposal(proposal, time: header.time, receivedAt: clock.wall), at: clock, &effects)
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
      try configuration.signatures.verify(certificate, by: set, chain: rules.chain)
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
    guard let key = validators(at: height)?[index]?.key else { return }
    lastHeard[key] = max(height, lastHeard[key] ?? 0)
  }
}
