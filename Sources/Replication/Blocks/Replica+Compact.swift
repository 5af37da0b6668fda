import Chain
import Consensus
import Cryptography
import Gossip
import Primitives

/// Proposals that name transactions by their hashes: most are here already, the others are asked for.
///
/// What is missing costs one round trip to the proposer. Where the answer does not come, the block is fetched whole
/// from whoever has it, as one that is known from votes alone.
extension Replica {
  mutating func receive(
    _ proposal: Proposal,
    _ block: CompactBlock,
    from peer: PeerID,
    _ turn: inout Turn
  ) {
    guard isWorthReading(proposal, from: peer, &turn) else { return }
    guard block.identifier == proposal.block else { return fault(peer, .malformedFrame, &turn) }
    if block.header.height > tip.height, candidates[block.identifier] == nil,
      candidates.assembly(of: block.identifier) == nil
    {
      assemble(block, from: peer, &turn)
    }
    propose(proposal, block.header, &turn)
  }

  private mutating func assemble(
    _ block: CompactBlock,
    from peer: PeerID,
    _ turn: inout Turn
  ) {
    let assembly = Candidates.Assembly(
      block: block,
      transactions: block.transactionHashes.map { mempool[$0]?.encoded },
      source: peer
    )
    let missing = assembly.missing
    guard !missing.isEmpty else {
      return adopt(block.filled(with: assembly.transactions.compactMap(\.self)), &turn)
    }
    guard candidates.begin(assembly) else { return }
    turn.effects.append(.send(.missingRequest(block: block.identifier, places: missing), to: [peer]))
    turn.effects.append(.schedule(.assembly(block.identifier), after: Self.assemblyPatience))
  }

  /// A round trip around the world, and the sending.
  private static var assemblyPatience: Interval { .milliseconds(400) }

  mutating func serve(
    _ places: [UInt32],
    of identifier: Digest,
    to peer: PeerID,
    _ turn: inout Turn
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
    guard peers[peer]?.supplied.take(size, at: turn.now) == true else { return }
    turn.effects.append(.send(.missingTransactions(block: identifier, transactions), to: [peer]))
  }

  mutating func receiveMissing(
    _ transactions: [[UInt8]],
    of identifier: Digest,
    from peer: PeerID,
    _ turn: inout Turn
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
    adopt(assembly.block.filled(with: assembly.transactions.compactMap(\.self)), &turn)
  }

  /// Gives up on the proposer; if consensus waits for the block, others are asked.
  mutating func endAssembly(of identifier: Digest, _ turn: inout Turn) {
    guard let assembly = candidates.endAssembly(of: identifier),
      candidates.satisfied(identifier)
    else { return }
    fetch(identifier, assembly.block.header.height, &turn)
  }
}
