import Chain
import Consensus
import Cryptography
import Primitives

/// What a Byzantine validator does. It runs the machine to know what is going on, and lies in what it sends.
struct Strategy: Hashable {
  /// Says nothing.
  var isSilent = false
  /// Different votes and blocks to different nodes.
  var equivocates = false
  /// Each message reaches only some.
  var withholds = false
  /// Votes for whatever it likes, its locks forgotten.
  var forgetsLocks = false
  /// Votes in others' names, out of range, of other heights and rounds.
  var forges = false
  /// Sends old messages again.
  var replays = false
  /// Proposes blocks that are not valid.
  var proposesInvalid = false
  /// Proposes blocks from the future.
  var liesAboutTime = false

  static let none = Strategy()

  static func random(_ generator: inout SeededGenerator) -> Strategy {
    func coin() -> Bool { generator.chance(partsPerMillion: 500_000) }
    var strategy = Strategy()
    strategy.isSilent = generator.chance(partsPerMillion: 100_000)
    strategy.equivocates = coin()
    strategy.withholds = coin()
    strategy.forgetsLocks = coin()
    strategy.forges = coin()
    strategy.replays = coin()
    strategy.proposesInvalid = generator.chance(partsPerMillion: 200_000)
    strategy.liesAboutTime = generator.chance(partsPerMillion: 200_000)
    return strategy
  }
}

extension Network {
  func corrupt(_ effect: Effect, from node: Int) {
    guard let strategy = strategies[node], !strategy.isSilent else { return }
    var proposals: [Proposal] = []
    if case .broadcastProposal(let proposal) = effect { proposals = alternatives(proposal, strategy, node) }
    for target in nodes.indices where target != node {
      if strategy.withholds, random(2) == 0 { continue }
      switch effect {
      case .broadcastVote(let vote):
        send(
          .vote(strategy.equivocates || strategy.forgetsLocks ? twist(vote, node) : vote),
          from: node,
          to: target
        )
      case .broadcastProposal:
        send(.proposal(proposals[Int(random(UInt64(proposals.count)))]), from: node, to: target)
      case .sendCertificate(let certificate, _):
        if random(2) == 0 { send(.certificate(certificate), from: node, to: target) }
      case .broadcastStatus: send(.status(lie(node)), from: node, to: target)
      default: break
      }
    }
  }

  /// The same vote for something else, sometimes.
  private func twist(_ vote: Vote, _ node: Int) -> Vote {
    let block = random(3) == 0 ? nil : anyBlock(vote.height) ?? vote.block
    let hasReason = vote.kind == .prevote && block != nil && vote.round > 0 && random(2) == 0
    return Fixture.vote(
      node,
      vote.kind,
      round: vote.round,
      block: random(2) == 0 ? block : vote.block,
      validRound: hasReason ? Round(random(UInt64(vote.round))) : nil,
      height: vote.height
    )
  }

  private func anyBlock(_ height: Height) -> Digest? {
    let known = blocks.filter { $0.value.height == height }.map(\.key).sorted()
    return known.isEmpty ? nil : known[Int(random(UInt64(known.count)))]
  }

  /// What to propose instead, the same to all or one of two to each.
  private func alternatives(_ proposal: Proposal, _ strategy: Strategy, _ node: Int) -> [Proposal] {
    guard strategy.equivocates || strategy.proposesInvalid || strategy.liesAboutTime else {
      return [proposal]
    }
    let other = makeBlock(proposal.height, by: node, isValid: !strategy.proposesInvalid).0
    let stolen = random(3) == 0 ? anyBlock(proposal.height) ?? other : other
    let validRound = proposal.round > 0 && random(3) == 0 ? Round(random(UInt64(proposal.round))) : nil
    let changed = Fixture.proposal(
      node,
      round: proposal.round,
      block: stolen,
      validRound: validRound,
      height: proposal.height
    )
    return strategy.equivocates && random(2) == 0 ? [proposal, changed] : [changed]
  }

  private func lie(_ node: Int) -> ConsensusStatus {
    var status = nodes[node].machine.status
    switch random(4) {
    case 0: status.round = Round(random(1 << 21))
    case 1: status.height += random(5)
    case 2: status.prevotes = Array(repeating: 0xFF, count: Int(random(9)))
    default: break
    }
    return status
  }

  /// Spontaneous malice, again and again.
  func attack(_ node: Int) {
    guard let strategy = strategies[node] else { return }
    schedule(.attack(node: node), after: 20 + random(120))
    guard !strategy.isSilent else { return }
    let machine = nodes[node].machine
    let target = Int(random(UInt64(nodes.count)))
    guard target != node, machine.height > 0 else { return }
    let kind: Vote.Kind = random(2) == 0 ? .prevote : .precommit
    let block = random(3) == 0 ? nil : anyBlock(machine.height)
    if strategy.forgetsLocks || strategy.equivocates {
      let victim = nodes[target].machine
      let round = random(4) == 0 ? victim.round + Round(random(3)) : victim.round
      send(
        .vote(Fixture.vote(node, kind, round: round, block: block, height: victim.height)),
        from: node,
        to: target
      )
    }
    if strategy.forges {
      var vote = Fixture.vote(node, kind, round: machine.round, block: block, height: machine.height)
      switch random(5) {
      case 0: vote.validator = ValidatorIndex(random(UInt64(nodes.count)))
      case 1: vote.validator = .max
      case 2: vote.round = Round(random(UInt64(Round.max)))
      case 3:
        vote = Fixture.vote(node, kind, round: Round(random(1 << 20)), block: block, height: vote.height)
      default: vote = Fixture.vote(node, kind, round: 0, block: block, height: vote.height + random(30))
      }
      send(.vote(vote), from: node, to: target)
    }
    if strategy.replays {
      let round = machine.round > 0 ? machine.round - 1 : 0
      send(
        .vote(Fixture.vote(node, kind, round: round, block: block, height: max(1, machine.height - 1))),
        from: node,
        to: target
      )
    }
  }
}
