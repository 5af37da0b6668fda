import Chain
import Cryptography
import Gossip
import Ledger
import Primitives

/// The nodes of validators and providers that the chain knows, proven by vouchers. A voucher is signed by the
/// holder of a validator's or provider's key and names its node.
///
/// Each key has at most one node, the one whose voucher expires last. So a validator cannot occupy the
/// connections that nodes reserve for validators with many nodes of its own; and when a validator moves to a
/// new node, that node's newer voucher replaces the old one.
struct KnownNodes: Sendable {
  private struct Entry {
    var node: PeerID
    var role: NodeVoucher.Role
    var expiresAt: Timestamp
  }

  /// The number of keys from which on no more providers are added. Validators are always added. Each provider
  /// must lock a deposit, but that alone does not limit their number.
  private static let capacity = 4_096

  /// The block time in milliseconds between two searches for expired vouchers.
  static let refreshInterval: UInt64 = 600_000

  private var entries: [PublicKey: Entry] = [:]
  /// The nodes of validators. Consensus messages are sent to them.
  private(set) var validators: Set<PeerID> = []
  /// All nodes in ascending order.
  var nodes: [PeerID] { Set(entries.values.map(\.node)).sorted() }

  /// Adds a voucher that the caller has checked to be in force; false when the nodes do not change by it.
  mutating func addVoucher(_ voucher: NodeVoucher, of node: PeerID) -> Bool {
    if let known = entries[voucher.key] {
      guard known.expiresAt < voucher.expiresAt else { return false }
      entries[voucher.key]?.expiresAt = voucher.expiresAt
      guard known.node != node else { return false }
    } else if entries.count >= Self.capacity, voucher.role != .validator {
      return false
    }
    entries[voucher.key] = Entry(node: node, role: voucher.role, expiresAt: voucher.expiresAt)
    validators = Set(entries.values.filter { $0.role == .validator }.map(\.node))
    return true
  }
}

extension Replica {
  /// Adds an authentic voucher of a session or a node record. True when the voucher is in force, that is, it
  /// has not expired and its key is that of a current or next validator or of a registered provider.
  mutating func addVoucher(_ voucher: NodeVoucher, of node: PeerID, _ turn: inout ReplicaTurn) -> Bool {
    guard isKnown(voucher) else { return false }
    // A session can last longer than the voucher that the peer sent when it connected.
    if let shown = peers[node]?.voucher, shown.key == voucher.key, shown.expiresAt < voucher.expiresAt {
      peers[node]?.voucher = voucher
    }
    if knownNodes.addVoucher(voucher, of: node) { publishKnownNodes(&turn) }
    return true
  }

  /// Whether the voucher is in force. Expiry is by block time, so that vouchers do not expire while the chain
  /// makes no blocks.
  private func isKnown(_ voucher: NodeVoucher) -> Bool {
    guard voucher.expiresAt > tip.time else { return false }
    switch voucher.role {
    case .validator:
      return tip.validators.index(ofKey: voucher.key) != nil
        || tip.nextValidators.index(ofKey: voucher.key) != nil
    case .provider: return OrderAdmission(on: state, at: moment).isProvider(Address(voucher.key))
    }
  }

  /// Reads all vouchers again after a commit if needed: for two heights after the validator set changed,
  /// since the change takes effect two heights later, and after every `refreshInterval`, because vouchers
  /// expire.
  mutating func refreshKnownNodes(isChanged: Bool, _ turn: inout ReplicaTurn) {
    if isChanged { validatorsChangedAt = tip.height }
    let isFresh = validatorsChangedAt.map { tip.height <= $0 + 2 } ?? false
    guard isFresh || tip.time.milliseconds(since: knownNodesReadAt) >= KnownNodes.refreshInterval else {
      return
    }
    reloadKnownNodes(&turn)
  }

  /// Reads all vouchers of the address book and of the sessions again.
  mutating func reloadKnownNodes(_ turn: inout ReplicaTurn) {
    knownNodesReadAt = tip.time
    knownNodes = KnownNodes()
    let book = gossip.peers.book
    let shown = book.keys.map { ($0, book[$0]?.record.voucher) } + peers.keys.map { ($0, peers[$0]?.voucher) }
    for case (let node, let voucher?) in shown where isKnown(voucher) {
      _ = knownNodes.addVoucher(voucher, of: node)
    }
    publishKnownNodes(&turn)
  }

  private mutating func publishKnownNodes(_ turn: inout ReplicaTurn) {
    let validators = knownNodes.validators.sorted()
    turn.effects.append(.validatorsKnown(nodes: validators, keys: tip.validators.members.map(\.key)))
    stepGossip(.chainKnows(peers: knownNodes.nodes, mesh: ownAddress == nil ? [] : validators), &turn)
  }
}
