import Chain
import Cryptography
import Primitives
import Testing

@testable import Consensus

/// The keeper against a naive count over random votes; a failure prints its seed.
@Suite struct HeightVoteSetTests {
  /// A block with the round in which a quorum voted for it.
  struct Decision: Hashable {
    var round: Round
    var block: Digest

    init(_ round: Round, _ block: Digest) {
      (self.round, self.block) = (round, block)
    }

    init(_ certificate: Certificate) {
      self.init(certificate.round, certificate.block)
    }
  }

  struct Slot: Hashable {
    var kind: Vote.Kind
    var round: Round
    var validator: ValidatorIndex
  }

  /// Counts everything anew each time.
  struct NaiveCount {
    let validators: ValidatorSet
    var first: [Slot: Choice] = [:]

    func power(_ kind: Vote.Kind, _ round: Round, where matches: (Choice) -> Bool) -> Int64 {
      first.reduce(0) { sum, entry in
        guard entry.key.kind == kind, entry.key.round == round, matches(entry.value) else { return sum }
        return sum + validators[entry.key.validator]!.power
      }
    }

    func isQuorum(_ kind: Vote.Kind, _ round: Round, where matches: (Choice) -> Bool = { _ in true }) -> Bool
    {
      validators.isQuorum(power(kind, round, where: matches))
    }

    /// Blocks that a quorum prevoted on one justification.
    func polkas(rounds: Range<Round>, blocks: [Digest]) -> Set<Decision> {
      var found: Set<Decision> = []
      for round in rounds {
        for block in blocks {
          for reason in [nil] + rounds.map({ Optional($0) })
          where isQuorum(.prevote, round, where: { $0 == Choice(block: block, validRound: reason) }) {
            found.insert(Decision(round, block))
          }
        }
      }
      return found
    }

    func commits(rounds: Range<Round>, blocks: [Digest]) -> Set<Decision> {
      var found: Set<Decision> = []
      for round in rounds {
        for block in blocks where isQuorum(.precommit, round, where: { $0.block == block }) {
          found.insert(Decision(round, block))
        }
      }
      return found
    }

