import Chain
import Consensus
import Cryptography
import Gossip
import Primitives

extension Replica {
  mutating func receive(
    _ status: PeerStatus,
    from peer: PeerID,
    _ turn: inout Turn
  ) {
    let isHeeded = peers.note(status, from: peer, at: turn.now)
    sync.statusArrived(
      from: peer,
      height: status.committed,
      base: status.base,
      at: turn.now
    )
    guard isHeeded else { return armSync(&turn) }
    if let standing = status.standing {
      stepConsensus(.peerStatus(peer: peer, standing), &turn)
    }
    if status.committed > tip.height { requestBlocks(&turn) }
  }

  /// Requests blocks that peers have and this node lacks.
  mutating func requestBlocks(_ turn: inout Turn) {
    guard isStarted, sync.claimedHeight > tip.height, alarms.isEmpty, missingVersion == nil else { return }
    // Blocks that are not yet written are held in memory, so their number is limited.
    guard tip.height < durableHeight + Self.unwrittenLimit else { return }
    armSync(&turn)
    for request in sync.requests(committed: tip.height, decides: ownAddress != nil, at: turn.now) {
      turn.effects.append(.send(.blocksRequest(from: request.from, count: request.count), to: [request.peer]))
    }
  }

  /// Schedules the next check while peers are ahead, since a request can time out without any message.
  private mutating func armSync(_ turn: inout Turn) {
    guard isStarted, sync.claimedHeight > tip.height, !isSyncArmed else { return }
    isSyncArmed = true
    turn.effects.append(.schedule(.sync, after: .milliseconds(100)))
  }

  /// The number of committed blocks that may wait for the disk before requests stop.
  private static var unwrittenLimit: Height { 64 }

  mutating func receive(
    _ blocks: [CommittedBlock],
    from peer: PeerID,
    _ turn: inout Turn
  ) {
    var read: [(block: Block, certificate: Certificate)] = []
    for committed in blocks.prefix(Int(BlockSync.batch)) {
      guard let block = try? configuration.checks.reading.block(committed.block),
        let certificate = try? configuration.checks.reading.certificate(committed.certificate),
        certificate.isCommit(of: block)
      else {
        return fault(peer, .malformedFrame, &turn)
      }
      read.append((block, certificate))
    }
    guard sync.responseArrived(from: peer, blocks: read, committed: tip.height, at: turn.now) else { return }
    adoptArrivals(&turn)
    requestBlocks(&turn)
  }

  /// Commits the blocks that have arrived, in order, up to the first missing one.
  private mutating func adoptArrivals(_ turn: inout Turn) {
    while alarms.isEmpty, missingVersion == nil {
      var anchor = self.anchor
      anchor.extend(from: tip, arrivals: sync.arrival) { proves($0, $1) }
      self.anchor = anchor
      guard let arrival = sync.take(after: tip.height) else { break }
      switch adopt(arrival, &turn) {
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
  private mutating func adopt(
    _ arrival: BlockSync.Arrival,
    _ turn: inout Turn
  ) -> Adoption {
    let (block, height) = (arrival.block, tip.height + 1)
    var certificate = arrival.certificate
    if anchor.isKnown(block.identifier, at: height) {
      // The certificate of this block was not checked. The next block, whose identifier is known to be right,
      // contains a certificate that its validators have checked.
      if let next = sync.arrival(at: height + 1), anchor.isKnown(next.block.identifier, at: height + 1),
        let checked = next.block.lastCertificate
      {
        certificate = checked
      } else if !proves(certificate, tip.validators) {
        return .wrong
      }
    } else {
      guard block.header.height == height, proves(certificate, tip.validators) else { return .wrong }
    }
    guard case .valid(let valid) = verdict(on: block) else {
      // A quorum decided the block, so the sender is not at fault. This node cannot go on and stays at its
      // height.
      alarms.append(.invalidCommit(certificate))
      turn.effects.append(.alarm(.invalidCommit(certificate)))
      return .unacceptable
    }
    anchor.forget(through: height)
    commit(valid, certificate, isWitnessed: false, &turn)
    return .committed
  }

  /// Whether a quorum of `validators` has signed the certificate.
  private func proves(_ certificate: Certificate, _ validators: ValidatorSet) -> Bool {
    do {
      try validators.verify(certificate, chain: rules.chain, using: configuration.checks)
      return true
    } catch {
      return false
    }
  }
}
