import Chain
import Consensus
import Cryptography
import Gossip
import Primitives

extension Replica {
  mutating func receive(_ status: PeerStatus, from peer: PeerID, _ turn: inout ReplicaTurn) {
    let isWithinRate = peers.setStatus(status, from: peer, at: turn.now)
    sync.handleStatus(from: peer, height: status.committed, base: status.base, at: turn.now)
    guard isWithinRate else { return scheduleSync(&turn) }
    if let consensusStatus = status.consensusStatus {
      stepConsensus(.peerStatus(peer: peer, consensusStatus), &turn)
    }
    if status.committed > tip.height { requestBlocks(&turn) }
  }

  /// Requests blocks that peers have and this node lacks.
  mutating func requestBlocks(_ turn: inout ReplicaTurn) {
    guard isStarted, sync.claimedHeight > tip.height, alarms.isEmpty, missingVersion == nil else { return }
    // Blocks that are not yet written are held in memory, so their number is limited.
    guard tip.height < durableHeight + Self.unwrittenLimit else { return }
    scheduleSync(&turn)
    for request in sync.requests(committed: tip.height, isValidator: ownAddress != nil, at: turn.now) {
      turn.effects.append(.send(.blocksRequest(from: request.from, count: request.count), to: [request.peer]))
    }
  }

  /// Schedules the next check while peers are ahead, since a request can time out without any message.
  private mutating func scheduleSync(_ turn: inout ReplicaTurn) {
    guard isStarted, sync.claimedHeight > tip.height, !isSyncTimerActive else { return }
    isSyncTimerActive = true
    turn.effects.append(.schedule(.sync, after: .milliseconds(100)))
  }

  /// The number of committed blocks that may wait for the disk before requests stop.
  private static var unwrittenLimit: Height { 64 }

  mutating func receive(_ blocks: [CommittedBlock], from peer: PeerID, _ turn: inout ReplicaTurn) {
    var read: [(block: Block, certificate: Certificate)] = []
    for committed in blocks.prefix(Int(BlockSync.batch)) {
      guard let block = try? configuration.checks.decoders.block(committed.block),
        let certificate = try? configuration.checks.decoders.certificate(committed.certificate),
        certificate.isCommit(of: block)
      else { return fault(peer, .malformedFrame, &turn) }
      read.append((block, certificate))
    }
    guard sync.handleResponse(from: peer, blocks: read, committed: tip.height, at: turn.now) else { return }
    commitArrivals(&turn)
    requestBlocks(&turn)
  }

  /// Commits the blocks that have arrived, in order, up to the first missing one.
  private mutating func commitArrivals(_ turn: inout ReplicaTurn) {
    while alarms.isEmpty, missingVersion == nil {
      var verifiedIdentifiers = self.verifiedIdentifiers
      verifiedIdentifiers.extend(from: tip, arrivals: sync.arrival) { isValidCommit($0, $1) }
      self.verifiedIdentifiers = verifiedIdentifiers
      guard let arrival = sync.take(after: tip.height) else { break }
      switch commitArrival(arrival, &turn) {
      case .committed: continue
      case .wrong:
        sync.reject(arrival.from, at: turn.now)
        fault(arrival.from, .malformedObject, &turn)
      case .unacceptable: return
      }
    }
  }

  private enum Adoption {
    case committed
    /// The certificate is not valid, so the sender is faulty.
    case wrong
    /// A quorum committed a block that is invalid here.
    case unacceptable
  }

  /// Commits a block that others have decided.
  ///
  /// The consensus machine learns of it by the next `beginHeight`. It signs nothing for heights below that.
  private mutating func commitArrival(_ arrival: BlockSync.Arrival, _ turn: inout ReplicaTurn) -> Adoption {
    let (block, height) = (arrival.block, tip.height + 1)
    var certificate = arrival.certificate
    if verifiedIdentifiers.isKnown(block.identifier, at: height) {
      // The certificate of this block was not checked. The next block, whose identifier is known to be right,
      // contains a certificate that its validators have checked.
      if let next = sync.arrival(at: height + 1),
        verifiedIdentifiers.isKnown(next.block.identifier, at: height + 1),
        let checked = next.block.lastCertificate
      {
        certificate = checked
      } else if !isValidCommit(certificate, tip.validators) {
        return .wrong
      }
    } else {
      guard block.header.height == height, isValidCommit(certificate, tip.validators) else { return .wrong }
    }
    guard case .valid(let valid) = verdict(on: block) else {
      // A quorum decided the block, so the sender is not at fault. This node cannot go on and stays at its
      // height.
      alarms.append(.invalidCommit(certificate))
      turn.effects.append(.alarm(.invalidCommit(certificate)))
      return .unacceptable
    }
    verifiedIdentifiers.forget(through: height)
    commit(valid, certificate, isDecidedByConsensus: false, &turn)
    return .committed
  }

  /// Whether a quorum of `validators` has signed the certificate.
  private func isValidCommit(_ certificate: Certificate, _ validators: ValidatorSet) -> Bool {
    isValid { try validators.verify(certificate, chain: $0, using: $1) }
  }
}
