import Chain
import Consensus
import Cryptography
import Primitives

/// What nodes send each other.
enum Message {
  case vote(Vote)
  case proposal(Proposal)
  case certificate(Certificate)
  case roundCertificate(RoundCertificate)
  case status(ConsensusStatus)
}

/// A machine with its disk.
final class ConsensusNode {
  struct Position: Hashable, Comparable {
    var height: Height
    var round: Round
    var kind: SigningRequest.Kind

    static func < (left: Position, right: Position) -> Bool {
      (left.height, left.round, left.kind.rawValue) < (right.height, right.round, right.kind.rawValue)
    }
  }

  let number: Int
  let strategy: Strategy?
  var machine: Mutant
  var incarnation = 0
  var isUp = true
  /// Of the current height.
  var log: [LogRecord] = []
  /// How many records are sure to survive a crash.
  var synced = 0
  /// The guard's memory: survives everything.
  var signed: [Position: [UInt8]] = [:]
  var lastSigned: Position?
  /// Non-nil votes signed at the current height.
  var votes: [Vote] = []
  /// The highest height for which a commit certificate came in.
  var certified: Height = 0
  var decided: [Height: Digest] = [:]
  var commits: [Height: Certificate] = [:]
  var store: Set<Digest> = []
  /// Milliseconds by which the own clock is ahead.
  var skew: UInt64 = 0
  var fingerprints: [Int: Digest] = [:]

  init(number: Int, strategy: Strategy?, mutation: Mutation?) {
    self.number = number
    self.strategy = strategy
    let tendermint = Tendermint(configuration: Fixture.configuration(number))
    machine = Mutant(tendermint, strategy == nil ? mutation : nil)
  }
}

extension Network {
  /// What the shell of a node does.
  func perform(_ effect: Effect, node: Int) {
    let incarnation = nodes[node].incarnation
    switch effect {
    case .log(let record):
      if case .beginHeight = record.input {
        nodes[node].log = []
        nodes[node].fingerprints = [:]
      }
      nodes[node].log.append(record)
      if nodes[node].log.count == 1 { nodes[node].synced = 1 }
    case .sign(let request): sign(request, node: node)
    case .requestBlock(let height, let round):
      let (block, time) = makeBlock(height, by: node)
      schedule(
        .local(
          .built(height: height, round: round, block: block, time: time),
          node: node,
          incarnation: incarnation
        ),
        after: random(20)
      )
    case .validateBlock(let block):
      schedule(
        .fetch(block, nodes[node].machine.height, node: node, incarnation: incarnation),
        after: random(3)
      )
    case .fetchBlock(let block, let height):
      schedule(.fetch(block, height, node: node, incarnation: incarnation), after: 2 + random(30))
    case .schedule(let timer, let interval):
      schedule(
        .local(.timeout(timer), node: node, incarnation: incarnation),
        after: max(1, interval.milliseconds)
      )
    case .decide(let height, _, let block, let certificate):
      decide(height, block, certificate, node: node)
    case .evidence(let evidence):
      self.evidence += 1
      let guilty = Int(evidence.validator)
      if strategies[node] == nil, strategies[guilty] == nil {
        violations.append("evidence against an honest validator: \(evidence)")
      }
    case .alarm(let alarm):
      if strategies[node] == nil { violations.append("alarm: \(alarm)") }
    case .enteredRound: break
    default: send(effect, from: node)
    }
  }

  private func send(_ effect: Effect, from node: Int) {
    if strategies[node] != nil { return corrupt(effect, from: node) }
    switch effect {
    case .broadcastProposal(let proposal): broadcast(.proposal(proposal), from: node)
    case .broadcastVote(let vote): broadcast(.vote(vote), from: node)
    case .broadcastStatus(let status): broadcast(.status(status), from: node)
    case .sendProposal(let proposal, let peer): send(.proposal(proposal), from: node, to: number(of: peer))
    case .sendVotes(let votes, let peer):
      for vote in votes { send(.vote(vote), from: node, to: number(of: peer)) }
    case .sendCertificate(let certificate, let peer):
      guard options.spreadsCertificates || certificate.kind == .precommit else { return }
      spread(.certificate(certificate), from: node, peer)
    case .sendRoundCertificate(let certificate, let peer):
      guard options.spreadsCertificates else { return }
      spread(.roundCertificate(certificate), from: node, peer)
    default: break
    }
  }

