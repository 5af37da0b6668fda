import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Testing

@testable import Replication

/// A new node among peers that serve snapshots, some of which lie.
@Suite struct SnapshotJoinTests {
  typealias Peer = PeerID

  /// How a peer answers.
  enum Conduct: Hashable {
    case honest
    case silent
    /// Says that it has what it cannot deliver.
    case boastful
    case wrongHeader
    case wrongManifest
    case wrongChunk
    case chunkOfAnotherPlace
  }

  /// A chain with a snapshot at `height`, and what its nodes answer.
  struct Chain {
    let world: World
    let maker: Harness
    let height: Height
    let manifest: SnapshotManifest
    let chunks: [NibblePath: [UInt8]]

    init(heights: Height = 40, snapshot height: Height = 25, depth: Int = 2) throws {
      world = try World(validators: 1)
      maker = Harness.chain(world, heights: heights)
      self.height = height
      let contents = try #require(maker.contents[height])
      manifest = try SnapshotManifest(
        of: contents.pages,
        height: height,
        root: contents.tip.stateRoot,
        depth: depth
      )
      var chunks: [NibblePath: [UInt8]] = [:]
      for chunk in SnapshotChunk.all(of: contents.state, depth: depth) { chunks[chunk.path] = chunk.encoded }
      self.chunks = chunks
    }

    func answer(_ message: SnapshotMessage, _ conduct: Conduct) throws -> SnapshotMessage? {
      switch message {
      case .offersRequest:
        let offer = SnapshotOffer(height: conduct == .boastful ? height + 9 : height, bytes: 1)
        return conduct == .silent ? nil : .offers([offer])
      case .lightBlockRequest(let wanted):
        guard conduct != .silent, wanted <= maker.store.tip.height else { return .lightBlock(wanted, nil) }
        var block = try maker.lightBlock(at: wanted)
        if conduct == .wrongHeader {
          var header = block.header
          header.stateRoot = .blake2b([1])
          block = LightBlock(
            header: header,
            certificate: block.certificate,
            validators: block.validators,
            nextValidators: block.nextValidators
          )
        }
        return .lightBlock(wanted, block.encoded)
      case .partRequest(let wanted, let part):
        guard conduct != .silent else { return nil }
        guard conduct != .boastful, wanted == height else { return .part(wanted, part, nil) }
        return .part(wanted, part, content(of: part, conduct))
      default: return nil
      }
    }

    private func content(of part: SnapshotPart, _ conduct: Conduct) -> [UInt8]? {
      switch part {
      case .manifest:
        var bytes = manifest.encoded
        if conduct == .wrongManifest { bytes[bytes.count - 1] ^= 1 }
        return bytes
      case .chunk(let path):
        guard var bytes = chunks[path] else { return nil }
        if conduct == .wrongChunk { bytes[bytes.count - 1] ^= 1 }
        if conduct == .chunkOfAnotherPlace { return chunks.first { $0.key != path }?.value }
        return bytes
      }
    }
  }

  /// A joining node whose messages take a tenth of a second there and back.
  struct Joiner {
    let chain: Chain
    var machine: SnapshotJoin
    var conducts: [Peer: Conduct]
    var now = Instant.zero
    var restored = SnapshotTests.Restored()
    var plans: [SnapshotPlan] = []
    var staged: [NibblePath] = []
    var lies: [Peer: SnapshotJoin.InvalidPart] = [:]
    var discards = 0
    var outcome: SnapshotJoin.Outcome?
    var asked: [Peer: Int] = [:]
    var mostAtOnce = 0

    init(
      _ chain: Chain,
      _ conducts: [Conduct],
      anchor: TrustAnchor? = nil,
      ownHeight: Height = 0,
      resuming: (plan: SnapshotPlan, staged: [NibblePath])? = nil
    ) {
      self.chain = chain
      var settings = SnapshotJoin.Settings()
      settings.minimumGain = 10
      machine = SnapshotJoin(
        chain: chain.world.genesis.chain,
        anchor: anchor ?? .tip(chain.world.origin.tip),
        ownHeight: ownHeight,
        trust: .init(trustingMilliseconds: 1_000_000_000),
        settings: settings,
        resuming: resuming
      )
      self.conducts = [:]
      for (index, conduct) in conducts.enumerated() {
        self.conducts[World.key(120 + index).publicKey] = conduct
      }
    }

    /// Until it is over, or `stop` says so, or a virtual ten minutes have passed.
    mutating func run(until stop: (Joiner) -> Bool = { _ in false }) throws {
      var pending: [(SnapshotMessage, Peer)] = []
      for peer in conducts.keys.sorted() { pending += step(.connected(peer)) }
      while outcome == nil, now < .zero + .seconds(600), !stop(self) {
        now = now + .milliseconds(100)
        mostAtOnce = max(mostAtOnce, pending.count)
        let arriving = pending
        pending = []
        for (message, peer) in arriving {
          guard let conduct = conducts[peer], let answer = try chain.answer(message, conduct) else {
            continue
          }
          // Over the wire and back.
          let read = try SnapshotMessage(kind: answer.kind, bytes: answer.encoded)
          pending += step(.message(read, from: peer))
          if outcome != nil || stop(self) { return }
        }
        pending += step(.tick)
      }
    }

