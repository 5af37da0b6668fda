import Chain
import Consensus
import Cryptography
import Primitives
import Testing

@testable import Replication

/// Messages of the own consensus key that come from outside are shown to the guard, whatever way they come.
@Suite struct OwnKeyTests {
  let world: World
  let node: Harness
  let index: ValidatorIndex

  init() throws {
    world = try World(validators: 4)
    node = Harness(world, key: world.validators[0])
    node.step(.started)
    node.connect(World.key(70).publicKey)
    index = try #require(node.replica.tip.validators.index(ofKey: world.validators[0].publicKey))
  }

  private func vote(_ kind: Vote.Kind, round: Round, block: Digest?, by number: Int = 0) throws -> Vote {
    let key = world.validators[number]
    let body = Vote.signBody(height: 1, round: round, validRound: nil, block: block)
    return Vote(
      kind: kind,
      height: 1,
      round: round,
      validRound: nil,
      block: block,
      validator: try #require(node.replica.tip.validators.index(ofKey: key.publicKey)),
      signature: key.sign(domain: kind.domain, chain: world.genesis.chain.text, body)
    )
  }

  private func receive(_ message: PeerMessage) { node.step(.message(message, from: World.key(70).publicKey)) }

  @Test func `votes, also in certificates and in evidence, and no forged ones`() throws {
    let own = try vote(.prevote, round: 3, block: nil)
    var forged = own
    forged.round = 4
    receive(.votes([own, try vote(.prevote, round: 3, block: nil, by: 1), forged]))
    #expect(node.foundOwn == [.vote(own)])

    node.foundOwn = []
    let precommits = try (0..<3).map { try vote(.precommit, round: 0, block: nil, by: $0) }
    receive(.certificates([], rounds: [RoundCertificate(height: 1, round: 1, votes: precommits)]))
    #expect(node.foundOwn == [.vote(precommits[0])])

    node.foundOwn = []
    let block = Digest.sha256([7])
    let prevotes = try (0..<3).map { try vote(.prevote, round: 2, block: block, by: $0) }
      .sorted { $0.validator < $1.validator }
    var signers = SignerSet(count: 4)
    for prevote in prevotes { _ = signers.insert(prevote.validator) }
    let polka = Certificate(
      kind: .prevote,
      height: 1,
      round: 2,
      validRound: nil,
      block: block,
      signers: signers.bytes,
      signatures: prevotes.map(\.signature)
    )
    receive(.certificates([polka], rounds: []))
    #expect(node.foundOwn == [.vote(try #require(prevotes.first { $0.validator == index }))])

    node.foundOwn = []
    let pair = (try vote(.precommit, round: 5, block: nil), try vote(.precommit, round: 5, block: block))
    receive(.evidence([.duplicateVote(pair.0, pair.1)]))
    #expect(node.foundOwn == [.vote(pair.0), .vote(pair.1)])
  }

  @Test func `its votes in the certificates of blocks that it catches up on`() throws {
    let single = try World(validators: 1)
    let first = Harness.chain(single, heights: 5)
    let copy = Harness(single, key: single.validators[0], name: 51)
    copy.step(.started)
    copy.connect(first.name)
    copy.step(.message(.status(first.replica.ownStatus), from: first.name))
    copy.step(.message(.blocksResponse(Array(first.store.blocks.prefix(5))), from: first.name))
    let heights = Set(
      copy.foundOwn.compactMap { message -> Height? in
        guard case .vote(let vote) = message, vote.kind == .precommit else { return nil }
        return vote.height
      }
    )
    #expect(copy.replica.tip.height >= 5)
    #expect(heights.isSuperset(of: 1...5))
    // A node without the key does not care.
    let follower = Harness(single, key: nil, name: 52)
    follower.step(.started)
    follower.connect(first.name)
    follower.step(.message(.status(first.replica.ownStatus), from: first.name))
    follower.step(.message(.blocksResponse(Array(first.store.blocks.prefix(5))), from: first.name))
    #expect(follower.replica.tip.height >= 5 && follower.foundOwn.isEmpty)
  }
}
