import Chain
import Consensus
import Cryptography
import Primitives
import Testing

/// The two deadlocks of Tendermint where votes are not relayed, step by step. The paper (arXiv:1807.04938) assumes that
/// what one correct validator receives reaches them all; without that, a vote shown to one of them alone locks it
/// (`hiddenLock`), or lets it leave a round alone (`hiddenExit`). Validator 1 is Byzantine and falls silent after its
/// attack. Each is shown to be deadly without pushed certificates.
@Suite struct ScriptedAttackTests {
  static func network(_ seed: UInt64, spreadsCertificates: Bool, breaking mutation: Mutation?) -> Network {
    var options = Network.Options()
    options.mutation = mutation
    options.heights = 1
    options.spreadsCertificates = spreadsCertificates
    return Network(seed: seed, options: options, byzantine: [1: Strategy(isSilent: true)])
  }

  /// Round 0: x gets a polka that only 0 sees. Round 1, the attacker's turn: y gets one that only 2 sees.
  static func hiddenLock(
    _ seed: UInt64,
    spreadsCertificates: Bool,
    breaking mutation: Mutation? = nil
  ) -> Network {
    let network = network(seed, spreadsCertificates: spreadsCertificates, breaking: mutation)
    var isLying = true
    // 3 does not get the first proposal, so that only 0 and 2 prevote x.
    network.drops = { message, _, to in
      if isLying, case .proposal(let proposal) = message { proposal.round == 0 && to == 3 } else { false }
    }
    // The attacker's prevote for x, to 0 alone; its nil to the others.
    var x: Digest?
    while x == nil, network.milliseconds < 2_000 {
      network.run(until: network.milliseconds + 1)
      x = network.blocks.first { $0.value.height == 1 }?.key
    }
    guard let x else { return network }
    network.send(.vote(Fixture.vote(1, .prevote, round: 0, block: x)), from: 1, to: 0)
    for victim in [2, 3] {
      network.send(.vote(Fixture.vote(1, .prevote, round: 0, block: nil)), from: 1, to: victim)
    }
    for victim in [0, 2, 3] {
      network.send(.vote(Fixture.vote(1, .precommit, round: 0, block: nil)), from: 1, to: victim)
    }
    network.run(until: network.milliseconds + 400)
    // Round 1: y to 2 and 3, which prevote it if nothing hinders them; the third prevote to 2 alone.
    let y = network.makeBlock(1, by: 1).0
    for victim in [2, 3] {
      network.send(.proposal(Fixture.proposal(1, round: 1, block: y)), from: 1, to: victim)
    }
    network.send(.vote(Fixture.vote(1, .prevote, round: 1, block: y)), from: 1, to: 2)
    for victim in [0, 3] {
      network.send(.vote(Fixture.vote(1, .prevote, round: 1, block: nil)), from: 1, to: victim)
    }
    for victim in [0, 2, 3] {
      network.send(.vote(Fixture.vote(1, .precommit, round: 1, block: nil)), from: 1, to: victim)
    }
    network.run(until: network.milliseconds + 20)
    isLying = false
    network.run(until: network.milliseconds + 60_000)
    return network
  }

  @Test func `a hidden lock is overcome in a few rounds`() {
    var highest: Round = 0
    for seed: UInt64 in 1...40 {
      let network = Self.hiddenLock(seed, spreadsCertificates: true)
      #expect(network.violations.isEmpty && network.isDone, "seed \(seed): \(network.violations)")
      highest = max(highest, network.highestRound)
    }
    print("hidden lock, certificates pushed: 40 of 40 runs decide, highest round \(highest)")
    #expect(highest <= 5)
  }

  @Test func `without pushed certificates the hidden lock is for ever`() {
    var stuck = 0
    var locked = 0
    for seed: UInt64 in 1...10 {
      let network = Self.hiddenLock(seed, spreadsCertificates: false)
      #expect(network.violations.isEmpty)
      if !network.isDone { stuck += 1 }
      if network.nodes[0].machine.round > 2 { locked += 1 }
    }
    print("hidden lock, nothing pushed: \(stuck) of 10 runs never decide")
    #expect(stuck >= 8)
  }

  /// 0 sees three precommits of round 0, one shown to it alone, and leaves without having precommitted.
  static func hiddenExit(
    _ seed: UInt64,
    spreadsCertificates: Bool,
    breaking mutation: Mutation? = nil
  ) -> Network {
    let network = network(seed, spreadsCertificates: spreadsCertificates, breaking: mutation)
    // Nobody gets the first proposal; 0 hears of no prevotes, so that it stays in step prevote.
    network.drops = { message, _, to in
      switch message {
      case .proposal(let proposal): proposal.round == 0
      case .vote(let vote): vote.round == 0 && vote.kind == .prevote && to == 0
      default: false
      }
    }
    network.run(until: 560)
    for victim in [2, 3] {
      network.send(.vote(Fixture.vote(1, .prevote, round: 0, block: nil)), from: 1, to: victim)
    }
    network.send(.vote(Fixture.vote(1, .precommit, round: 0, block: nil)), from: 1, to: 0)
    network.run(until: 900)
    network.drops = nil
    network.run(until: 60_000)
    return network
  }

  @Test func `a hidden round exit is followed`() {
    for seed: UInt64 in 1...40 {
      let network = Self.hiddenExit(seed, spreadsCertificates: true)
      #expect(network.violations.isEmpty && network.isDone, "seed \(seed): \(network.violations)")
      #expect(network.highestRound <= 4, "seed \(seed)")
    }
  }

  @Test func `without pushed certificates nobody follows a hidden round exit`() {
    var stuck = 0
    for seed: UInt64 in 1...10 {
      let network = Self.hiddenExit(seed, spreadsCertificates: false)
      if !network.isDone { stuck += 1 }
    }
    print("hidden round exit, nothing pushed: \(stuck) of 10 runs never decide")
    #expect(stuck >= 5)
  }
}
