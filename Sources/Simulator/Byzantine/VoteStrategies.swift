import Chain
import Consensus
import Cryptography
import Primitives
import Replication

/// Votes twice: peers with an odd index get the real vote, the others a contradicting one.
struct EquivocatingVotes: ByzantineStrategy {
  static let name = "equivocate-votes"
  /// The last four proposed blocks; contradicting votes are for one of them or nil.
  private var blocks: [Digest] = []

  mutating func observe(_ message: PeerMessage) {
    guard let proposal = message.proposal, !blocks.contains(proposal.block) else { return }
    if blocks.count >= 4 { blocks.removeFirst() }
    blocks.append(proposal.block)
  }

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    messages.map { outgoing in
      guard case .votes(let votes) = outgoing.message, outgoing.to.isMultiple(of: 2) else { return outgoing }
      return outgoing.carrying(.votes(votes.map { flipped($0, &context) }))
    }
  }

  private func flipped(_ vote: Vote, _ context: inout ByzantineContext) -> Vote {
    guard context.isOwn(vote) else { return vote }
    var other = vote
    other.validRound = nil
    let isNil = vote.block != nil && context.chance(50)
    other.block = isNil ? nil : blocks.last { $0 != vote.block }
    return context.signed(other)
  }
}

/// Votes for the newest proposal, without regard to the block on which the validator is locked.
struct ForgottenLocks: ByzantineStrategy {
  static let name = "forget-locks"
  private var newest: Proposal?

  mutating func observe(_ message: PeerMessage) {
    if let proposal = message.proposal { newest = proposal }
  }

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    messages.map { outgoing in
      guard case .votes(let votes) = outgoing.message, let newest else { return outgoing }
      let changed = votes.map { vote in
        guard vote.height == newest.height, vote.round >= newest.round, vote.block != newest.block,
          context.isOwn(vote)
        else { return vote }
        var other = vote
        other.block = newest.block
        other.validRound = nil
        return context.signed(other)
      }
      return outgoing.carrying(.votes(changed))
    }
  }
}

/// Sends votes 40 to 440 ms late: shortly before or after the timeouts of the other validators.
struct LateVotes: ByzantineStrategy {
  static let name = "late-votes"

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    messages.map { outgoing in
      guard case .votes = outgoing.message else { return outgoing }
      var changed = outgoing
      changed.delay = .milliseconds(40 + context.generator.next(below: 400))
      return changed
    }
  }
}

/// Sends consensus messages only to a random 40 % of the peers, and changes the selection now and then.
struct SelectiveSending: ByzantineStrategy {
  static let name = "send-to-some"
  private var favourites: Set<Int> = []

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    if favourites.isEmpty || context.chance(2) {
      favourites = []
      for peer in context.peers where context.chance(40) { favourites.insert(peer) }
    }
    return messages.filter { outgoing in
      switch outgoing.message {
      case .votes, .proposal, .certificates: favourites.contains(outgoing.to)
      default: true
      }
    }
  }
}

/// Withholds proposals, or votes, or certificates and proposed blocks (`.candidate`), or all of these. Now and then
/// it chooses at random which of the four it does.
struct Withholding: ByzantineStrategy {
  static let name = "withhold"
  private var kept = 0

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    if context.chance(1) { kept = Int(context.generator.next(below: 4)) }
    return messages.filter { outgoing in
      switch outgoing.message {
      case .proposal: kept != 0 && kept != 3
      case .votes: kept != 1 && kept != 3
      case .certificates, .candidate: kept < 2
      default: true
      }
    }
  }
}
