import Chain
import Cryptography
import Primitives

/// The proposals of the current round and of later ones.
///
/// It stores several proposals of one round, though a correct proposer makes only one: other validators may
/// have voted for another proposal than the one that arrived here first.
struct ProposalSet: Hashable, Sendable {
  static let maximumPerRound = 4

  struct Entry: Hashable, Sendable {
    var proposal: Proposal
    /// Whether the time of a fresh block is near the local clock and after the parent's time. True for a
    /// block with a polka.
    var isTimely: Bool
  }

  /// The proposals in the order of arrival.
  private(set) var entries: [Entry] = []

  /// One proposal of each of the last rounds that are over, to detect a second one that arrives later.
  private var past: [Proposal] = []
  private static let maximumPast = 16

  /// A stored proposal of the same round and proposer that differs from `proposal`; nil when there is none.
  func contradiction(to proposal: Proposal) -> Proposal? {
    (entries.map(\.proposal) + past).first {
      $0.round == proposal.round && $0.validator == proposal.validator && $0.signBody != proposal.signBody
    }
  }

  func proposals(of round: Round) -> [Entry] { entries.filter { $0.proposal.round == round } }

  func contains(_ block: Digest) -> Bool { entries.contains { $0.proposal.block == block } }

  /// Whether `proposal` differs from all stored ones of its round and there is room for it.
  func canAdd(_ proposal: Proposal) -> Bool {
    let known = proposals(of: proposal.round)
    return known.count < Self.maximumPerRound
      && !known.contains {
        $0.proposal.block == proposal.block && $0.proposal.validRound == proposal.validRound
      }
  }

  mutating func add(_ proposal: Proposal, isTimely: Bool) {
    entries.append(Entry(proposal: proposal, isTimely: isTimely))
  }

  /// Drops the proposals of rounds before `round`, except one of each for `contradiction`. Blocks of those
  /// rounds that matter are named by polkas.
  mutating func enter(_ round: Round) {
    for entry in entries where entry.proposal.round < round {
      guard !past.contains(where: { $0.round == entry.proposal.round }) else { continue }
      past.append(entry.proposal)
    }
    past.removeFirst(max(0, past.count - Self.maximumPast))
    entries.removeAll { $0.proposal.round < round }
  }
}