  private func spread(_ message: Message, from node: Int, _ peer: PublicKey?) {
    if let peer {
      send(message, from: node, to: number(of: peer))
    } else {
      broadcast(message, from: node)
    }
  }

  func number(of key: PublicKey) -> Int { Int(key.bytes[0]) - 1 }

  func broadcast(_ message: Message, from node: Int) {
    for target in nodes.indices where target != node { send(message, from: node, to: target) }
  }

  /// The guard: never two different messages for one step, nothing behind what was signed before.
  private func sign(_ request: SigningRequest, node: Int) {
    let position = ConsensusNode.Position(
      height: request.height,
      round: request.round,
      kind: request.kind
    )
    if strategies[node] == nil {
      if let known = nodes[node].signed[position] {
        guard known == request.signBody else { return }
      } else if let last = nodes[node].lastSigned, position <= last {
        return
      }
      remember(request, node: node)
      if request.height <= nodes[node].certified {
        violations.append("signed below a known commit")
      }
      nodes[node].signed[position] = request.signBody
      nodes[node].lastSigned = max(nodes[node].lastSigned ?? position, position)
      nodes[node].synced = nodes[node].log.count
    }
    schedule(
      .local(.signed(Fixture.sign(request)), node: node, incarnation: nodes[node].incarnation),
      after: random(4)
    )
  }

  /// Nobody may be able to accuse an honest validator.
  private func remember(_ request: SigningRequest, node: Int) {
    guard request.block != nil, case .vote(let vote) = Fixture.sign(request) else { return }
    nodes[node].votes.removeAll { $0.height < vote.height }
    for earlier in nodes[node].votes where earlier.kind == .precommit {
      if Evidence.amnesia(precommit: earlier, prevote: vote).isContradiction {
        violations.append("amnesia of an honest validator at height \(vote.height)")
      }
    }
    nodes[node].votes.append(vote)
  }

  /// What the shell does with a message: verify it, pass it to the machine.
  func receive(_ message: Message, from: Int, to node: Int) {
    guard nodes[node].isUp else { return }
    deliveries += 1
    // What honest nodes say is as they say it; the others are checked like strangers.
    let mustVerify = strategies[from] != nil
    switch message {
    case .vote(let vote):
      guard
        !mustVerify
          || isGenuine(vote.height, { try $0.verify(vote, chain: Fixture.chain, using: Fixture.check) })
      else { return }
      step(.vote(vote), node: node)
    case .proposal(let proposal):
      guard
        !mustVerify
          || isGenuine(
            proposal.height,
            { try $0.verify(proposal, chain: Fixture.chain, using: Fixture.check) }
          )
      else { return }
      guard let block = blocks[proposal.block] else { return }
      nodes[node].store.insert(proposal.block)
      step(.proposal(proposal, time: block.time, receivedAt: wallClock(node)), node: node)
    case .certificate(let certificate):
      guard
        !mustVerify
          || isGenuine(
            certificate.height,
            { try $0.verify(certificate, chain: Fixture.chain, using: Fixture.check) }
          )
      else { return }
      if certificate.kind == .precommit {
        nodes[node].certified = max(nodes[node].certified, certificate.height)
      }
      step(.certificate(certificate), node: node)
    case .roundCertificate(let certificate):
      guard
        isGenuine(
          certificate.height,
          { try $0.verify(certificate, chain: Fixture.chain, using: Fixture.check) }
        )
      else {
        if !mustVerify { violations.append("an honest round certificate is not valid: \(certificate)") }
        return
      }
      step(.roundCertificate(certificate), node: node)
    case .status(let status):
      guard options.spreadsCertificates else { return }
      step(.peerStatus(peer: Fixture.key(from), status), node: node)
      synchronise(status, from: from, node: node)
    }
  }

  private func isGenuine(_ height: Height, _ verify: (ValidatorSet) throws -> Void) -> Bool {
    guard height < Height(sets.count) else { return false }
    return (try? verify(sets[Int(height)])) != nil
  }

  /// Block sync: a node that is behind gets the commits it lacks, one by one.
  private func synchronise(_ status: ConsensusStatus, from: Int, node: Int) {
    let height = nodes[node].machine.height
    guard strategies[from] == nil, strategies[node] == nil else { return }
    guard let commit = nodes[from].commits[height], nodes[node].decided[height] == nil else { return }
    nodes[node].store.insert(commit.block)
    schedule(
      .local(.certificate(commit), node: node, incarnation: nodes[node].incarnation),
      after: 5 + random(20)
    )
  }
}
