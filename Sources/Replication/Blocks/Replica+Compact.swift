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
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard isWorthReading(proposal, from: peer, at: clock, &effects) else { return }
    guard block.identifier == proposal.block else { return fault(peer, .malformedFrame, at: clock, &effects) }
    if block.header.height > tip.height, candidates[block.identifier] == nil,
      candidates.assembly(of: block.identifier) == nil
    {
      assemble(block, from: peer, at: clock, &effects)
    }
    propose(proposal, block.header, at: clock, &effects)
  }

  private mutating func assemble(
    _ block: CompactBlock,
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    let assembly = Candidates.Assembly(
      block: block,
      transactions: block.transactionHashes.map { mempool[$0]?.encoded },
      source: peer
    )
    let missing = assembly.missing
    guard !missing.isEmpty else {
      return adopt(block.filled(with: assembly.transactions.compactMap(\.self)), at: clock, &effects)
    }
    guard candidates.begin(assembly) else { return }
    effects.append(.send(.missingRequest(block: block.identifier, places: missing), to: peer))
    effects.append(.schedule(.assembly(block.identifier), after: Self.assemblyPatience))
  }

  /// A round trip around the world, and the sending.
  private static var assemblyPatience: Interval { .milliseconds(400) }

  mutating func serve(
    _ places: [UInt32],
    of identifier: Digest,
    to peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
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
    guard peers[peer]?.supplied.take(size, at: clock.now) == true else { return }
    effects.append(.send(.missingTransactions(block: identifier, transactions), to: peer))
  }

  mutating func receiveMissing(
    _ transactions: [[UInt8]],
    of identifier: Digest,
    from peer: PeerID,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) {
    guard var assembly = candidates.assembly(of: identifier), assembly.source == peer else { return }
    let places = assembly.missing
    let isComplete =
      transactions.count == places.count
      && zip(transactions, places).allSatisfy { bytes, place in
        Digest.sha256(bytes) == assembly.block.transactionHashes[Int(place)]
      }
    guard isComplete else {
      fault(peer, .malformedFrame, at: clock, &effects)
      return endAssembly(of: identifier, at: clock, &effects)
    }
    for (bytes, place) in zip(transactions, places) { assembly.transactions[Int(place)] = bytes }
    adopt(assembly.block.filled(with: assembly.transactions.compactMap(\.self)), at: clock, &effects)
  }

  /// Gives up on the proposer; if consensus waits for the block, others are asked.
  mutating func endAssembly(of identifier: Digest, at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard let assembly = candidates.endAssembly(of: identifier),
      candidates.satisfied(identifier)
    else { return }
    fetch(identifier, assembly.block.header.height, at: clock, &effects)
  }
}
