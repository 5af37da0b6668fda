import Chain
import Cryptography
import Primitives
import Testing

@testable import Consensus

/// The keeper against a naive count over random votes; a failure prints its seed.
@Suite struct VoteKeeperTests {
  typealias Threshold = VoteKeeper.Threshold

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

    func expected(rounds: Range<Round>, blocks: [Digest], current: Round) -> Set<Threshold> {
      var expected: Set<Threshold> = []
      for round in rounds {
        if validators.isQuorum(power(.prevote, round) { _ in true }) { expected.insert(.polkaAny(round)) }
        if validators.isQuorum(power(.precommit, round) { _ in true }) {
          expected.insert(.precommitAny(round))
        }
        if validators.isQuorum(power(.prevote, round) { $0.block == nil }) {
          expected.insert(.polkaNil(round))
        }
        for block in blocks {
          for reason in [nil] + rounds.map({ Optional($0) })
          where validators.isQuorum(power(.prevote, round) { $0 == Choice(block: block, validRound: reason) })
          {
            expected.insert(.polka(round, block))
          }
          if validators.isQuorum(power(.precommit, round) { $0.block == block }) {
            expected.insert(.precommit(round, block))
          }
        }
      }
      return expected
    }

    /// By senders, of any kind.
    func skip(rounds: Range<Round>, current: Round) -> Round? {
      rounds.reversed().first { round in
        guard round > current else { return false }
        let senders = Set(first.keys.filter { $0.round >= round }.map(\.validator))
        return validators.isHonest(senders.reduce(0) { $0 + validators[$1]!.power })
      }
    }
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `Thresholds are those of a naive count, each once`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    func random(_ bound: Int) -> Int { Int(generator.next(below: UInt64(bound))) }
    let validators = try ValidatorSet(
      (0..<(1 + random(9))).map { number in
        let address = Address([UInt8(number)] + Array(repeating: 0, count: 19))!
        return Validator(address: address, key: Fixture.key(number), power: Int64(1 + random(20)))
      }
    )
    let blocks = [Fixture.block(1), Fixture.block(2)]
    var keeper = VoteKeeper(height: 1, validators: validators)
    var naive = NaiveCount(validators: validators)
    var seen: [Threshold] = []
    var commits: Set<Threshold> = []
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
      var thresholds: [Threshold] = []
      var evidence: [Evidence] = []
      let outcome = keeper.add(vote, thresholds: &thresholds, evidence: &evidence)
      let slot = Slot(kind: kind, round: round, validator: vote.validator)
      let choice = Choice(block: block, validRound: reason)
      if let known = naive.first[slot] {
        #expect(outcome == (known == choice ? .duplicate : .conflict), "seed \(seed)")
      } else {
        #expect(outcome == .added, "seed \(seed)")
        naive.first[slot] = choice
      }
      for piece in evidence { #expect(piece.isContradiction, "seed \(seed)") }
      seen.append(contentsOf: thresholds)
      let skips = seen.compactMap { if case .skip(let round) = $0 { round } else { nil } }
      #expect(keeper.skipRound == naive.skip(rounds: 0..<3, current: 0), "seed \(seed)")
      #expect(skips.max() == keeper.skipRound, "seed \(seed)")
    }
    // One commit is reported even if a faulty majority makes two.
    var expected = naive.expected(rounds: 0..<3, blocks: blocks, current: 0)
    for case .precommit(let round, let block) in expected {
      commits.insert(.precommit(round, block))
      expected.remove(.precommit(round, block))
    }
    let counted = seen.filter { threshold in
      switch threshold {
      case .skip, .precommit: false
      default: true
      }
    }
    #expect(Set(counted) == expected, "seed \(seed)")
    #expect(Set(seen).count == seen.count, "seed \(seed): reported twice")
    let reported = seen.filter { if case .precommit = $0 { true } else { false } }
    #expect(reported.count == min(1, commits.count) && commits.isSuperset(of: reported), "seed \(seed)")
    for case .polka(let round, let block) in seen {
      for polka in keeper.polkas(of: round) where polka.block == block {
        try validators.verify(polka, chain: Fixture.chain, using: Fixture.check)
      }
    }
    if let commit = keeper.commit {
      try validators.verify(commit, chain: Fixture.chain, using: Fixture.check)
    }
    if let proof = keeper.skipCertificate {
      try validators.verify(proof, chain: Fixture.chain, using: Fixture.check)
    }
  }

  @Test func `One vote that does several things reports them in the fixed order`() {
    var keeper = VoteKeeper(height: 1, validators: Fixture.validators(4))
    let block = Fixture.block(1)
    var thresholds: [Threshold] = []
    var evidence: [Evidence] = []
    for number in 0..<3 {
      thresholds = []
      let vote = Fixture.vote(number, .precommit, round: 0, block: block)
      _ = keeper.add(vote, thresholds: &thresholds, evidence: &evidence)
    }
    #expect(thresholds == [.precommit(0, block), .precommitAny(0)])
    // Honest power in a later round and a polka there can only come with one vote from a certificate.
    thresholds = []
    keeper.apply(
      Fixture.certificate([0, 1, 2], .prevote, round: 2, block: block),
      thresholds: &thresholds,
      evidence: &evidence
    )
    #expect(thresholds == [.skip(2), .polka(2, block), .polkaAny(2)])
  }

  @Test func `Prevotes for one block on different justifications make no polka`() {
    var bench = Bench(2)
    let block = Fixture.block(1)
    bench.feed(.vote(Fixture.vote(0, .prevote, round: 2, block: block, validRound: 0)))
    bench.feed(.vote(Fixture.vote(1, .prevote, round: 2, block: block, validRound: 1)))
    bench.feed(.vote(Fixture.vote(3, .prevote, round: 2, block: block)))
    #expect(!bench.machine.keeper.hasPolka(block, round: 2))
    #expect(bench.machine.keeper.hasQuorum(.prevote, 2))
  }

  @Test(arguments: [1, 4, 7, 10, 13] as [Int])
  func `Hopeless means that no assignment of the rest reaches a quorum`(count: Int) {
    let block = Fixture.block(1)
    for agreeing in 0...count {
      for other in 0...(count - agreeing) {
        var keeper = VoteKeeper(height: 1, validators: Fixture.validators(count))
        var thresholds: [Threshold] = []
        var evidence: [Evidence] = []
        for number in 0..<(agreeing + other) {
          let vote = Fixture.vote(number, .prevote, round: 0, block: number < agreeing ? block : nil)
          _ = keeper.add(vote, thresholds: &thresholds, evidence: &evidence)
        }
        // Everybody unheard and every faulty one may still vote for the block, elsewhere.
        let faulty = (count - 1) / 3
        let possible = agreeing + (count - agreeing - other) + faulty
        let isHopeless = 3 * possible <= 2 * count
        #expect(keeper.isHopeless(.prevote, 0) == (agreeing + other > 0 && isHopeless))
      }
    }
  }
}
