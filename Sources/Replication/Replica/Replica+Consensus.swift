import Chain
import Consensus
import Cryptography
import Gossip
import Primitives

extension Replica {
  /// Gives `input` to the consensus machine and performs its effects.
  mutating func stepConsensus(_ input: Consensus.Input, _ turn: inout ReplicaTurn) {
    var inner = Tendermint.Turn(at: turn.now)
    consensus.step(input, &inner)
    for effect in inner.effects { perform(effect, &turn) }
  }

  mutating func perform(_ effect: Consensus.Effect, _ turn: inout ReplicaTurn) {
    /// To one peer, or to all validators.
    func send(_ message: PeerMessage, _ peer: PeerID? = nil) {
      turn.effects.append(.send(message, to: peer.map { [$0] } ?? validatorPeers))
    }
    switch effect {
    case .log(let record): turn.effects.append(.log(.input(record)))
    case .sign(let request): turn.effects.append(.sign(request))
    case .requestBlock(let height, let round): build(height, round, &turn)
    case .validateBlock(let identifier): validate(identifier, &turn)
    case .fetchBlock(let identifier, let height): fetch(identifier, height, &turn)
    case .broadcastProposal(let proposal): sendProposal(proposal, to: validatorPeers, &turn)
    case .sendProposal(let proposal, let peer): sendProposal(proposal, to: [peer], &turn)
    case .broadcastVote(let vote): send(.votes([vote]))
    case .sendVotes(let votes, let peer): send(.votes(votes), peer)
    case .sendCertificate(let certificate, let peer):
      send(.certificates([certificate], rounds: []), peer)
    case .sendRoundCertificate(let certificate, let peer):
      send(.certificates([], rounds: [certificate]), peer)
    case .broadcastStatus: send(.status(ownStatus))
    case .schedule(let timer, let interval):
      turn.effects.append(.schedule(.consensus(timer), after: interval))
    case .decide(_, _, let block, let certificate): decide(block, certificate, &turn)
    case .evidence(let evidence): addDetectedEvidence(evidence, &turn)
    case .enteredRound(let height, let round, let step):
      self.round = round
      turn.effects.append(.enteredRound(height, round, step))
    case .alarm(let alarm):
      alarms.append(alarm)
      turn.effects.append(.alarm(alarm))
    }
  }

  private func sendProposal(_ proposal: Proposal, to receivers: [PeerID], _ turn: inout ReplicaTurn) {
    guard let block = candidates[proposal.block]?.block else { return }
    let isCompact = block.encoded.count >= configuration.compactThreshold
    let message: PeerMessage =
      isCompact ? .compactProposal(proposal, CompactBlock(block)) : .proposal(proposal, block: block.encoded)
    turn.effects.append(.send(message, to: receivers))
  }

  // MARK: Blocks

  private mutating func build(_ height: Height, _ round: Round, _ turn: inout ReplicaTurn) {
    guard height == tip.height + 1, let proposer = ownAddress else { return }
    let limit = Int(clamping: parameter(.maximumBlockBytes))
    let transactions = mempool.candidates(byteLimit: limit, countLimit: configuration.blockTransactions)
    let built = rules.build(
      after: tip,
      proposer: proposer,
      time: turn.wall,
      transactions: transactions,
      evidence: Array(pendingEvidence.prefix(ChainLimits.blockEvidence)),
      version: requiredVersion,
      lastCertificate: mostCompleteLastCertificate
    )
    candidates.add(built.block)
    candidates.setVerdict(built.block.identifier, .valid(built))
    turn.effects.append(.log(.block(built.block.encoded)))
    stepConsensus(
      .built(height: height, round: round, block: built.block.identifier, time: built.block.header.time),
      &turn
    )
    turn.effects.append(.schedule(.execution(built.block.identifier), after: .zero))
  }

  mutating func validate(_ identifier: Digest, _ turn: inout ReplicaTurn) {
    guard let candidate = candidates[identifier] else { return fetch(identifier, tip.height + 1, &turn) }
    if candidate.verdict == nil { checkBlock(candidate.block, &turn) }
    reportVerdict(identifier, &turn)
  }

