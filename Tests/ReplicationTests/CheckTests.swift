import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives
import Testing

@testable import Replication

/// What is checked once is not checked again, and what is false is refused, whoever knows what.
struct CheckTests {
  private let meters = (0..<4).map { _ in CheckMeter() }
  private let hashes = (0..<4).map { _ in HashMeter() }
  private let quartet: Quartet
  private let world: World

  init() throws {
    let world = try World(validators: 4)
    self.world = world
    let meters = meters
    quartet = try Quartet(world) { meters[$0].checks }
    for (node, meter) in zip(quartet.nodes, hashes) { node.hashes = meter }
    for transaction in world.registration() {
      for node in quartet.nodes { #expect(node.admit(transaction) == .accepted) }
      let isCommitted = quartet.run { quartet in
        quartet.nodes.allSatisfy { $0.receipt(of: transaction) != nil }
      }
      #expect(isCommitted)
    }
  }

  private var time: Timestamp { quartet.nodes[0].store.tip.time }

  /// A packet of gossip arrives as bytes, as its transport gives them.
  private func gossip(_ object: SignedObject, to node: Int, from peer: Int) throws {
    var packet = Packet()
    packet.objects = [object]
    let sent = GossipMessage.packet(packet)
    let message = try hashes[node].counting {
      try GossipMessage(kind: sent.kind, bytes: sent.encoded, chain: world.genesis.chain)
    }
    quartet.nodes[node].step(.gossip(message, from: quartet.nodes[peer].name))
  }

  /// A user of the node submits an object.
  private func publish(_ object: SignedObject, at node: Int) throws {
    let object = try hashes[node].counting {
      try SignedObject(decoding: object.encoded, chain: world.genesis.chain)
    }
    #expect(object.isAuthentic(on: world.genesis.chain, by: meters[node].checks))
    quartet.nodes[node].step(.published(object, Ticket(1)))
  }

  /// The transaction's bytes come from a peer, or from a user of the node (`peer` is nil).
  private func transact(_ transaction: Transaction, at node: Int, from peer: Int?) throws {
    let transaction = try hashes[node].counting {
      try meters[node].checks.transaction(
        transaction.encoded,
        hash: .sha256(transaction.encoded),
        on: world.genesis.chain
      )
    }
    guard let peer else {
      quartet.nodes[node].admit(transaction)
      return
    }
    quartet.nodes[node].step(.transactions([transaction], from: quartet.nodes[peer].name))
  }

  @Test func `an order, a bid and a transaction are checked once, whatever way they come`() throws {
    let order = world.order(at: time)
    let bid = world.bid(on: order, at: time)
    let agreement = world.agreement(order, bid)
    // 0: from a user, then back by gossip. 1: by gossip, from two peers. 2: by gossip, after its bid. 3: in the block alone.
    try publish(order, at: 0)
    try publish(bid, at: 0)
    for object in [order, bid] {
      try gossip(object, to: 0, from: 1)
      try gossip(object, to: 1, from: 0)
      try gossip(object, to: 1, from: 2)
    }
    try gossip(bid, to: 2, from: 1)
    try gossip(order, to: 2, from: 1)
    for node in quartet.nodes.prefix(3) { #expect(node.replica.book.bids(for: order.identifier).count == 1) }
    try transact(agreement, at: 0, from: nil)
    try transact(agreement, at: 1, from: 0)
    let isAgreed = quartet.run { quartet in
      quartet.nodes.allSatisfy { $0.receipt(of: agreement) != nil }
    }
    #expect(isAgreed)
    for node in quartet.nodes { #expect(node.receipt(of: agreement)?.isSuccess == true) }
    // All of it once more, after the block.
    for node in 0..<4 {
      let peer = (node + 1) % 4
      try gossip(order, to: node, from: peer)
      try gossip(bid, to: node, from: peer)
      try transact(agreement, at: node, from: peer)
    }
    for (index, meter) in meters.enumerated() {
      #expect(meter.count(order) == 1, "node \(index)")
      #expect(meter.count(bid) == 1, "node \(index)")
      #expect(meter.count(agreement) == 1, "node \(index)")
    }
  }

  @Test func `bytes are hashed once for each time that they arrive, and never again inside`() throws {
    let order = world.order(at: time)
    let bid = world.bid(on: order, at: time)
    let agreement = world.agreement(order, bid)
    for node in 0..<3 {
      for object in [order, bid] { try gossip(object, to: node, from: 3) }
      try transact(agreement, at: node, from: 3)
    }
    let isAgreed = quartet.run { quartet in
      quartet.nodes.allSatisfy { $0.receipt(of: agreement) != nil }
    }
    #expect(isAgreed)
    for (index, meter) in hashes.enumerated() {
      // In the packet and in the agreement; the last node sees the agreement alone.
      let arrivals = index < 3 ? 2 : 1
      #expect(meter.count(order.body) == arrivals, "node \(index)")
      #expect(meter.count(bid.body) == arrivals, "node \(index)")
      // By itself, or in the proposer's answer to who lacked it: the proposal names it by its hash.
      #expect(meter.count(agreement.encoded) == 1, "node \(index)")
    }
  }

  @Test(arguments: [SignedObject.Kind.order, .bid])
  func `an agreement with a forged signature is refused by all, also by who knows the true object`(
    _ kind: SignedObject.Kind
  ) throws {
    let order = world.order(at: time)
    let bid = world.bid(on: order, at: time)
    // One node of four has the true order and its bid.
    try gossip(order, to: 0, from: 1)
    try gossip(bid, to: 0, from: 1)
    let agreement =
      kind == .order
      ? world.agreement(try world.forged(order), bid) : world.agreement(order, try world.forged(bid))
    for node in quartet.nodes {
      guard case .rejected(let rejection) = node.admit(agreement) else {
        Issue.record("the mempool takes it")
        continue
      }
      #expect(rejection == Self.rejection(kind))
    }
    // A liar proposes it all the same.
    for node in quartet.nodes {
      let outcome = node.replica.mempool.insert(agreement, expected: 1, at: node.store.tip.height)
      #expect(outcome == .added)
    }
    // One more, so that the state after it is in a header that all have signed.
    for node in quartet.nodes { node.admit(world.transfer(2)) }
    let isCommitted = quartet.run { quartet in
      quartet.nodes.allSatisfy { $0.receipt(of: agreement) != nil && $0.store.tip.height >= 5 }
    }
    #expect(isCommitted)
    let receipts = quartet.nodes.map { $0.receipt(of: agreement) }
    #expect(receipts.allSatisfy { $0 == receipts[0] && $0?.isSuccess == false })
    let lowest = try #require(quartet.nodes.map(\.store.tip.height).min())
    #expect(Set(quartet.nodes.map { $0.contents[lowest]?.tip.stateRoot }).count == 1)
    for node in quartet.nodes { #expect(node.alarms.isEmpty && node.faults.isEmpty) }
  }

  private static func rejection(_ kind: SignedObject.Kind) -> Rejection {
    kind == .order ? .order(.orderSignature) : .order(.bidSignature(provider: World.provider.address))
  }
}
