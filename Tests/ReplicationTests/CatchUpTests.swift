import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives
import Testing

@testable import Replication

/// A replica that is behind, and peers that tell the truth or do not.
struct CatchUpTests {
  private static let good = World.key(71).publicKey
  private static let liar = World.key(72).publicKey

  /// Answers what a follower asks for with what `serve` makes of the chain's blocks.
  static func serve(
    _ follower: Harness,
    _ chain: [CommittedBlock],
    _ peers: [PeerID],
    serve: (PeerID, [CommittedBlock]) -> [CommittedBlock]? = { $1 }
  ) {
    for peer in peers {
      follower.connect(peer, role: .full)
      follower.step(.message(.status(PeerStatus(committed: Height(chain.count), base: 1)), from: peer))
    }
    for _ in 0..<1_000 where follower.store.tip.height < Height(chain.count) {
      let asked = follower.sent
      follower.sent = []
      var isAnswered = false
      for (message, peer) in asked {
        guard case .blocksRequest(let from, let count) = message else { continue }
        let end = min(Int(from) - 1 + Int(count), chain.count)
        guard let blocks = serve(peer, Array(chain[Int(from) - 1..<end])) else { continue }
        isAnswered = true
        follower.step(.message(.blocksResponse(blocks), from: peer))
      }
      if !isAnswered {
        let next = follower.now + .milliseconds(100)
        follower.run(for: .seconds(70)) { $0.now >= next }
      }
    }
  }

  @Test func `a new node reaches the tip of a chain, to the same state`() throws {
    let world = try World(validators: 1)
    let maker = Harness.chain(world, heights: 100)
    let follower = Harness(world, key: nil)
    follower.step(.started)
    Self.serve(follower, maker.store.blocks, [Self.good, Self.liar])
    #expect(follower.store.tip == maker.store.tip)
    #expect(follower.faults.isEmpty)
    #expect(follower.store.blocks.map(\.certificate) == maker.store.blocks.map(\.certificate))
  }

  @Test func `a run of blocks costs the check of one certificate`() throws {
    let world = try World(validators: 1)
    let maker = Harness.chain(world, heights: 96)
    let meter = CheckMeter()
    let follower = Harness(world, key: nil, checks: Checks(checkSignature: meter.checkSignature))
    follower.step(.started)
    Self.serve(follower, maker.store.blocks, [Self.good])
    #expect(follower.store.tip.height == 96)
    // Three answers of 32 blocks; the highest of each is looked at twice.
    let checks = meter.count { $0 != nil }
    #expect(checks <= 8, "\(checks) checks for 96 blocks of one signature each")
  }

  @Test func `a change of validators is crossed with a check of its own`() throws {
    let world = try World(validators: 1)
    let maker = Harness(world, key: world.validators[0], name: 60)
    maker.step(.started)
    #expect(maker.run { $0.store.tip.height >= 5 })
    // More stake behind the only validator: another power, another set.
    let delegate = Action.delegate(
      delegator: world.tenant.address,
      validator: world.validators[0].address,
      amount: Coin(5_000_000_000, .uakt)
    )
    let draft = TransactionDraft(actions: [delegate], sequence: 0, fee: Fee(amount: Coin(10, .uakt)))
    #expect(maker.admit(draft.signed(by: world.tenant, chain: world.genesis.chain)) == .accepted)
    #expect(maker.run(for: .seconds(300)) { $0.store.tip.height >= 30 })
    #expect(maker.store.tip.validators.totalPower == 6_000)
    let follower = Harness(world, key: nil)
    follower.step(.started)
    Self.serve(follower, maker.store.blocks, [Self.good])
    #expect(follower.store.tip == maker.store.tip)
    #expect(follower.alarms.isEmpty)
  }

  /// Ways to lie about one block of an answer.
  enum Lie: CaseIterable {
    case otherBlock, otherCertificate, swappedCertificate, truncated, nothing, silence, reversed
  }

