import Chain
import Cryptography
import Primitives
import Testing

@testable import Consensus

/// One test for each rule of Algorithm 1 of arXiv 1807.04938, its lines quoted; four validators of equal power, whose
/// turn to propose round r is r mod 4.
@Suite struct PaperTests {
  let a = Fixture.block(1)
  let b = Fixture.block(2)

  @Test func `L14: if proposer(h, r) = p then … proposal ← getValue()`() {
    var bench = Bench(0)
    #expect(bench.effects.contains(.requestBlock(1, 0)))
    bench.feed(.built(height: 1, round: 0, block: a, time: Timestamp(milliseconds: 2_000_000)))
    // L19: broadcast ⟨PROPOSAL, h, r, proposal, validRound⟩
    let proposal = Fixture.proposal(0, round: 0, block: a)
    #expect(bench.effects.contains(.broadcastProposal(proposal)))
    // L22: the proposer prevotes its own proposal.
    #expect(bench.vote(.prevote, 0)?.block == a)
  }

  @Test func `L15: if validValue ≠ nil then proposal ← validValue`() {
    var bench = Bench(1)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, a, by: [0, 2])
    #expect(bench.machine.machine.valid == .init(block: a, round: 0))
    bench.votes(.precommit, round: 0, nil, by: [0, 2, 3])
    bench.fire(.precommit, round: 0)
    #expect(bench.machine.round == 1)
    #expect(!bench.effects.contains(.requestBlock(1, 1)))
    #expect(
      bench.effects.contains(.broadcastProposal(Fixture.proposal(1, round: 1, block: a, validRound: 0)))
    )
    // The polka goes with it, without which nobody could accept it.
    let sent = bench.effects.contains { effect in
      if case .sendCertificate(let polka, nil) = effect { return polka.block == a && polka.round == 0 }
      return false
    }
    #expect(sent)
    #expect(
      bench.vote(.prevote, 1)?.content == Fixture.vote(1, .prevote, round: 1, block: a, validRound: 0).content
    )
  }

  @Test func `L21: schedule OnTimeoutPropose(h, r) to be executed after timeoutPropose(r)`() {
    let follower = Bench(2)
    #expect(follower.timers.contains(Timer(.propose, height: 1, round: 0)))
    // Also for a proposer that waits for its own block.
    let proposer = Bench(0)
    #expect(proposer.timers.contains(Timer(.propose, height: 1, round: 0)))
  }

  @Test
  func `L22: upon ⟨PROPOSAL, h, r, v, −1⟩ … valid(v) ∧ (lockedRound = −1 ∨ lockedValue = v) → prevote id(v)`()
  {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0, isValid: nil)
    #expect(bench.votes.isEmpty)
    #expect(bench.effects.contains(.validateBlock(a)))
    bench.feed(.blockValidated(a, isValid: true))
    #expect(bench.vote(.prevote, 0)?.block == a)
    #expect(bench.machine.step == .prevote)
  }

  @Test func `L26: else broadcast ⟨PREVOTE, h, r, nil⟩: the block is not valid`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0, isValid: false)
    #expect(bench.vote(.prevote, 0)?.block == nil && bench.machine.step == .prevote)
  }

  @Test func `L26: the proposal is not from proposer(h, r): it is no proposal`() {
    var bench = Bench(2)
    bench.propose(a, by: 1, round: 0)
    #expect(bench.votes.isEmpty && !bench.effects.contains(.validateBlock(a)))
  }

  @Test func `L26: locked on another value`() {
    var bench = locked(on: a)
    bench.propose(b, by: 1, round: 1)
    #expect(bench.vote(.prevote, 1)?.block == nil)
  }

  @Test func `L23: lockedValue = v, proposed anew without its polka`() {
    var bench = locked(on: a)
    bench.propose(a, by: 1, round: 1)
    #expect(bench.vote(.prevote, 1)?.block == a)
  }

  @Test func `L28: upon ⟨PROPOSAL, h, r, v, vr⟩ AND 2f + 1 ⟨PREVOTE, h, vr, id(v)⟩ … lockedRound ≤ vr`() {
    // Locked on a in round 0; b got a polka in round 1 that this node learns only now.
    var bench = locked(on: a)
    bench.propose(b, by: 1, round: 1)
    bench.votes(.precommit, round: 1, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 1)
    bench.votes(.precommit, round: 2, nil, by: [0, 1, 3])
    bench.propose(b, by: 3, round: 3, validRound: 1)
    #expect(bench.vote(.prevote, 3) == nil, "without the polka there is nothing to say")
    #expect(
      bench.machine.activeTimers.contains(Timer(.propose, height: 1, round: 3)),
      "and the timer goes on"
    )
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .prevote, round: 1, block: b)))
    let expected = Fixture.vote(2, .prevote, round: 3, block: b, validRound: 1)
    #expect(bench.vote(.prevote, 3)?.content == expected.content)
  }

  @Test func `L29: lockedRound > vr and lockedValue ≠ v → prevote nil`() {
    // A polka for b in round 0 is known, a lock on a in round 1.
    var bench = Bench(2)
    bench.propose(b, by: 0, round: 0)
    bench.votes(.precommit, round: 0, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 0)
    bench.propose(a, by: 1, round: 1)
    bench.votes(.prevote, round: 1, a, by: [0, 1])
    #expect(bench.machine.machine.locked == .init(block: a, round: 1))
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .prevote, round: 0, block: b)))
    bench.votes(.precommit, round: 1, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 1)
    #expect(bench.machine.round == 2)
    // The own turn: it proposes the newest polka's block.
    #expect(
      bench.effects.contains(.broadcastProposal(Fixture.proposal(2, round: 2, block: a, validRound: 1)))
    )
    bench.votes(.precommit, round: 2, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 2)
    bench.propose(b, by: 3, round: 3, validRound: 0)
    #expect(bench.vote(.prevote, 3)?.block == nil && bench.machine.step >= .prevote)
  }

  @Test func `L34: upon 2f + 1 ⟨PREVOTE, h, r, ∗⟩ while step = prevote for the first time → timeoutPrevote`()
  {
    var bench = Bench(2)
    bench.votes(.prevote, round: 0, a, by: [0, 1])
    bench.votes(.prevote, round: 0, nil, by: [3])
    #expect(!bench.timers.contains(Timer(.prevote, height: 1, round: 0)), "not while in step propose")
    bench.propose(b, by: 0, round: 0)
    #expect(
      bench.timers.filter { $0 == Timer(.prevote, height: 1, round: 0) }.count == 1,
      "but once in prevote"
    )
    var other = Bench(2)
    other.propose(a, by: 0, round: 0)
    other.votes(.prevote, round: 0, a, by: [0])
    #expect(!other.timers.contains(Timer(.prevote, height: 1, round: 0)))
    other.votes(.prevote, round: 0, nil, by: [1])
    #expect(other.timers.filter { $0 == Timer(.prevote, height: 1, round: 0) }.count == 1)
    other.votes(.prevote, round: 0, b, by: [3])
    #expect(other.timers.filter { $0 == Timer(.prevote, height: 1, round: 0) }.count == 1)
  }

  @Test
  func `L36: upon … 2f + 1 ⟨PREVOTE, h, r, id(v)⟩ while valid(v) ∧ step ≥ prevote → lock, precommit id(v)`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, a, by: [0, 3])
    #expect(bench.machine.machine.locked == .init(block: a, round: 0))
    #expect(bench.vote(.precommit, 0)?.block == a)
    #expect(bench.machine.machine.valid == .init(block: a, round: 0))
  }

  @Test func `L36: a polka for a block that is not here starts a fetch and nothing else`() {
    var bench = Bench(2)
    bench.fire(.propose, round: 0)
    bench.votes(.prevote, round: 0, a, by: [0, 1, 3])
    #expect(bench.effects.contains(.fetchBlock(a, 1)))
    #expect(bench.vote(.precommit, 0) == nil)
    bench.feed(.blockValidated(a, isValid: true))
    #expect(bench.vote(.precommit, 0)?.block == a)
  }

  @Test func `L42: validValue ← v also in step precommit`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0, isValid: true)
    bench.votes(.prevote, round: 0, nil, by: [0])
    bench.votes(.prevote, round: 0, a, by: [1])
    bench.fire(.prevote, round: 0)
    #expect(bench.vote(.precommit, 0)?.block == nil && bench.machine.step == .precommit)
    bench.votes(.prevote, round: 0, a, by: [3])
    #expect(bench.machine.machine.valid == .init(block: a, round: 0))
    #expect(bench.machine.machine.locked == nil, "the lock needs step prevote")
  }

  @Test func `L44: upon 2f + 1 ⟨PREVOTE, h, r, nil⟩ while step = prevote → precommit nil; the lock stays`() {
    var bench = locked(on: a)
    bench.propose(b, by: 1, round: 1)
    bench.votes(.prevote, round: 1, nil, by: [0, 3])
    #expect(bench.vote(.precommit, 1)?.block == nil && bench.machine.step == .precommit)
    #expect(bench.machine.machine.locked == .init(block: a, round: 0))
  }

  @Test func `L47: upon 2f + 1 ⟨PRECOMMIT, h, r, ∗⟩ for the first time → timeoutPrecommit, in any step`() {
    var bench = Bench(2)
    bench.votes(.precommit, round: 0, a, by: [0, 1])
    #expect(!bench.timers.contains(Timer(.precommit, height: 1, round: 0)))
    bench.votes(.precommit, round: 0, nil, by: [3])
    #expect(bench.machine.step == .propose)
    #expect(bench.timers.filter { $0 == Timer(.precommit, height: 1, round: 0) }.count == 1)
  }

  @Test
  func `L49: upon … 2f + 1 ⟨PRECOMMIT, h, r, id(v)⟩ while decision = nil → decide v, whatever the round`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.precommit, round: 0, a, by: [0, 1])
    bench.votes(.precommit, round: 1, nil, by: [0, 1, 3])
    #expect(bench.machine.round > 0 && bench.decision == nil)
    bench.votes(.precommit, round: 0, a, by: [3])
    #expect(bench.decision == a)
    #expect(bench.machine.step == .decided)
    let count = bench.effects.count
    bench.fire(.propose, round: bench.machine.round)
    bench.votes(.prevote, round: bench.machine.round, a, by: [0, 1, 3])
    #expect(bench.effects.count == count, "nothing follows a decision")
  }

  @Test func `L49: a commit for a block that is not here waits for it`() {
    var bench = Bench(2)
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .precommit, round: 5, block: a)))
    #expect(bench.effects.contains(.fetchBlock(a, 1)) && bench.decision == nil)
    bench.feed(.blockValidated(a, isValid: true))
    #expect(bench.decision == a)
    #expect(bench.votes.isEmpty, "nothing is signed at a height with a known commit")
  }

  @Test func `L55: upon f + 1 ⟨∗, h, round, ∗⟩ with round > r → StartRound(round), counting senders`() {
    var bench = Bench(2)
    bench.feed(.vote(Fixture.vote(0, .prevote, round: 2, block: nil)))
    bench.feed(.vote(Fixture.vote(0, .precommit, round: 2, block: nil)))
    #expect(bench.machine.round == 0, "one sender with two votes is one")
    bench.feed(.vote(Fixture.vote(1, .precommit, round: 2, block: nil)))
    #expect(bench.machine.round == 2)
  }

  @Test func `L55: also far ahead, and to the latest round that f + 1 have reached`() {
    var bench = Bench(3)
    bench.feed(.vote(Fixture.vote(0, .prevote, round: 900, block: nil)))
    #expect(bench.machine.round == 0)
    bench.feed(.vote(Fixture.vote(1, .prevote, round: 700, block: a)))
    #expect(bench.machine.round == 700)
    #expect(bench.machine.voteSet.choice(of: 1, .prevote, 700)?.block == a, "the vote counts there")
  }

  @Test func `L57: OnTimeoutPropose: if h = h_p ∧ r = round_p ∧ step_p = propose → prevote nil`() {
    var bench = Bench(2)
    bench.fire(.propose, round: 1)
    #expect(bench.votes.isEmpty, "another round's timer")
    bench.fire(.propose, round: 0)
    #expect(bench.vote(.prevote, 0)?.block == nil && bench.machine.step == .prevote)
    var voted = Bench(2)
    voted.propose(a, by: 0, round: 0)
    voted.fire(.propose, round: 0)
    #expect(voted.votes.count == 1, "not after the prevote")
  }

  @Test func `L61: OnTimeoutPrevote: if … step_p = prevote → precommit nil`() {
    var bench = Bench(2)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, a, by: [0])
    bench.votes(.prevote, round: 0, nil, by: [1])
    bench.fire(.prevote, round: 0)
    #expect(bench.vote(.precommit, 0)?.block == nil && bench.machine.step == .precommit)
  }

  @Test func `L65: OnTimeoutPrecommit: if h = h_p ∧ r = round_p → StartRound(r + 1), in any step`() {
    var bench = Bench(2)
    bench.votes(.precommit, round: 0, a, by: [0, 1])
    bench.votes(.precommit, round: 0, b, by: [3])
    bench.fire(.precommit, round: 0)
    #expect(bench.machine.round == 1 && bench.votes.isEmpty)
    // The proof of it goes out, or others could stay behind for ever.
    let proof = bench.effects.compactMap { effect in
      if case .sendRoundCertificate(let certificate, nil) = effect { certificate } else { nil }
    }
    #expect(proof.count == 1 && proof[0].round == 1 && proof[0].votes.count == 3)
  }

  /// Validator 2, which locked `block` in round 0 and is in round 1.
  func locked(on block: Digest) -> Bench {
    var bench = Bench(2)
    bench.propose(block, by: 0, round: 0)
    bench.votes(.prevote, round: 0, block, by: [0, 1])
    bench.votes(.precommit, round: 0, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 0)
    precondition(bench.machine.round == 1 && bench.machine.machine.locked?.block == block)
    return bench
  }
}
