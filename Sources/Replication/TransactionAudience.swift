import Gossip

/// Who is sent a transaction: those who make blocks, and others only as a way there.
///
/// A transaction needs to reach proposers, nobody else. Flooding it to every peer costs each node a copy per link;
/// here a network of *v* validators in a full mesh carries *v* − 1 copies. Nothing is lost where the mesh has holes:
/// whoever holds a transaction proposes it when its turn comes.
struct TransactionAudience {
  /// With fewer validators at hand a node tells all its peers.
  static let enoughValidators = 3
  /// A role is what a peer says of itself: so the node's own users' transactions also go this many other ways.
  static let detours = 2

  /// Sorted within each kind.
  let peers: [PeerID]
  private let validators: Set<PeerID>
  /// The validators are few, so everybody passes everything on.
  private let isSparse: Bool
  /// This node is a validator with links to all others; so has each of them, as far as it can know.
  private let isMeshed: Bool

  init(validators: [PeerID], others: [PeerID], setCount: Int, isValidator: Bool) {
    self.validators = Set(validators)
    let reachable = setCount - (isValidator ? 1 : 0)
    isSparse = validators.count < min(reachable, Self.enoughValidators)
    isMeshed = isValidator && validators.count >= reachable
    if isMeshed {
      peers = validators
    } else {
      peers = validators + (isSparse ? others : Array(others.prefix(Self.detours)))
    }
  }

  /// Whether `peer` is sent what came from `origin`; nil for a user of this node.
  func needs(_ peer: PeerID, from origin: PeerID?) -> Bool {
    guard let origin else { return true }
    guard peer != origin, !isSparse else { return peer != origin }
    return validators.contains(peer) && !(isMeshed && validators.contains(origin))
  }
}
