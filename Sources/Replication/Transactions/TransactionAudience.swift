import Gossip

/// Who is sent a transaction whole, and who is told of it by name.
///
/// A transaction needs to reach proposers, nobody else. A user's node pushes it to the validators at hand: in a full
/// mesh of *v* validators every one receives one copy, the least there is. What came from a peer is told by name and
/// pulled by those who lack it (`TransactionExchange`). Nothing is lost where the mesh has holes: whoever holds a
/// transaction proposes it when its turn comes.
struct TransactionAudience {
  /// With fewer validators at hand a node tells all its peers.
  static let enoughValidators = 3
  /// With fewer, so many others are pushed to without being asked: a way onward without the wait of a pull.
  static let detours = 2

  private let validators: [PeerID]
  private let others: [PeerID]
  /// The validators at hand are few, so everybody tells everybody.
  private let isSparse: Bool
  /// This node is a validator with links to all others; so has each of them, as far as it can know.
  private let isMeshed: Bool

  /// `validators` and `others` are sorted; `setCount` counts the validators of the set.
  init(validators: [PeerID], others: [PeerID], setCount: Int, isValidator: Bool) {
    self.validators = validators
    self.others = others
    let reachable = setCount - (isValidator ? 1 : 0)
    isSparse = validators.count < min(reachable, Self.enoughValidators)
    isMeshed = isValidator && validators.count >= reachable
  }

  /// Who is sent what came from `origin`; nil for a user of this node.
  func pushes(from origin: PeerID?) -> [PeerID] {
    guard origin == nil else { return [] }
    return validators + (isSparse ? Array(others.prefix(Self.detours)) : [])
  }

  /// Who is told of it.
  func tells(from origin: PeerID?) -> [PeerID] {
    guard let origin else { return isSparse ? Array(others.dropFirst(Self.detours)) : [] }
    // Its origin has pushed it to all of them.
    if isMeshed, validators.contains(origin) { return [] }
    return (validators + (isSparse ? others : [])).filter { $0 != origin }
  }
}
