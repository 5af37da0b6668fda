import Chain
import Cryptography
import Primitives
import Testing

@testable import Consensus

/// Where the machine goes beyond the paper (Tendermint, arXiv:1807.04938): blocks on demand, early exits, certificates,
/// proposer-based timestamps as in CometBFT's specification, and provable amnesia.
@Suite struct DeviationTests {
  let a = Fixture.block(1)
  let b = Fixture.block(2)

  // MARK: Blocks on demand

  @Test func `an idle height waits without a timer for the proposal`() {
    var bench = Bench(2, awake: false)
    #expect(bench.machine.step == .waiting)
    #expect(bench.timers.allSatisfy { $0.kind == .maximumBlockInterval || $0.kind == .status })
    bench.feed(.workAvailable)
    #expect(bench.machine.step == .propose)
    #expect(bench.timers.contains(Timer(.propose, height: 1, round: 0)))
  }

  @Test func `the longest interval ends the wait; the proposer then builds without work`() {
    var bench = Bench(0, awake: false)
    bench.fire(.maximumBlockInterval, round: 0)
    #expect(bench.effects.contains(.requestBlock(1, 0)))
  }

  @Test func `the proposal wakes, a faulty minority's votes do not, an honest share's do`() {
    var bench = Bench(2, awake: false)
    bench.feed(.vote(Fixture.vote(0, .prevote, round: 0, block: nil)))
    bench.feed(.vote(Fixture.vote(0, .precommit, round: 0, block: nil)))
    #expect(bench.machine.step == .waiting)
    bench.feed(.vote(Fixture.vote(1, .prevote, round: 0, block: nil)))
    #expect(bench.machine.step == .propose)
    var other = Bench(2, awake: false)
    other.propose(a, by: 0, round: 0)
    #expect(other.vote(.prevote, 0)?.block == a)
  }

