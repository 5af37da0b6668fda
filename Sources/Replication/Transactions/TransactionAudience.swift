import Cryptography
import Gossip

/// The choice of peers that get a whole transaction (push) and of peers that get only its name (announce).
///
/// A transaction must reach the validators, which propose blocks. The node of a user pushes it to all
/// validators that it is connected to. In a full mesh each validator receives one copy. A transaction that
/// came from a peer is announced, and peers that lack it request it (`TransactionExchange`). If a transaction
/// does not reach all validators, a validator that has it includes it when it proposes a block.
struct TransactionAudience {
  /// A node that is connected to fewer validators than this announces transactions to all its peers.
  static let minimumValidatorLinks = 3
  /// The number of other peers to which such a node also pushes the transactions of its users, so that they
  /// travel on without the delay of a request.
  static let sparsePushCount = 2

  private let validators: [PeerID]
  private let others: [PeerID]
  /// Whether this node is connected to too few validators.
  private let isSparse: Bool
  /// Whether this node is a validator that is connected to all others. Then it assumes that each of them is
  /// too.
  private let isMeshed: Bool

  /// `validators` and `others` are the connected peers, sorted. `setCount` is the number of validators in the
  /// current set.
  init(validators: [PeerID], others: [PeerID], setCount: Int, isValidator: Bool) {
    self.validators = validators
    self.others = others
    let reachable = setCount - (isValidator ? 1 : 0)
    isSparse = validators.count < min(reachable, Self.minimumValidatorLinks)
    isMeshed = isValidator && validators.count >= reachable
  }

  /// The peers to which a transaction from `origin` is pushed; `origin` is nil for a user of this node.
  func pushReceivers(from origin: PeerID?) -> [PeerID] {
    guard origin == nil else { return [] }
    return validators + (isSparse ? Array(others.prefix(Self.sparsePushCount)) : [])
  }

  /// The peers to which it is announced.
  func announceReceivers(from origin: PeerID?) -> [PeerID] {
    guard let origin else { return isSparse ? Array(others.dropFirst(Self.sparsePushCount)) : [] }
    // The origin is a validator and has pushed it to all the others.
    if isMeshed, validators.contains(origin) { return [] }
    return (validators + (isSparse ? others : [])).filter { $0 != origin }
  }
}
