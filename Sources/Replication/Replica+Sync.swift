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
    peers[peer]?.status = status
    sync.statusArrived(from: peer, height: status.committed, base: status.base)
    if let standing = status.standing {
      stepConsensus(.peerStatus(peer: peer, standing), at: clock, &effects)
    }
    requestBlocks(at: clock, &effects)
  }

  /// Asks for blocks that peers have and this node lacks.
  mutating func requestBlocks(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard isStarted, sync.claimedHeight > tip.height else { return }
    for request in sync.requests(committed: tip.height, at: clock.now) {
      effects.append(.send(.blocksRequest(from: request.from, count: request.count), to: request.peer))
    }
  }

  mutating func receive(
    _ blocks: [CommittedBlock],
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    var heights: [(height: Height, block: CommittedBlock)] = []
    for block in blocks.prefix(Int(BlockSync.batch)) {
      guard let certificate = try? Certificate(decoding: block.certificate) else {
        return fault(peer, .malformedFrame, at: clock, &effects)
      }
      heights.append((certificate.height, block))
    }
    guard sync.responseArrived(from: peer, heights: heights, committed: tip.height) else { return }
    while let (block, sender) = sync.take(after: tip.height) {
      guard adopt(block, at: clock, &effects) else {
        sync.reject(sender, at: clock.now)
        fault(sender, .malformedObject, at: clock, &effects)
        break
      }
    }
    requestBlocks(at: clock, &effects)
  }

  /// Commits a block that a quorum decided elsewhere; false when block or certificate do not hold.
  ///
  /// The consensus machine learns of it by `beginHeight`; it never signs for a height that is over.
  private mutating func adopt(
    _ committed: CommittedBlock,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) -> Bool {
    guard let certificate = try? Certificate(decoding: committed.certificate),
      let block = try? Block(decoding: committed.block), certificate.kind == .precommit,
      certificate.height == tip.height + 1, certificate.block == block.identifier
    else { return false }
    do {
      try tip.validators.verify(certificate, chain: rules.chain, using: configuration.signatures.check)
    } catch {
      return false
    }
    guard case .valid(let valid) = verdict(on: block) else {
      // A quorum committed what is invalid here: not the sender's fault, and nothing that this node can repair.
      effects.append(.alarm(.invalidCommit(certificate)))
      return false
    }
    commit(valid, certificate, at: clock, &effects)
    return true
  }
}
