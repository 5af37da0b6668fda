import Chain
import Consensus
import Cryptography
import Gossip
import Primitives
import Testing

@testable import Replication

/// A validator that ends at any moment takes its height up from what its log holds.
struct RestoreTests {
  private static func height(of record: ReplicaRecord) -> Height? {
    guard case .input(let record) = record, case .beginHeight(let start) = record.input else { return nil }
    return start.height
  }

  @Test func `from every prefix of its log a replica never asks for a second signature at a place`() throws {
    let quartet = try Quartet()
    // The first validator misses half of what the others say: rounds fail, locks and polkas come and go.
    var generator = SeededGenerator(seed: 11)
    quartet.isCut = { _, to in to == 0 && generator.next(below: 100) < 40 }
    #expect(quartet.run { $0.nodes[0].store.tip.height >= 6 })
    let node = quartet.nodes[0]
    var prefixes = 0
    for height in node.contents.keys.sorted() {
      guard let contents = node.contents[height],
        let start = node.records.firstIndex(where: { Self.height(of: $0) == height + 1 })
      else { continue }
      let end = node.records.firstIndex { Self.height(of: $0) == height + 2 } ?? node.records.count
      for cut in start...end {
        prefixes += 1
        let records = Array(node.records[0..<cut])
        let again = Harness(quartet.world, key: nil, contents: contents)
        again.replica = Harness.replica(quartet.world, node.key, store: again.store, name: node.name)
        again.step(.recovered(log: records, evidence: []))
        again.step(.started)
        try check(again.requests, against: node.released)
      }
    }
    #expect(prefixes > 50)
  }

  /// What is asked for again is what was released, or nothing was released there.
  private func check(_ requests: [SigningRequest], against released: [SignedMessage]) throws {
    for request in requests {
      for message in released {
        guard let place = Self.place(of: message),
          place.height == request.height, place.round == request.round, place.kind == request.kind
        else { continue }
        // A fresh proposal is built anew when its block was not logged: the guard refuses it.
        if request.kind == .proposal { continue }
        #expect(place.body == request.signBody, "\(request.kind) of \(request.height)/\(request.round)")
      }
    }
  }

  private static func place(
    of message: SignedMessage
  ) -> (height: Height, round: Round, kind: SigningRequest.Kind, body: [UInt8])? {
    switch message {
    case .proposal(let proposal): (proposal.height, proposal.round, .proposal, proposal.signBody)
    case .vote(let vote):
      (vote.height, vote.round, vote.kind == .prevote ? .prevote : .precommit, vote.signBody)
    }
  }

  @Test func `four replicas agree, and one that starts again from its log goes on with them`() throws {
    let quartet = try Quartet()
    #expect(quartet.run { $0.nodes.allSatisfy { $0.store.tip.height >= 3 } })
    let node = quartet.nodes[2]
    node.replica = Harness.replica(quartet.world, node.key, store: node.store, name: node.name)
    node.step(.recovered(log: node.records, evidence: []))
    node.step(.started)
    for peer in quartet.nodes where peer !== node { node.connect(peer.name) }
    #expect(quartet.run { $0.nodes.allSatisfy { $0.store.tip.height >= 6 } })
    let tips = quartet.nodes.map { $0.contents[6]?.tip }
    #expect(Set(tips.map { $0?.block }).count == 1)
    #expect(Set(tips.map { $0?.stateRoot }).count == 1)
    for node in quartet.nodes { #expect(node.faults.isEmpty && node.alarms.isEmpty) }
  }
}