  private static func lie(_ lie: Lie, _ blocks: [CommittedBlock]) -> [CommittedBlock]? {
    var blocks = blocks
    let middle = blocks.count / 2
    switch lie {
    case .otherBlock:
      guard let block = try? Block(decoding: blocks[middle].block),
        var certificate = try? Certificate(decoding: blocks[middle].certificate)
      else { return nil }
      var header = block.header
      header.time = header.time.advanced(byMilliseconds: 1)
      let other = Block(
        header: header,
        transactions: block.transactions,
        evidence: [],
        lastCertificate: block.lastCertificate
      )
      certificate.block = other.identifier
      blocks[middle] = CommittedBlock(block: other.encoded, certificate: certificate.encoded)
    case .otherCertificate:
      for index in blocks.indices {
        guard var certificate = try? Certificate(decoding: blocks[index].certificate) else { return nil }
        certificate.round += 1
        blocks[index].certificate = certificate.encoded
      }
    case .swappedCertificate: blocks[middle].certificate = blocks[0].certificate
    case .truncated: blocks[middle].block.removeLast()
    case .nothing: return []
    case .silence: return nil
    case .reversed: blocks.reverse()
    }
    return blocks
  }

  @Test(arguments: Lie.allCases)
  func `a lying peer delays, and is found out by what it sent`(_ lie: Lie) throws {
    let world = try World(validators: 1)
    let maker = Harness.chain(world, heights: 80)
    let follower = Harness(world, key: nil)
    follower.step(.started)
    Self.serve(follower, maker.store.blocks, [Self.good, Self.liar]) { peer, blocks in
      peer == Self.liar ? Self.lie(lie, blocks) : blocks
    }
    #expect(follower.store.tip == maker.store.tip)
    #expect(follower.alarms.isEmpty)
    // What nobody can tell from a slow or a pruned node is no fault.
    let isProvable = [.otherBlock, .swappedCertificate, .truncated].contains(lie)
    if isProvable { #expect(!follower.faults.isEmpty) }
    if [.nothing, .silence, .reversed].contains(lie) { #expect(follower.faults.isEmpty) }
    // What the follower would pass on is good.
    for (height, stored) in follower.store.blocks.enumerated() {
      let certificate = try Certificate(decoding: stored.certificate)
      try world.checkCommit(certificate, at: Height(height + 1), in: maker)
    }
  }

  @Test
  func `a node that has deleted old blocks tells peers from where on it has them, and serves no others`()
    throws
  {
    let world = try World(validators: 1)
    let maker = Harness.chain(world, heights: 40)
    maker.step(.pruned(below: 21))
    maker.sent = []
    maker.connect(Self.good, role: .full)
    let told = maker.sent.compactMap {
      if case (.status(let status), Self.good) = $0 { status.base } else { nil }
    }
    #expect(told == [21])
    maker.sent = []
    maker.step(.message(.blocksRequest(from: 1, count: 32), from: Self.good))
    let served = maker.sent.compactMap {
      if case (.blocksResponse(let blocks), Self.good) = $0 { blocks } else { nil }
    }
    let first = try #require(served.first?.first)
    #expect(try Block(decoding: first.block).header.height == 21)
  }

  @Test func `a validator that has fallen behind catches up and signs nothing that is decided`() throws {
    let world = try World(validators: 1)
    let maker = Harness.chain(world, heights: 60)
    // The same key on another machine, far behind.
    let late = Harness(world, key: nil)
    late.step(.started)
    Self.serve(late, maker.store.blocks, [Self.good])
    #expect(late.requests.isEmpty)
    #expect(late.replica.tip.height == 60)
  }
}

extension World {
  /// One validator: its signature alone is a quorum.
  func checkCommit(_ certificate: Certificate, at height: Height, in maker: Harness) throws {
    #expect(certificate.height == height)
    let set = maker.store.tip.lastValidators
    try set.verify(certificate, chain: genesis.chain)
  }
}
