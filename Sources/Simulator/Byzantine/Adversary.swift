import Chain
import Consensus
import Cryptography
import Primitives
import Replication

/// One message from a Byzantine node to one receiver, before it enters the network.
struct OutgoingMessage {
  var message: PeerMessage
  /// The receiver's index.
  var to: Int
  /// How long the node waits before it sends the message.
  var delay = Interval.zero
  /// Whether the message's encoding is damaged at random positions on the way.
  var isDamaged = false

  /// The same with another message.
  func carrying(_ message: PeerMessage) -> OutgoingMessage {
    var changed = self
    changed.message = message
    return changed
  }
}

/// Makes one node Byzantine: applies its strategies in turn to each batch of messages that its replica sends.
struct Adversary {
  var strategies: [any ByzantineStrategy]
  var generator: SeededGenerator
  let key: SigningKey
  let signatures: SigningService

  var names: [String] { strategies.map { type(of: $0).name } }

  /// Shows every strategy a message that the node has received.
  mutating func observe(_ message: PeerMessage) {
    for index in strategies.indices { strategies[index].observe(message) }
  }

  /// The messages that the node sends in place of `messages`; it has sessions with the nodes `peers`.
  mutating func alter(_ messages: [OutgoingMessage], peers: [Int]) -> [OutgoingMessage] {
    var messages = messages
    for index in strategies.indices {
      var context = ByzantineContext(generator: generator, key: key, signatures: signatures, peers: peers)
      messages = strategies[index].alter(messages, &context)
      generator = context.generator
    }
    return messages
  }
}

/// What a strategy may use: random numbers, the node's own signing key, and the list of connected peers. It
/// has no other node's key, so it cannot forge messages of honest validators.
struct ByzantineContext {
  var generator: SeededGenerator
  let key: SigningKey
  let signatures: SigningService
  /// Indices of the nodes with which the Byzantine node has sessions.
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

  /// Whether the node signed the vote itself. Strategies change only own votes: a changed vote of another
  /// validator would fail the signature check.
  func isOwn(_ vote: Vote) -> Bool { signed(vote) == vote }

  /// True with a probability of `percent` / 100.
  mutating func chance(_ percent: UInt64) -> Bool { generator.next(below: 100) < percent }
}

/// One kind of Byzantine behaviour.
protocol ByzantineStrategy: Sendable {
  /// The name in fault plans and reports.
  static var name: String { get }
  init()
  /// Called for each message that the node receives.
  mutating func observe(_ message: PeerMessage)
  /// Returns the messages to send in place of `messages`.
  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage]
}

extension ByzantineStrategy {
  mutating func observe(_ message: PeerMessage) {}
}

/// The list of all strategies.
enum ByzantineStrategies {
  static var all: [any ByzantineStrategy.Type] {
    [
      EquivocatingVotes.self, EquivocatingProposals.self, SelectiveSending.self, Withholding.self,
      InvalidBlocks.self, ForgottenLocks.self, Replaying.self, Flooding.self, FalseSyncAnswers.self,
      DamagedBytes.self, LateVotes.self, WrongTime.self,
    ]
  }

  /// Draws one to three different strategies among those in `names`; an empty `names` stands for all.
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