    private mutating func step(_ input: SnapshotJoin.Input) -> [(SnapshotMessage, Peer)] {
      var turn = SnapshotJoin.Turn(
        at: now,
        wall: chain.maker.store.tip.time.advanced(byMilliseconds: 1_000)
      )
      machine.step(input, &turn)
      var sent: [(SnapshotMessage, Peer)] = []
      for effect in turn.effects {
        switch effect {
        case .send(let message, let peer):
          asked[peer, default: 0] += 1
          sent.append((message, peer))
        case .begin(let plan):
          plans.append(plan)
          restored = SnapshotTests.Restored()
          for (path, page) in plan.manifest.topPages { restored.pages[path] = page }
        case .stage(let path, let part):
          staged.append(path)
          restored.add(part)
        case .discard: discards += 1
        case .reportPeer(let peer, let lie): lies[peer] = lie
        case .finished(let outcome): self.outcome = outcome
        }
      }
      return sent
    }

    var isRestored: Bool { if case .restored = outcome { true } else { false } }

    func expectEverything() throws {
      let contents = try #require(chain.maker.contents[chain.height])
      guard case .restored(let plan)? = outcome else { throw JoinFailure() }
      #expect(plan.tip == contents.tip)
      #expect(restored.pages == contents.pages)
      #expect(restored.state.count == contents.state.count)
    }
  }

  struct JoinFailure: Error {}

  @Test func `a node fetches the state from all who have it and stands where the chain stood`() throws {
    let chain = try Chain()
    var joiner = Joiner(chain, [.honest, .honest, .honest])
    try joiner.run()
    try joiner.expectEverything()
    #expect(joiner.lies.isEmpty)
    let asked = joiner.asked
    #expect(asked.count == 3 && asked.values.allSatisfy { $0 > 5 }, "\(asked)")
    let mostAtOnce = joiner.mostAtOnce
    #expect(mostAtOnce <= 8)
    let plan = try #require(joiner.plans.first)
    let read = try SnapshotPlan(decoding: plan.encoded)
    #expect(read.tip == plan.tip && read.manifest.encoded == plan.manifest.encoded)
  }

  @Test(arguments: [Conduct.wrongHeader, .wrongManifest, .wrongChunk, .chunkOfAnotherPlace])
  func `a peer that lies is found out by what it sent, and nobody else is blamed`(_ conduct: Conduct) throws {
    let chain = try Chain()
    // The liar is asked first: it has the smallest key.
    for place in 0..<3 {
      var conducts = [Conduct](repeating: .honest, count: 3)
      conducts[place] = conduct
      var joiner = Joiner(chain, conducts)
      try joiner.run()
      try joiner.expectEverything()
      for (peer, lie) in joiner.lies { #expect(joiner.conducts[peer] == conduct, "\(lie)") }
    }
  }

  @Test func `only Byzantine peers to ask: the node gives up and has nothing`() throws {
    let chain = try Chain()
    for conduct: Conduct in [.wrongChunk, .wrongManifest, .wrongHeader] {
      try expectNothing(Joiner(chain, [conduct, conduct, conduct]))
    }
  }

  private func expectNothing(_ joiner: Joiner) throws {
    var joiner = joiner
    try joiner.run()
    let lies = joiner.lies.count
    #expect(lies == 3)
    guard case .nothing? = joiner.outcome else { throw JoinFailure() }
  }

  @Test func `silent peers and boasters cost time and nothing else`() throws {
    let chain = try Chain()
    var joiner = Joiner(chain, [.silent, .boastful, .honest, .silent])
    try joiner.run()
    try joiner.expectEverything()
    #expect(joiner.lies.isEmpty)
    var boasters = Joiner(chain, [.boastful, .boastful])
    try boasters.run()
    guard case .nothing? = boasters.outcome else { throw JoinFailure() }
  }

  @Test func `a node that was stopped in the middle goes on with the chunks it lacks`() throws {
    let chain = try Chain()
    var first = Joiner(chain, [.honest, .honest])
    try first.run { $0.staged.count >= 8 }
    let plan = try #require(first.plans.first)
    let isOver = first.outcome != nil
    #expect(!isOver)
    var second = Joiner(chain, [.honest, .wrongChunk], resuming: (plan, first.staged))
    second.restored = first.restored
    try second.run()
    try second.expectEverything()
    #expect(second.plans.isEmpty)
    #expect(Set(first.staged).isDisjoint(with: second.staged))
  }

  @Test func `a plan whose snapshot nobody has any more gives way to the next`() throws {
    let old = try Chain(heights: 20, snapshot: 15)
    var first = Joiner(old, [.honest])
    try first.run { $0.staged.count >= 3 }
    let plan = try #require(first.plans.first)
    let chain = try Chain()
    var second = Joiner(chain, [.honest, .honest], resuming: (plan, first.staged))
    try second.run()
    #expect(second.discards == 1)
    try second.expectEverything()
  }

  @Test func `a header that the operator trusts stands in for genesis`() throws {
    let chain = try Chain()
    for height: Height in [3, 25] {
      let trusted = try chain.maker.lightBlock(at: height)
      var joiner = Joiner(chain, [.honest, .wrongHeader], anchor: .header(height, trusted.identifier))
      try joiner.run()
      try joiner.expectEverything()
    }
    var doubting = Joiner(chain, [.honest, .honest], anchor: .header(3, .blake2b([9])))
    try doubting.run()
    // Nobody can show a header with that hash.
    guard case .anchorUnknown? = doubting.outcome else { throw JoinFailure() }
  }

  @Test func `nobody offers what helps: the node goes on block by block`() throws {
    let chain = try Chain()
    var joiner = Joiner(chain, [.honest], ownHeight: 20)
    try joiner.run()
    guard case .nothing? = joiner.outcome else { throw JoinFailure() }
    var alone = Joiner(chain, [])
    try alone.run()
    guard case .nothing? = alone.outcome else { throw JoinFailure() }
  }
}