  /// Checks a block. If some of its transactions are not in the mempool, their signatures are checked on
  /// other threads first, and the verdict stays `pending` until then.
  private mutating func checkBlock(_ block: Block, _ turn: inout ReplicaTurn) {
    do {
      try checkHeader(of: block)
    } catch {
      return candidates.setVerdict(block.identifier, .invalid(error))
    }
    let unknown = zip(block.transactionHashes, block.transactions).filter { mempool[$0.0] == nil }
      .map { (hash: $0, bytes: $1) }
    guard unknown.isEmpty else {
      candidates.setVerdict(block.identifier, .pending)
      turn.effects.append(.verifyTransactions(unknown, block: block.identifier))
      return
    }
    candidates.setVerdict(block.identifier, verdict(onBodyOf: block))
  }

  mutating func transactionsVerified(
    _ transactions: [Transaction]?,
    of identifier: Digest,
    _ turn: inout ReplicaTurn
  ) {
    guard let candidate = candidates[identifier], case .pending? = candidate.verdict,
      candidate.block.header.height == tip.height + 1
    else { return }
    if let transactions {
      let known = Dictionary(transactions.map { ($0.hash, $0) }, uniquingKeysWith: { first, _ in first })
      candidates.setVerdict(identifier, verdict(onBodyOf: candidate.block, verified: known))
    } else {
      candidates.setVerdict(identifier, .invalid(.forgedTransaction))
    }
    reportVerdict(identifier, &turn)
  }

  /// Tells consensus whether a block is valid; does nothing while that is not known.
  private mutating func reportVerdict(_ identifier: Digest, _ turn: inout ReplicaTurn) {
    guard let candidate = candidates[identifier] else { return }
    switch candidate.verdict {
    case .pending, nil: return
    case .invalid: stepConsensus(.blockValidated(identifier, isValid: false), &turn)
    case .valid:
      findEvidenceInLastCertificate(of: candidate.block, &turn)
      stepConsensus(.blockValidated(identifier, isValid: true), &turn)
      turn.effects.append(.schedule(.execution(identifier), after: .zero))
    }
  }

  /// Checks everything of the block except its transactions and evidence.
  private func checkHeader(of block: Block) throws(BlockFault) {
    try rules.checkHeader(
      of: block,
      after: tip,
      version: requiredVersion,
      maximumBytes: parameter(.maximumBlockBytes),
      known: mostCompleteLastCertificate
    )
  }

  /// Checks all rules of a block at once, including the signatures of its transactions. For blocks from block
  /// sync and from the log.
  func verdict(on block: Block) -> Candidates.Verdict {
    do {
      try checkHeader(of: block)
      return verdict(onBodyOf: block)
    } catch { return .invalid(error) }
  }

  /// Checks the transactions and evidence of a block. `verified` are transactions whose signatures were
  /// verified for this block; the signatures of transactions that are neither there nor in the mempool are
  /// checked here.
  private func verdict(onBodyOf block: Block, verified: [Digest: Transaction] = [:]) -> Candidates.Verdict {
    do {
      let transactions = try rules.transactions(of: block) { mempool[$0] ?? verified[$0] }
      try checkEvidence(block.evidence)
      return .valid(ValidBlock(block: block, transactions: transactions))
    } catch { return .invalid(error) }
  }

  mutating func fetch(_ identifier: Digest, _ height: Height, _ turn: inout ReplicaTurn) {
    guard height == tip.height + 1 else { return }
    if candidates[identifier] != nil { return validate(identifier, &turn) }
    candidates.wanted.insert(identifier)
    // The node has the compact block and waits for its transactions.
    guard candidates.assembly(of: identifier) == nil else { return }
    turn.effects.append(.send(.candidateRequest(identifier, height), to: validatorPeers))
  }

  mutating func receiveCandidate(_ bytes: [UInt8], from peer: PeerID, _ turn: inout ReplicaTurn) {
    guard let block = try? configuration.checks.decoders.block(bytes) else {
      return fault(peer, .malformedFrame, &turn)
    }
    guard candidates.wanted.contains(block.identifier) else { return }
    addCandidate(block, &turn)
  }

