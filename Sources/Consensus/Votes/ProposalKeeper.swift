import Chain
import Cryptography
import Primitives

/// The proposals of the current round and the next ones.
///
/// Several of one round are kept, though more than one is an offence: others may have voted for another than the
/// one that came here first.
struct ProposalKeeper: Hashable, Sendable {
  static let maximumPerRound = 4

  struct Entry: Hashable, Sendable {
    var proposal: Proposal
    /// Of a fresh block: whether its time is near the local clock and after the parent's.
    var isTimely: Bool
  }

  /// In the order in which they came.
  private(set) var entries: [Entry] = []

  /// One of each round that is over, the newest ones: whoever says something else for it later is caught.
  private var past: [Proposal] = []
  private static let maximumPast = 16

  /// A proposal of the same round that says something else.
  func contradiction(to proposal: Proposal) -> Proposal? {
    (entries.map(\.proposal) + past).first {
      $0.round == proposal.round && $0.validator == proposal.validator && $0.signBody != proposal.signBody
    }
  }

  func proposals(of round: Round) -> [Entry] {
    entries.filter { $0.proposal.round == round }
  }

  func contains(_ block: Digest) -> Bool {
    entries.contains { $0.proposal.block == block }
  }

  /// Whether `proposal` says something new and there is room for it.
  func wants(_ proposal: Proposal) -> Bool {
    let known = proposals(of: proposal.round)
    return known.count < Self.maximumPerRound
      && !known.contains {
        $0.proposal.block == proposal.block && $0.proposal.validRound == proposal.validRound
      }
  }

  mutating func add(_ proposal: Proposal, isTimely: Bool) {
    entries.append(Entry(proposal: proposal, isTimely: isTimely))
  }

  /// Forgets the rounds before `round`: their blocks live on in polkas.
  mutating func enter(_ round: Round) {
    for entry in entries where entry.proposal.round < round {
      guard !past.contains(where: { $0.round == entry.proposal.round }) else { continue }
      past.append(entry.proposal)
    }
    past.removeFirst(max(0, past.count - Self.maximumPast))
    entries.removeAll { $0.proposal.round < round }
  }
}
