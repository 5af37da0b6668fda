import Chain
import Consensus
import Cryptography
import Gossip
import Primitives

extension Replica {
  mutating func receive(
    _ status: PeerStatus,
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    let isHeeded = peers.note(status, from: peer, at: clock.now)
    sync.statusArrived(
      from: peer,
      height: status.committed,
      base: status.base,
      at: clock.now
    )
    guard isHeeded else { return armSync(&effects) }
    if let standing = status.standing {
      stepConsensus(.peerStatus(peer: peer, standing), at: clock, &effects)
    }
    if status.committed > tip.height { requestBlocks(at: clock, &effects) }
  }

  /// Asks for blocks that peers have and this node lacks.
  mutating func requestBlocks(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard isStarted, sync.claimedHeight > tip.height, alarms.isEmpty, missingVersion == nil else { return }
    // A slow disk slows the node down instead of filling its memory.
    guard tip.height < durableHeight + Self.unwrittenLimit else { return }
    armSync(&effects)
    for request in sync.requests(committed: tip.height, decides: ownAddress != nil, at: clock.now) {
      effects.append(.send(.blocksRequest(from: request.from, count: request.count), to: request.peer))
    }
  }

  /// Looks again soon while peers are ahead: one may have to be given up, or another one asked, without any message
  /// saying so.
  private mutating func armSync(_ effects: inout [ReplicaEffect]) {
    guard isStarted, sync.claimedHeight > tip.height, !isSyncArmed else { return }
    isSyncArmed = true
    effects.append(.schedule(.sync, after: .milliseconds(100)))
  }

  /// Blocks that may wait for the disk before more are asked for.
  private static var unwrittenLimit: Height { 64 }

  mutating func receive(
    _ blocks: [CommittedBlock],
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    var read: [(block: Block, certificate: Certificate)] = []
    for committed in blocks.prefix(Int(BlockSync.batch)) {
      guard let block = try? configuration.reading.block(committed.block),
        let certificate = try? configuration.reading.certificate(committed.certificate),
        certificate.isCommit(of: block)
      else {
        return fault(peer, .malformedFrame, at: clock, &effects)
      }
      read.append((block, certificate))
    }
    guard sync.responseArrived(from: peer, blocks: read, committed: tip.height, at: clock.now) else { return }
    adoptArrivals(at: clock, &effects)
    requestBlocks(at: clock, &effects)
  }

  /// Commits the blocks whose turn has come.
  private mutating func adoptArrivals(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    while alarms.isEmpty, missingVersion == nil {
      var anchor = self.anchor
      anchor.extend(from: tip, arrivals: sync.arrival) { proves($0, $1) }
      self.anchor = anchor
      guard let arrival = sync.take(after: tip.height) else { break }
      switch adopt(arrival, at: clock, &effects) {
      case .committed: continue
      case .wrong:
        sync.reject(arrival.from, at: clock.now)
        fault(arrival.from, .malformedObject, at: clock, &effects)
      case .unacceptable: return
      }
    }
  }

  private enum Adoption {
    case committed
    /// Nobody decided it: the sender lies.
    case wrong
    /// A quorum decided what is invalid here.
    case unacceptable
  }

  /// Commits a block that a quorum decided elsewhere.
  ///
  /// The consensus machine learns of it by `beginHeight`; it never signs for a height that is over.
  private mutating func adopt(
    _ arrival: BlockSync.Arrival,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) -> Adoption {
    let (block, height) = (arrival.block, tip.height + 1)
    var certificate = arrival.certificate
    if anchor.isKnown(block.identifier, at: height) {
      // The sender's certificate was not looked at; the next block carries one that its validators did look at.
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
      // Not the sender's fault, and nothing that this node can repair: it stays where it is.
      alarms.append(.invalidCommit(certificate))
      effects.append(.alarm(.invalidCommit(certificate)))
      return .unacceptable
    }
    anchor.forget(through: height)
    commit(valid, certificate, isWitnessed: false, at: clock, &effects)
    return .committed
  }

  private func proves(_ certificate: Certificate, _ validators: ValidatorSet) -> Bool {
    do {
      try configuration.signatures.verify(certificate, by: validators, chain: rules.chain)
      return true
    } catch {
      return false
    }
  }
}