  /// Stores a block as a candidate, and validates it if consensus waits for it.
  mutating func addCandidate(_ block: Block, _ turn: inout ReplicaTurn) {
    guard block.header.height > tip.height else { return }
    if candidates[block.identifier] == nil {
      candidates.add(block)
      turn.effects.append(.log(.block(block.encoded)))
    }
    if candidates.wanted.remove(block.identifier) != nil { validate(block.identifier, &turn) }
  }

  // MARK: Messages

  mutating func receive(_ proposal: Proposal, _ bytes: [UInt8], from peer: PeerID, _ turn: inout ReplicaTurn)
  {
    guard verifyProposal(proposal, from: peer, &turn) else { return }
    guard let block = try? configuration.checks.decoders.block(bytes), block.identifier == proposal.block
    else { return fault(peer, .malformedFrame, &turn) }
    addCandidate(block, &turn)
    submitProposal(proposal, block.header, &turn)
  }

  /// Whether the proposal has a valid signature and is of the tip's height or a later one. Proposals of the
  /// tip's height are needed to detect evidence. A wrong signature is a fault of the peer.
  mutating func verifyProposal(_ proposal: Proposal, from peer: PeerID, _ turn: inout ReplicaTurn) -> Bool {
    guard proposal.height >= tip.height, let set = validators(at: proposal.height) else { return false }
    guard isValid({ try set.verify(proposal, chain: $0, using: $1) }) else {
      fault(peer, .forgedConsensusMessage, &turn)
      return false
    }
    recordVote(proposal.validator, at: proposal.height)
    reportIfOwn(.proposal(proposal), by: set[proposal.validator], &turn)
    return true
  }

  /// Whether `verify`, which is given the chain and how signatures are checked, finds no fault.
  func isValid<Result>(_ verify: (ChainID, Checks) throws -> Result) -> Bool {
    (try? verify(rules.chain, configuration.checks)) != nil
  }

  mutating func submitProposal(_ proposal: Proposal, _ header: Header, _ turn: inout ReplicaTurn) {
    stepConsensus(.proposal(proposal, time: header.time, receivedAt: turn.wall), &turn)
  }

  mutating func receive(_ vote: Vote, from peer: PeerID, _ turn: inout ReplicaTurn) {
    guard !seenVotes.contains(vote), let set = validators(at: vote.height) else { return }
    guard isValid({ try set.verify(vote, chain: $0, using: $1) }) else {
      return fault(peer, .forgedConsensusMessage, &turn)
    }
    if seenVotes.count < 16 * set.count + 1_024 { seenVotes.insert(vote) }
    recordVote(vote.validator, at: vote.height)
    reportIfOwn(.vote(vote), by: set[vote.validator], &turn)
    stepConsensus(.vote(vote), &turn)
  }

  mutating func receive(_ certificate: Certificate, from peer: PeerID, _ turn: inout ReplicaTurn) {
    guard certificate.height > tip.height, let set = validators(at: certificate.height) else { return }
    guard isValid({ try set.verify(certificate, chain: $0, using: $1) }) else {
      return fault(peer, .forgedConsensusMessage, &turn)
    }
    reportOwnVote(in: certificate, set, &turn)
    stepConsensus(.certificate(certificate), &turn)
  }

  mutating func receive(_ certificate: RoundCertificate, from peer: PeerID, _ turn: inout ReplicaTurn) {
    guard certificate.height > tip.height, let set = validators(at: certificate.height) else { return }
    guard isValid({ try set.verify(certificate, chain: $0, using: $1) }) else {
      return fault(peer, .forgedConsensusMessage, &turn)
    }
    for vote in certificate.votes { reportIfOwn(.vote(vote), by: set[vote.validator], &turn) }
    stepConsensus(.roundCertificate(certificate), &turn)
  }

  private mutating func recordVote(_ index: ValidatorIndex, at height: Height) {
    guard let key = validators(at: height)?[index]?.key else { return }
    lastVotedHeights[key] = max(height, lastVotedHeights[key] ?? 0)
  }
}
