import Chain
import Consensus
import Cryptography
import Primitives
import Testing

/// Each mutation is caught: by random faults where they can find it, by a script where chance
/// would take too long. The table is printed.
@Suite struct MutationTests {
  /// Runs until something is wrong; how many runs that took, and what.
  func caught(_ mutation: Mutation, limit: Int) -> (Int, String)? {
    if let script = script(mutation) { return script(mutation).map { (1, $0) } }
    for run in 1...limit {
      let seed = UInt64(run)
      let (failure, _) = NetworkTests.failure(
        seed: 50_000 + seed,
        count: run % 3 == 0 ? 7 : 4,
        byzantine: run % 3 == 0 ? 2 : 1,
        crashes: run % 4 == 0 ? 2 : 0,
        breaking: mutation
      )
      if let failure { return (run, failure) }
    }
    return nil
  }

  /// What a script finds, nil for nothing; no script when chance suffices.
  func script(_ mutation: Mutation) -> ((Mutation?) -> String?)? {
    switch mutation {
    case .lockNeverReleased: return keptLock
    case .nilPolkaReleasesLock: return droppedLock
    case .certificatesNotSent:
      return { mutation in
        let network = ScriptedAttackTests.hiddenLock(2, spreadsCertificates: true, breaking: mutation)
        return network.isDone ? nil : "hidden lock: not all decide"
      }
    case .exitNeedsPrecommit:
      return { mutation in
        var bench = Bench(2, breaking: mutation)
        bench.votes(.precommit, round: 0, Fixture.block(1), by: [0, 1])
        bench.votes(.precommit, round: 0, Fixture.block(2), by: [3])
        bench.fire(.precommit, round: 0)
        return bench.machine.round == 0 ? "stays in a round that a quorum left" : nil
      }
    case .amnesiaProvable: return amnesia
    case .certificateYieldsToVote: return yieldingCertificate
    case .validOnlyWithLock: return lostValidValue
    case .polkaUnchecked: return claimedPolka
    case .evidenceIgnored: return unseenEquivocation
    case .signsBelowCommit: return votesAfterCommit
    default: return nil
    }
  }

  /// Validator 2 locks b, then a, then b again; the attacker proposes b as if it were fresh.
  func amnesia(_ mutation: Mutation?) -> String? {
    var bench = Bench(2, breaking: mutation)
    let (a, b) = (Fixture.block(1), Fixture.block(2))
    func lock(_ block: Digest, _ round: Round, by proposer: Int, on validRound: Round? = nil) {
      bench.propose(block, by: proposer, round: round, validRound: validRound)
      bench.fire(.propose, round: round)
      bench.votes(.prevote, round: round, block, by: [0, 1, 3])
      bench.votes(.precommit, round: round, nil, by: [0, 1, 3])
      bench.fire(.precommit, round: round)
    }
    lock(a, 0, by: 0)
    lock(b, 1, by: 1)
    bench.votes(.precommit, round: 2, nil, by: [0, 1, 3])
    bench.propose(b, by: 3, round: 3)
    for precommit in bench.votes where precommit.kind == .precommit {
      for prevote in bench.votes
      where Evidence.amnesia(precommit: precommit, prevote: prevote).isContradiction {
        return "an honest validator can be accused of amnesia"
      }
    }
    return nil
  }