  @Test func `with a shortest interval, work waits for its end`() {
    var configuration = Fixture.configuration(0)
    configuration.minimumBlockInterval = .milliseconds(300)
    var machine = Tendermint(configuration: configuration)
    var turn = Tendermint.Turn(at: .zero)
    func start(_ height: Height) -> Input {
      .beginHeight(
        HeightStart(
          height: height,
          validators: Fixture.validators(4),
          previousTime: .zero,
          lastCommit: nil
        )
      )
    }
    machine.step(start(1), &turn)
    turn = Tendermint.Turn(at: .zero + .milliseconds(100))
    machine.step(start(2), &turn)
    #expect(
      turn.effects.contains(.schedule(Timer(.minimumBlockInterval, height: 2), after: .milliseconds(200)))
    )
    machine.step(.workAvailable, &turn)
    #expect(machine.step == .waiting)
    machine.step(.timeout(Timer(.minimumBlockInterval, height: 2)), &turn)
    #expect(machine.step == .propose && turn.effects.contains(.requestBlock(2, 0)))
  }

  // MARK: Early exits

  @Test func `when no block can get a quorum of prevotes any more, precommit nil at once`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, nil, by: [0, 1])
    #expect(
      bench.vote(.precommit, 0) == nil,
      "two for nil, one for a: one faulty and one unheard could make three"
    )
    bench.votes(.prevote, round: 0, nil, by: [3])
    #expect(bench.vote(.precommit, 0)?.block == nil && bench.machine.step == .precommit)
  }

  @Test func `a quorum of nil precommits starts the next round at once`() {
    var bench = Bench(2)
    bench.fire(.propose, round: 0)
    bench.votes(.precommit, round: 0, nil, by: [0, 1])
    #expect(bench.machine.round == 0)
    bench.votes(.precommit, round: 0, nil, by: [3])
    #expect(bench.machine.round == 1)
  }

  @Test func `nobody waits for a proposer that has been absent and still is`() {
    let bench = Bench(2, absent: [0])
    #expect(bench.vote(.prevote, 0)?.block == nil && bench.machine.step == .prevote)
    var heard = Bench(2, absent: [0], awake: false)
    heard.feed(.vote(Fixture.vote(0, .prevote, round: 3, block: nil)))
    heard.feed(.vote(Fixture.vote(0, .prevote, round: 1, block: nil)))
    heard.feed(.workAvailable)
    #expect(heard.machine.step == .propose, "a message of this height clears the mark")
    let own = Bench(0, absent: [0])
    #expect(own.machine.step == .propose, "nobody thinks so of itself")
  }

  // MARK: Certificates

  @Test func `a polka certificate counts whole, though a slot says otherwise`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, b, by: [1])
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .prevote, round: 0, block: a)))
    #expect(bench.vote(.precommit, 0)?.block == a)
    let guilty = bench.effects.compactMap { if case .evidence(let evidence) = $0 { evidence } else { nil } }
    #expect(guilty.count == 1 && guilty[0].validator == 1)
  }

  @Test func `a polka is told to everybody when its round is left undecided`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, a, by: [0, 1])
    #expect(polkasSent(bench).isEmpty, "in the good case nothing is sent")
    bench.votes(.precommit, round: 0, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 0)
    #expect(polkasSent(bench).map(\.block) == [a])
  }

  @Test func `a polka learnt after its round was left is passed on, and is what to propose`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.precommit, round: 0, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 0)
    #expect(bench.machine.round == 1)
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .prevote, round: 0, block: a)))
    #expect(polkasSent(bench).map(\.block) == [a])
    #expect(bench.machine.machine.valid == .init(block: a, round: 0))
    #expect(bench.machine.machine.locked == nil)
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .prevote, round: 0, block: a)))
    #expect(polkasSent(bench).count == 1, "once")
  }

  @Test func `a round certificate is followed and passed on`() {
    var bench = Bench(2)
    let votes = [0, 1, 3].map { Fixture.vote($0, .precommit, round: 4, block: nil) }
    let certificate = RoundCertificate(height: 1, round: 5, votes: votes)
    bench.feed(.roundCertificate(certificate))
    #expect(bench.machine.round == 5)
    #expect(bench.effects.contains(.sendRoundCertificate(certificate, to: nil)))
  }

  @Test func `a peer is sent what its status lacks`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, a, by: [0])
    let peer = Fixture.key(3)
    bench.effects = []
    bench.feed(
      .peerStatus(peer: peer, ConsensusStatus(height: 1, round: 0, step: .propose, prevotes: [0b0001]))
    )
    let own = Fixture.vote(2, .prevote, round: 0, block: a)
    #expect(
      bench.effects == [
        .sendProposal(Fixture.proposal(0, round: 0, block: a), to: peer), .sendVotes([own], to: peer),
      ]
    )
    bench.votes(.precommit, round: 0, a, by: [0, 1, 3])
    bench.effects = []
    bench.feed(.peerStatus(peer: peer, ConsensusStatus(height: 1, round: 3, step: .prevote)))
    let sent = bench.effects.compactMap { effect -> Vote.Kind? in
      if case .sendCertificate(let certificate, peer) = effect { certificate.kind } else { nil }
    }
    #expect(sent == [.precommit])
  }

  // MARK: Proposals and time

  @Test func `several proposals of one proposer are kept, within a bound`() {
    var bench = Bench(2)
    for number: UInt64 in 10..<30 { bench.propose(Fixture.block(number), by: 0, round: 0, isValid: nil) }
    #expect(bench.machine.proposals.entries.count == ProposalSet.maximumPerRound)
    bench.feed(.blockValidated(Fixture.block(11), isValid: true))
    #expect(bench.vote(.prevote, 0)?.block == Fixture.block(11))
    bench.feed(.blockValidated(Fixture.block(12), isValid: true))
    bench.votes(.prevote, round: 0, Fixture.block(12), by: [0, 1, 3])
    #expect(bench.vote(.precommit, 0)?.block == Fixture.block(12), "others may have agreed on the second")
  }

  @Test(
    arguments: [
      // received − time, round, timely
      (0, 0, true), (2_500, 0, true), (2_501, 0, false), (-500, 0, true), (-501, 0, false),
      (4_500, 1, true), (4_501, 1, false), (128_500, 6, true), (128_501, 6, false), (128_501, 9, false),
    ] as [(Int64, Round, Bool)]
  )
  func `a fresh block's time must be near the clock`(difference: Int64, round: Round, isTimely: Bool) {
    let time: UInt64 = 50_000_000
    let received = UInt64(Int64(time) + difference)
    #expect(
      Timeliness.isTimely(
        Timestamp(milliseconds: time),
        receivedAt: Timestamp(milliseconds: received),
        round: round
      ) == isTimely
    )
    var bench = Bench(2, of: 16)
    if round > 0 {
      let votes = (0..<11).map { Fixture.vote($0, .precommit, round: round - 1, block: nil) }
      bench.feed(.roundCertificate(RoundCertificate(height: 1, round: round, votes: votes)))
    }
    let turn = Int(bench.machine.proposer!)
    guard turn != 2 else { return }
    bench.propose(a, by: turn, round: round, time: time, receivedAt: received)
    #expect(bench.vote(.prevote, round)?.block == (isTimely ? a : nil))
    #expect(bench.machine.step >= .prevote)
  }

  @Test func `a block not later than its parent is refused; a proposed polka's time is not looked at`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0, time: 1_000_000, receivedAt: 1_000_000)
    #expect(bench.vote(.prevote, 0)?.block == nil && bench.machine.step == .prevote)
    var later = Bench(2)
    later.feed(.certificate(Fixture.certificate([0, 1, 3], .prevote, round: 0, block: a)))
    later.votes(.precommit, round: 0, nil, by: [0, 1, 3])
    later.fire(.precommit, round: 0)
    later.propose(a, by: 1, round: 1, validRound: 0, time: 1, receivedAt: 900_000_000)
    #expect(later.vote(.prevote, 1)?.block == a)
  }

  // MARK: Amnesia

  @Test func `forgetting a lock is proved by two votes`() {
    var bench = Bench(2)
    bench.feed(.vote(Fixture.vote(3, .precommit, round: 1, block: a)))
    bench.feed(.vote(Fixture.vote(3, .prevote, round: 2, block: b, validRound: 0)))
    let evidence = bench.effects.compactMap { if case .evidence(let evidence) = $0 { evidence } else { nil } }
    #expect(evidence.count == 1 && evidence[0].isContradiction)
    if case .duplicateVote = evidence[0] { Issue.record("not amnesia") }
  }

  @Test func `whoever locked a, then b, does not prevote b on a justification older than the lock on a`() {
    var machine = RoundMachine()
    var effects: [RoundMachine.Effect] = []
    func lock(_ block: Digest, _ round: Round) {
      machine.handle(.start(round, .follower), &effects)
      machine.handle(.timeout(.propose, round), &effects)
      machine.handle(.polka(block), &effects)
    }
    lock(b, 0)
    lock(a, 2)
    lock(b, 4)
    #expect(
      !machine.canPrevote(b, polkaRound: nil),
      "precommit(a, 2) and prevote(b, 5, −1) would prove amnesia"
    )
    #expect(!machine.canPrevote(b, polkaRound: 1))
    #expect(machine.canPrevote(b, polkaRound: 2))
    #expect(machine.canPrevote(b, polkaRound: 4))
    #expect(!machine.canPrevote(a, polkaRound: 3) && machine.canPrevote(a, polkaRound: 4))
  }

  // MARK: Following

  @Test func `a node without a key follows and signs nothing`() {
    var bench = Bench(nil)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, a, by: [0, 1, 3])
    bench.votes(.precommit, round: 0, a, by: [0, 1, 3])
    #expect(bench.decision == a && bench.signed.isEmpty)
  }

  @Test func `nothing is signed at or below the highest certified height`() {
    var bench = Bench(2, awake: false)
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .precommit, round: 0, block: b, height: 4)))
    bench.feed(.workAvailable)
    bench.propose(a, by: 0, round: 0)
    #expect(bench.machine.step == .prevote && bench.signed.isEmpty)
  }

  @Test func `two commits of one height raise the alarm and end signing`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.precommit, round: 0, a, by: [0, 1, 3])
    #expect(bench.decision == a)
    let other = Fixture.certificate([0, 1, 3], .precommit, round: 1, block: b)
    bench.feed(.certificate(other))
    #expect(bench.machine.alarm != nil && !bench.machine.canSign)
  }

  @Test func `late precommits join the certificate that the next block carries`() throws {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.precommit, round: 0, a, by: [0, 2, 3])
    #expect(bench.machine.lastCommit?.signatures.count == 3)
    bench.feed(.vote(Fixture.vote(1, .precommit, round: 0, block: a)))
    bench.feed(
      .beginHeight(
        HeightStart(
          height: 2,
          validators: Fixture.validators(4),
          previousTime: .zero,
          lastCommit: Fixture.certificate([0, 2, 3], .precommit, round: 0, block: a)
        )
      )
    )
    let commit = try #require(bench.machine.lastCommit)
    #expect(commit.signatures.count == 4)
    try Fixture.validators(4).verify(commit, chain: Fixture.chain, using: Fixture.check)
  }

  func polkasSent(_ bench: Bench) -> [Certificate] {
    bench.effects.compactMap { effect in
      if case .sendCertificate(let certificate, nil) = effect, certificate.kind == .prevote {
        certificate
      } else {
        nil
      }
    }
  }
}
