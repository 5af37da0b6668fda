import Chain
import Consensus
import Cryptography
import Primitives
import Replication

/// A message that a Byzantine node is about to send.
struct Outgoing {
  var message: PeerMessage
  var to: Int
  /// Held back by this much.
  var delay = Interval.zero
  /// Sent as bytes with something wrong in them.
  var isDamaged = false
}

/// How one Byzantine node misbehaves: its strategies, applied one after another to what its replica wants sent.
struct Liar {
  var strategies: [any ByzantineStrategy]
  var generator: SeededGenerator
  let key: SigningKey
  let signatures: SigningService

  var names: [String] { strategies.map { type(of: $0).name } }

  mutating func observe(_ message: PeerMessage) {
    for index in strategies.indices { strategies[index].observe(message) }
  }

  /// What really leaves in place of `messages`.
  mutating func alter(_ messages: [Outgoing], peers: [Int]) -> [Outgoing] {
    var messages = messages
    for index in strategies.indices {
      var context = ByzantineContext(generator: generator, key: key, signatures: signatures, peers: peers)
      messages = strategies[index].alter(messages, &context)
      generator = context.generator
    }
    return messages
  }
}

/// What a strategy may use: chance, the node's own key, and nobody else's.
struct ByzantineContext {
  var generator: SeededGenerator
  let key: SigningKey
  let signatures: SigningService
  /// With whom it has sessions.
  let peers: [Int]

  func signed(_ vote: Vote) -> Vote {
    var vote = vote
    vote.signature = signatures.sign(vote.signBody, domain: vote.kind.domain, by: key)
    return vote
  }

  func signed(_ proposal: Proposal) -> Proposal {
    var proposal = proposal
    proposal.signature = signatures.sign(proposal.signBody, domain: .proposal, by: key)
    return proposal
  }

  /// Whether the node itself made the vote; votes of others are passed on as they are, since nobody would believe
  /// others.
  func isOwn(_ vote: Vote) -> Bool { signed(vote) == vote }

  mutating func chance(_ percent: UInt64) -> Bool {
    generator.next(below: 100) < percent
  }
}

/// One way to misbehave.
protocol ByzantineStrategy: Sendable {
  static var name: String { get }
  init()
  /// Something arrived.
  mutating func observe(_ message: PeerMessage)
  mutating func alter(_ messages: [Outgoing], _ context: inout ByzantineContext) -> [Outgoing]
}

extension ByzantineStrategy {
  mutating func observe(_ message: PeerMessage) {}
}

/// All strategies by name.
public enum ByzantineStrategies {
  static var all: [any ByzantineStrategy.Type] {
    [
      EquivocatingVotes.self, EquivocatingProposals.self, SelectiveSending.self, Withholding.self,
      InvalidBlocks.self, ForgottenLocks.self, Replaying.self, Flooding.self, SyncLies.self,
      DamagedBytes.self,
      LateVotes.self, WrongTime.self,
    ]
  }

  public static var names: [String] { all.map { $0.name } }

  /// One to three of those named, or of all.
  static func draw(from names: [String], _ generator: inout SeededGenerator) -> [any ByzantineStrategy] {
    var candidates = all.filter { names.isEmpty || names.contains($0.name) }
    var drawn: [any ByzantineStrategy] = []
    let count = 1 + generator.next(below: 3)
    while drawn.count < count, !candidates.isEmpty {
      drawn.append(candidates.remove(at: Int(generator.next(below: UInt64(candidates.count)))).init())
    }
    return drawn
  }
}