    /// By senders, of any kind.
    func skip(rounds: Range<Round>, current: Round) -> Round? {
      rounds.reversed().first { round in
        guard round > current else { return false }
        let senders = Set(first.keys.filter { $0.round >= round }.map(\.validator))
        return validators.meetsHonestThreshold(senders.reduce(0) { $0 + validators[$1]!.power })
      }
    }
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `quorums and certificates are those of a naive count, and each polka is told once`(seed: UInt64) throws
  {
    var generator = SeededGenerator(seed: seed)
    func random(_ bound: Int) -> Int { Int(generator.next(below: UInt64(bound))) }
    let validators = try ValidatorSet(
      (0..<(1 + random(9))).map { number in
        let address = Address([UInt8(number)] + Array(repeating: 0, count: 19))!
        return Validator(address: address, key: Fixture.key(number), power: Int64(1 + random(20)))
      }
    )
    let blocks = [Fixture.block(1), Fixture.block(2)]
    var voteSet = HeightVoteSet(height: 1, validators: validators)
    var naive = NaiveCount(validators: validators)
    var told: [Certificate] = []
    for _ in 0..<300 {
      let round = Round(random(3))
      let kind: Vote.Kind = random(2) == 0 ? .prevote : .precommit
      // Mostly one block, so that quorums come about.
      let block = random(5) == 0 ? nil : blocks[random(8) == 0 ? 1 : 0]
      let reason = kind == .prevote && block != nil && round > 0 && random(6) == 0 ? Round(0) : nil
      let index = random(validators.count)
      var vote = Fixture.vote(
        Int(validators.members[index].key.bytes[0]) - 1,
        kind,
        round: round,
        block: block,
        validRound: reason
      )
      vote.validator = ValidatorIndex(index)
      var evidence: [Evidence] = []
      let outcome = voteSet.add(vote, newPolkas: &told, evidence: &evidence)
      let slot = Slot(kind: kind, round: round, validator: vote.validator)
      let choice = Choice(block: block, validRound: reason)
      if let known = naive.first[slot] {
        #expect(outcome == (known == choice ? .duplicate : .conflict), "seed \(seed)")
      } else {
        #expect(outcome == .added, "seed \(seed)")
        naive.first[slot] = choice
      }
      for piece in evidence { #expect(piece.isContradiction, "seed \(seed)") }
      #expect(voteSet.skipRound == naive.skip(rounds: 0..<3, current: 0), "seed \(seed)")
    }
    for round in Round(0)..<3 {
      for kind in [Vote.Kind.prevote, .precommit] {
        #expect(voteSet.hasQuorum(kind, round) == naive.isQuorum(kind, round), "seed \(seed)")
      }
      let isNil = naive.isQuorum(.prevote, round) { $0.block == nil }
      #expect(voteSet.isPolkaNil(round) == isNil, "seed \(seed)")
    }
    #expect(Set(told.map(Decision.init)) == naive.polkas(rounds: 0..<3, blocks: blocks), "seed \(seed)")
    #expect(Set(told).count == told.count, "seed \(seed): told twice")
    #expect(Set(voteSet.polkas) == Set(told), "seed \(seed)")
    for polka in told { try validators.verify(polka, chain: Fixture.chain, using: Fixture.check) }
    // One commit is kept even if a faulty majority makes two.
    let commits = naive.commits(rounds: 0..<3, blocks: blocks)
    #expect(voteSet.commit.map { commits.contains(Decision($0)) } ?? commits.isEmpty, "seed \(seed)")
    if let commit = voteSet.commit {
      try validators.verify(commit, chain: Fixture.chain, using: Fixture.check)
    }
    if let proof = voteSet.skipCertificate {
      try validators.verify(proof, chain: Fixture.chain, using: Fixture.check)
    }
  }

  @Test func `a certificate counts whole, and the polka that it is is not told as news`() {
    var voteSet = HeightVoteSet(height: 1, validators: Fixture.validators(4))
    let block = Fixture.block(1)
    var evidence: [Evidence] = []
    voteSet.apply(Fixture.certificate([0, 1, 2], .prevote, round: 2, block: block), evidence: &evidence)
    #expect(voteSet.hasPolka(block, round: 2) && voteSet.hasQuorum(.prevote, 2) && voteSet.skipRound == 2)
    var told: [Certificate] = []
    _ = voteSet.add(Fixture.vote(3, .prevote, round: 2, block: block), newPolkas: &told, evidence: &evidence)
    #expect(told.isEmpty && evidence.isEmpty)
  }

  @Test func `prevotes for one block on different justifications make no polka`() {
    var bench = Bench(2)
    let block = Fixture.block(1)
    bench.feed(.vote(Fixture.vote(0, .prevote, round: 2, block: block, validRound: 0)))
    bench.feed(.vote(Fixture.vote(1, .prevote, round: 2, block: block, validRound: 1)))
    bench.feed(.vote(Fixture.vote(3, .prevote, round: 2, block: block)))
    #expect(!bench.machine.voteSet.hasPolka(block, round: 2))
    #expect(bench.machine.voteSet.hasQuorum(.prevote, 2))
  }

  @Test(arguments: [1, 4, 7, 10, 13] as [Int])
  func `hopeless means that no assignment of the rest reaches a quorum`(count: Int) {
    let block = Fixture.block(1)
    for agreeing in 0...count {
      for other in 0...(count - agreeing) {
        var voteSet = HeightVoteSet(height: 1, validators: Fixture.validators(count))
        var told: [Certificate] = []
        var evidence: [Evidence] = []
        for number in 0..<(agreeing + other) {
          let vote = Fixture.vote(number, .prevote, round: 0, block: number < agreeing ? block : nil)
          _ = voteSet.add(vote, newPolkas: &told, evidence: &evidence)
        }
        // Everybody unheard and every faulty one may still vote for the block, elsewhere.
        let faulty = (count - 1) / 3
        let possible = agreeing + (count - agreeing - other) + faulty
        let isQuorumImpossible = 3 * possible <= 2 * count
        #expect(voteSet.isQuorumImpossible(.prevote, 0) == (agreeing + other > 0 && isQuorumImpossible))
      }
    }
  }
}
