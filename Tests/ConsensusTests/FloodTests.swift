import Chain
import Cryptography
import Primitives
import Testing

@testable import Consensus

/// Whatever a validator sends, memory and the log stay within bounds that can be named.
@Suite struct FloodTests {
  let block = Fixture.block(1)

  @Test func `votes of ever later rounds take two places a validator and nothing in the log`() {
    var bench = Bench(2)
    let before = bench.log.count
    for round: Round in 3..<20_000 {
      bench.feed(.vote(Fixture.vote(3, .prevote, round: round, block: block)))
      bench.feed(.vote(Fixture.vote(3, .precommit, round: round, block: nil)))
    }
    #expect(bench.log.count == before)
    #expect(bench.machine.voteSet.rounds.count <= 3)
    #expect(bench.machine.round == 0, "f validators move nobody")
  }

  @Test func `different votes for one step are kept once, with one piece of evidence`() {
    var bench = Bench(2)
    let before = bench.log.count
    for number: UInt64 in 0..<5_000 {
      bench.feed(.vote(Fixture.vote(3, .prevote, round: 0, block: Fixture.block(number))))
      bench.feed(.vote(Fixture.vote(3, .precommit, round: 1, block: Fixture.block(number))))
    }
    #expect(bench.log.count == before + 2)
    #expect(bench.effects.filter { if case .evidence = $0 { true } else { false } }.count == 1)
  }

  @Test func `messages of later heights are bounded per validator, height and in all`() {
    var bench = Bench(2)
    for number: UInt64 in 0..<3_000 {
      for height: Height in [2, 3, 9, 11, 12, 5_000] {
        let digest = Fixture.block(number)
        bench.feed(
          .vote(Fixture.vote(3, .prevote, round: Round(number % 7), block: digest, height: height))
        )
        bench.feed(
          .proposal(
            Fixture.proposal(3, round: 0, block: digest, height: height),
            time: .zero,
            receivedAt: .zero
          )
        )
        bench.feed(
          .certificate(Fixture.certificate([0, 1, 3], .prevote, round: 0, block: digest, height: height))
        )
        // An index that no validator has.
        var stranger = Fixture.vote(3, .prevote, round: 0, block: digest, height: height)
        stranger.validator = ValidatorIndex(number)
        bench.feed(.vote(stranger))
      }
    }
    #expect(bench.machine.future.count <= Int(FutureMessages.heights) * FutureMessages.maximumPerHeight)
    #expect(bench.machine.future.count > 0)
  }

  @Test func `a long halt keeps a window of rounds`() {
    var bench = Bench(2)
    for round: Round in 0..<2_000 {
      bench.fire(.propose, round: round)
      bench.votes(.prevote, round: round, nil, by: [0, 1, 3])
      bench.votes(.precommit, round: round, nil, by: [0, 1, 3])
      bench.fire(.precommit, round: round)
      bench.effects = []
    }
    #expect(bench.machine.round == 2_000)
    #expect(bench.machine.voteSet.rounds.count <= Int(HeightVoteSet.pastRounds) + 3)
    #expect(bench.machine.activeTimers.count <= 3 && bench.machine.pendingSignatures.isEmpty)
  }

  @Test func `blocks and polkas of many rounds are forgotten`() {
    var bench = Bench(2)
    for round: Round in 0..<300 {
      let own = bench.machine.proposer == 2
      if !own {
        for number: UInt64 in 0..<6 {
          bench.propose(Fixture.block(UInt64(round) * 10 + number), by: Int(round % 4), round: round)
        }
      }
      bench.votes(.prevote, round: round, Fixture.block(UInt64(round) * 10), by: [0, 1, 3])
      bench.votes(.precommit, round: round, nil, by: [0, 1, 3])
      bench.fire(.precommit, round: round)
      bench.effects = []
    }
    #expect(bench.machine.round == 300)
    #expect(bench.machine.voteSet.polkas.count <= HeightVoteSet.maximumPolkas)
    #expect(bench.machine.blocks.count <= Tendermint.maximumBlocks + 2 * HeightVoteSet.maximumPolkas)
    #expect(bench.machine.proposals.entries.count <= 3 * ProposalSet.maximumPerRound)
  }

  @Test func `no number traps`() {
    var bench = Bench(2)
    for value in [UInt64(0), 1, 2, .max, .max - 1, UInt64(Int64.max), UInt64(UInt32.max)] {
      let round = Round(truncatingIfNeeded: value)
      for kind in [Vote.Kind.prevote, .precommit] {
        var vote = Fixture.vote(3, kind, round: 0, block: block)
        vote.round = round
        vote.validRound = round &- 1
        bench.feed(.vote(vote))
        vote.validRound = nil
        vote.validator = ValidatorIndex(truncatingIfNeeded: value)
        bench.feed(.vote(vote))
        vote.height = value
        bench.feed(.vote(vote))
      }
      var proposal = Fixture.proposal(3, round: 0, block: block)
      proposal.round = round
      bench.feed(
        .proposal(
          proposal,
          time: Timestamp(milliseconds: value),
          receivedAt: Timestamp(milliseconds: ~value)
        )
      )
      bench.feed(.timeout(Timer(.precommit, height: value, round: round)))
      bench.feed(.built(height: value, round: round, block: block, time: Timestamp(milliseconds: value)))
      bench.feed(.roundCertificate(RoundCertificate(height: value, round: round, votes: [])))
      var certificate = Fixture.certificate([0, 1, 3], .prevote, round: 0, block: block)
      certificate.height = value
      bench.feed(.certificate(certificate))
      certificate.signers = [0xFF, 0xFF]
      bench.feed(.certificate(certificate))
      for length in [0, 1, 2, 100] {
        bench.feed(
          .peerStatus(
            peer: Fixture.key(3),
            ConsensusStatus(
              height: value,
              round: round,
              step: .propose,
              validRound: round,
              prevotes: Array(repeating: 0xFF, count: length),
              precommits: [1]
            )
          )
        )
      }
    }
    #expect(bench.machine.height == 1)
  }
}
