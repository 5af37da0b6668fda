import Chain
import Consensus
import Cryptography
import Gossip
import Primitives

/// Proposals with compact blocks, which name transactions by their hashes. Most of the transactions are in
/// the mempool already.
///
/// The node asks the sender for the missing ones, which costs one round trip. If the answer does not come,
/// the node fetches the whole block from any validator, like a block that it knows only from votes.
extension Replica {
  mutating func receive(
    _ proposal: Proposal,
    _ block: CompactBlock,
    from peer: PeerID,
    _ turn: inout ReplicaTurn
  ) {
    guard verifyProposal(proposal, from: peer, &turn) else { return }
    guard block.identifier == proposal.block else { return fault(peer, .malformedFrame, &turn) }
    if block.header.height > tip.height, candidates[block.identifier] == nil,
      candidates.assembly(of: block.identifier) == nil
    {
      assemble(block, from: peer, &turn)
    }
    submitProposal(proposal, block.header, &turn)
  }

  private mutating func assemble(_ block: CompactBlock, from peer: PeerID, _ turn: inout ReplicaTurn) {
    let assembly = Candidates.Assembly(
      block: block,
      transactions: block.transactionHashes.map { mempool[$0]?.encoded },
      source: peer
    )
    let missing = assembly.missing
    guard !missing.isEmpty else {
      return addCandidate(block.filled(with: assembly.transactions.compactMap(\.self)), &turn)
    }
    guard candidates.beginAssembly(assembly) else { return }
    turn.effects.append(.send(.missingRequest(block: block.identifier, places: missing), to: [peer]))
    turn.effects.append(.schedule(.assembly(block.identifier), after: Self.assemblyTimeout))
  }

  /// How long to wait for missing transactions: a round trip between the most distant regions and the time to
  /// send them.
  private static var assemblyTimeout: Interval { .milliseconds(400) }

  /// Sends a peer the transactions at `places` of a proposed block. Does nothing when the block is unknown,
  /// the places are not ascending or out of range, or the peer has used up its allowance.
  mutating func serveTransactions(
    _ places: [UInt32],
    of identifier: Digest,
    to peer: PeerID,
    _ turn: inout ReplicaTurn
  ) {
    guard let block = candidates[identifier]?.block else { return }
    var transactions: [[UInt8]] = []
    var size = 0
    var next: UInt32 = 0
    for place in places {
      guard place >= next, let transaction = block.transactions.dropFirst(Int(place)).first else { return }
      transactions.append(transaction)
      size += transaction.count
      next = place + 1
    }
    guard peers[peer]?.servingLimiter.take(size, at: turn.now) == true else { return }
    turn.effects.append(.send(.missingTransactions(block: identifier, transactions), to: [peer]))
  }

  /// Completes a compact block with the transactions that its sender was asked for. An incomplete or wrong
  /// answer is a fault of the peer.
  mutating func receiveMissing(
    _ transactions: [[UInt8]],
    of identifier: Digest,
    from peer: PeerID,
    _ turn: inout ReplicaTurn
  ) {
    guard var assembly = candidates.assembly(of: identifier), assembly.source == peer else { return }
    let places = assembly.missing
    let isComplete =
      transactions.count == places.count
      && zip(transactions, places).allSatisfy { bytes, place in
        Digest.sha256(bytes) == assembly.block.transactionHashes[Int(place)]
      }
    guard isComplete else {
      fault(peer, .malformedFrame, &turn)
      return endAssembly(of: identifier, &turn)
    }
    for (bytes, place) in zip(transactions, places) { assembly.transactions[Int(place)] = bytes }
    addCandidate(assembly.block.filled(with: assembly.transactions.compactMap(\.self)), &turn)
  }

  /// Stops waiting for the transactions of a compact block. If consensus waits for the block, all validators
  /// are asked for it.
  mutating func endAssembly(of identifier: Digest, _ turn: inout ReplicaTurn) {
    guard let assembly = candidates.endAssembly(of: identifier), candidates.wanted.remove(identifier) != nil
    else { return }
    fetch(identifier, assembly.block.header.height, &turn)
  }
}