  /// Validator 2 locks a in round 0; a polka for b in round 1 comes late, then b is proposed on it.
  func keptLock(_ mutation: Mutation?) -> String? {
    var bench = lockedBench(mutation)
    bench.votes(.precommit, round: 1, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 1)
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .prevote, round: 1, block: Fixture.block(2))))
    bench.votes(.precommit, round: 2, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 2)
    bench.propose(Fixture.block(2), by: 3, round: 3, validRound: 1)
    return bench.vote(.prevote, 3)?.block == Fixture.block(2) ? nil : "a newer polka is not followed"
  }

  /// Validator 2 locks a in round 0; the proposer of round 3 names a polka for b that never was.
  func claimedPolka(_ mutation: Mutation?) -> String? {
    var bench = lockedBench(mutation)
    bench.votes(.precommit, round: 1, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 1)
    bench.votes(.precommit, round: 2, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 2)
    bench.propose(Fixture.block(2), by: 3, round: 3, validRound: 1)
    return bench.vote(.prevote, 3)?.block == nil ? nil : "a polka is believed that nobody has seen"
  }

  func unseenEquivocation(_ mutation: Mutation?) -> String? {
    var bench = Bench(2, breaking: mutation)
    bench.votes(.prevote, round: 0, Fixture.block(1), by: [3])
    bench.votes(.prevote, round: 0, Fixture.block(2), by: [3])
    let isSeen = bench.effects.contains { if case .evidence = $0 { true } else { false } }
    return isSeen ? nil : "two votes of one validator are no evidence"
  }

  /// Validator 2 learns of the commit before it has the block.
  func votesAfterCommit(_ mutation: Mutation?) -> String? {
    var bench = Bench(2, breaking: mutation)
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .precommit, round: 0, block: Fixture.block(1))))
    bench.fire(.propose, round: 0)
    bench.fire(.prevote, round: 0)
    return bench.signed.isEmpty ? nil : "signs at a height whose commit is known"
  }

  func droppedLock(_ mutation: Mutation?) -> String? {
    var bench = lockedBench(mutation)
    bench.fire(.propose, round: 1)
    bench.votes(.prevote, round: 1, nil, by: [0, 1, 3])
    bench.votes(.precommit, round: 1, nil, by: [0, 1, 3])
    bench.votes(.precommit, round: 2, nil, by: [0, 1, 3])
    bench.propose(Fixture.block(2), by: 3, round: 3)
    return bench.vote(.prevote, 3)?.block == nil ? nil : "a lock is forgotten"
  }

  func lockedBench(_ mutation: Mutation?) -> Bench {
    var bench = Bench(2, breaking: mutation)
    bench.propose(Fixture.block(1), by: 0, round: 0)
    bench.votes(.prevote, round: 0, Fixture.block(1), by: [0, 1])
    bench.votes(.precommit, round: 0, nil, by: [0, 1, 3])
    bench.fire(.precommit, round: 0)
    return bench
  }

  func yieldingCertificate(_ mutation: Mutation?) -> String? {
    var bench = Bench(2, breaking: mutation)
    let (a, b) = (Fixture.block(1), Fixture.block(2))
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, b, by: [1])
    bench.votes(.prevote, round: 0, nil, by: [3])
    bench.feed(.certificate(Fixture.certificate([0, 1, 3], .prevote, round: 0, block: a)))
    return bench.vote(.precommit, 0)?.block == a ? nil : "a true polka is not acted on"
  }

  func lostValidValue(_ mutation: Mutation?) -> String? {
    var bench = Bench(1, breaking: mutation)
    let a = Fixture.block(1)
    bench.propose(a, by: 0, round: 0)
    bench.votes(.prevote, round: 0, nil, by: [0])
    bench.votes(.prevote, round: 0, a, by: [2])
    bench.fire(.prevote, round: 0)
    bench.votes(.prevote, round: 0, a, by: [3])
    bench.votes(.precommit, round: 0, nil, by: [0, 2, 3])
    let proposed = bench.effects.contains(
      .broadcastProposal(Fixture.proposal(1, round: 1, block: a, validRound: 0))
    )
    return proposed ? nil : "a block with a polka is not proposed again"
  }

  @Test func `every mutation is caught`() {
    print("mutations\n  runs  mutation: what was seen")
    for mutation in Mutation.allCases {
      if let script = script(mutation) {
        let finding = script(nil)
        #expect(finding == nil, "\(mutation): its script finds something where nothing is broken")
      }
      guard let (runs, finding) = caught(mutation, limit: 60) else {
        Issue.record("\(mutation) is not caught")
        continue
      }
      let padding = String(repeating: " ", count: max(0, 5 - String(runs).count))
      print("  \(padding)\(runs)  \(mutation): \(finding.prefix(90))")
    }
  }
}
