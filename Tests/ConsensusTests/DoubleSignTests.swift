import Chain
import Consensus
import Cryptography
import Primitives
import Testing

/// Whatever a validator signs twice becomes evidence, harmless or not, in time or late.
@Suite struct DoubleSignTests {
  let a = Fixture.block(1)
  let b = Fixture.block(2)

  private func evidence(_ bench: Bench) -> [Evidence] {
    bench.effects.compactMap { if case .evidence(let evidence) = $0 { evidence } else { nil } }
  }

  /// Checked as a stranger would, with the set and nothing else.
  private func expect(
    _ bench: Bench,
    guilty: ValidatorIndex,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = evidence(bench)
    try #require(found.count == 1, "\(found)", sourceLocation: sourceLocation)
    let read = try Evidence(decoding: found[0].encoded)
    let named = try Fixture.validators(4).verify(read, chain: Fixture.chain, using: Fixture.check)
    #expect(named == guilty, sourceLocation: sourceLocation)
  }

  @Test(arguments: [Vote.Kind.prevote, .precommit], [true, false])
  func `two votes of one kind and round, for blocks or for nothing`(_ kind: Vote.Kind, forNothing: Bool)
    throws
  {
    var bench = Bench(2)
    bench.votes(kind, round: 0, a, by: [1])
    bench.votes(kind, round: 0, forNothing ? nil : b, by: [1])
    bench.votes(kind, round: 0, forNothing ? b : nil, by: [1])
    try expect(bench, guilty: 1)
  }

  @Test func `two prevotes for one block that differ in their justification`() throws {
    for round: Round in [2, 30] {
      var bench = Bench(2)
      bench.votes(.prevote, round: round, a, by: [1], validRound: 0)
      bench.votes(.prevote, round: round, a, by: [1], validRound: 1)
      try expect(bench, guilty: 1)
    }
  }

  @Test func `two proposals of one round`() throws {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.propose(a, by: 0, round: 0)
    #expect(evidence(bench).isEmpty, "the same again is no offence")
    bench.propose(b, by: 0, round: 0)
    try expect(bench, guilty: 0)
    guard case .duplicateProposal? = evidence(bench).first else { throw Unexpected() }
  }

  @Test func `a second proposal for a round that is over`() throws {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.precommit, round: 0, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 0)
    #expect(bench.machine.round == 1)
    bench.propose(b, by: 0, round: 0)
    try expect(bench, guilty: 0)
  }

  @Test func `proposals of different rounds are no offence`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.precommit, round: 0, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 0)
    bench.propose(b, by: 1, round: 1)
    #expect(evidence(bench).isEmpty)
  }

  /// A bench whose height is decided for `a`, with prevotes of all.
  private func decided() -> Bench {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, a, by: [0, 1, 3])
    bench.votes(.precommit, round: 0, a, by: [0, 1])
    return bench
  }

  @Test(arguments: [false, true])
  func `a prevote that comes after the decision, or when the next height has begun`(nextHeight: Bool) throws {
    var bench = decided()
    #expect(bench.decision == a)
    if nextHeight { bench.feed(.beginHeight(start(2))) }
    bench.votes(.prevote, round: 0, nil, by: [3])
    try expect(bench, guilty: 3)
    #expect(!nextHeight || bench.machine.height == 2)
  }

  @Test func `both of two contradicting votes come late`() throws {
    var bench = decided()
    bench.feed(.beginHeight(start(2)))
    bench.votes(.prevote, round: 1, a, by: [3])
    bench.votes(.prevote, round: 1, nil, by: [3])
    try expect(bench, guilty: 3)
  }

  @Test func `late votes change nothing that replay would not`() {
    var bench = decided()
    bench.votes(.prevote, round: 0, nil, by: [3])
    bench.votes(.precommit, round: 0, a, by: [3])
    let replayed = Tendermint.replay(bench.log, configuration: bench.machine.configuration)
    #expect(replayed.step == bench.machine.step && replayed.status == bench.machine.status)
  }

  private func start(_ height: Height) -> HeightStart {
    HeightStart(
      height: height,
      validators: Fixture.validators(4),
      previousTime: Timestamp(milliseconds: 2_000_000),
      lastCommit: Fixture.certificate([0, 1, 2], .precommit, round: 0, block: a),
      absent: []
    )
  }

  struct Unexpected: Error {}
}
