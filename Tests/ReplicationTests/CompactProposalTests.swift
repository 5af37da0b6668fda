import Chain
import Consensus
import Cryptography
import Gossip
import Primitives
import Testing

@testable import Replication

/// Proposals name transactions by their hashes. The four validators hear of no transaction but through `admit`.
struct CompactProposalTests {
  private static func requests(_ quartet: Quartet) -> [[UInt32]] {
    quartet.delivered.compactMap { delivery in
      guard case .missingRequest(_, let places) = delivery.message else { return nil }
      return places
    }
  }

  private static func wholeBlocks(_ quartet: Quartet) -> Int {
    quartet.delivered.count { delivery in
      switch delivery.message {
      case .candidate, .proposal: true
      default: false
      }
    }
  }

  /// Every node commits all `count` transfers of the world's tenant.
  private static func commits(_ count: UInt64, _ quartet: Quartet) -> Bool {
    quartet.run { quartet in
      quartet.nodes.allSatisfy { $0.replica.nextSequence(of: quartet.world.tenant.address) == count }
        && quartet.nodes.allSatisfy { $0.replica.mempool.isEmpty }
    }
  }

  @Test func `who holds a block's transactions asks for nothing and is sent none`() throws {
    let quartet = try Quartet()
    for sequence in 0..<10 as Range<UInt64> {
      for node in quartet.nodes { node.admit(quartet.world.transfer(sequence)) }
    }
    #expect(Self.commits(10, quartet))
    #expect(Self.requests(quartet).isEmpty)
    #expect(Self.wholeBlocks(quartet) == 0)
    #expect(quartet.delivered.contains { if case .compactProposal = $0.message { true } else { false } })
  }

  @Test func `who lacks some asks the proposer for those and no others`() throws {
    let quartet = try Quartet()
    for sequence in 0..<6 as Range<UInt64> {
      // The last validator heard of the first four only; so its proposal, if its turn is first, has four.
      for node in quartet.nodes.prefix(sequence < 4 ? 4 : 3) { node.admit(quartet.world.transfer(sequence)) }
    }
    #expect(Self.commits(6, quartet))
    #expect(Self.wholeBlocks(quartet) == 0)
    for places in Self.requests(quartet) { #expect(places == [4, 5] || places == [0, 1]) }
    for node in quartet.nodes { #expect(node.faults.isEmpty) }
  }

  @Test(arguments: [true, false])
  func `a block whose transactions do not come is fetched whole from those who have it`(isAnswered: Bool)
    throws
  {
    let quartet = try Quartet()
    for sequence in 0..<5 as Range<UInt64> {
      for node in quartet.nodes.dropLast() { node.admit(quartet.world.transfer(sequence)) }
    }
    // With the third cut off, nothing is decided without the last.
    quartet.isCut = { from, to in from == 2 || to == 2 }
    quartet.alter = { message, _ in
      guard case .missingTransactions(let block, let transactions) = message else { return message }
      guard isAnswered else { return nil }
      return .missingTransactions(block: block, transactions.map { $0.reversed() })
    }
    let tenant = quartet.world.tenant.address
    #expect(
      quartet.run { quartet in
        [0, 1, 3].allSatisfy { quartet.nodes[$0].replica.nextSequence(of: tenant) == 5 }
          && quartet.nodes[0].replica.mempool.isEmpty
      }
    )
    #expect(!Self.requests(quartet).isEmpty)
    #expect(Self.wholeBlocks(quartet) > 0)
    #expect(quartet.nodes[3].faults == (isAnswered ? [.malformedFrame] : []))
    for node in quartet.nodes.dropLast() { #expect(node.faults.isEmpty) }
  }

  @Test func `places that do not ascend, or that the block does not have, are not served`() throws {
    let world = try World(validators: 4)
    let node = Harness(world, key: Self.voter(world))
    node.step(.started)
    let block = Self.block(world, transactions: (0..<3).map { world.transfer($0).encoded })
    node.connect(World.key(90).publicKey)
    node.step(.message(Self.proposal(of: block, world), from: World.key(90).publicKey))
    for places in [[3], [1, 1], [2, 0], [UInt32.max]] as [[UInt32]] {
      node.sent = []
      node.step(
        .message(.missingRequest(block: block.identifier, places: places), from: World.key(90).publicKey)
      )
      #expect(node.sent.isEmpty, "\(places)")
    }
    node.step(
      .message(.missingRequest(block: block.identifier, places: [0, 2]), from: World.key(90).publicKey)
    )
    guard case .missingTransactions(block.identifier, let served)? = node.sent.last?.message else {
      Issue.record("nothing was served")
      return
    }
    #expect(served == [block.transactions[0], block.transactions[2]])
  }

  @Test func `a block with one forged transaction gets no vote`() throws {
    let world = try World(validators: 4)
    var forged = world.transfer(1).encoded
    forged[forged.count - 1] ^= 1
    for (transactions, isGood) in [
      ([world.transfer(0).encoded], true), ([world.transfer(0).encoded, forged], false),
    ] {
      let node = Harness(world, key: Self.voter(world))
      node.step(.started)
      let block = Self.block(world, transactions: transactions)
      node.connect(World.key(90).publicKey)
      node.step(.message(Self.proposal(of: block, world), from: World.key(90).publicKey))
      let votes = node.released.compactMap { if case .vote(let vote) = $0 { vote } else { nil } }
      #expect(votes.map(\.block) == [isGood ? block.identifier : nil])
    }
  }

  // MARK: Made by hand

  private static func block(_ world: World, transactions: [[UInt8]]) -> Block {
    let header = Header(on: world.origin.tip, milliseconds: 1)
    return Block(header: header, transactions: transactions, evidence: [], lastCertificate: nil)
  }

  /// Signed by the proposer of the first round.
  private static func proposal(of block: Block, _ world: World) -> PeerMessage {
    let set = world.origin.tip.validators
    let index = set.proposer(round: 0)
    let key = world.validators.first { $0.publicKey == set[index]!.key }!
    func sign(_ body: [UInt8]) -> Signature {
      key.sign(domain: .proposal, chain: world.genesis.chain.text, body)
    }
    var proposal = Proposal(
      height: 1,
      round: 0,
      validRound: nil,
      block: block.identifier,
      validator: index,
      signature: sign([])
    )
    proposal.signature = sign(proposal.signBody)
    return .proposal(proposal, block: block.encoded)
  }

  /// A validator whose turn it is not.
  private static func voter(_ world: World) -> SigningKey {
    let set = world.origin.tip.validators
    return world.validators.first { $0.publicKey != set[set.proposer(round: 0)]!.key }!
  }
}
