import Chain
import Cryptography
import Gossip
import Ledger
import Primitives

/// Which node speaks for which key that the chain knows: at most one node per key, the one vouched for longest.
///
/// So a validator cannot fill other nodes' reserved places with node keys of its own, and a moved validator's old
/// node loses its place as soon as the new one has spoken.
struct KnownNodes: Sendable {
  private struct Entry {
    var node: PeerID
    var role: NodeVoucher.Role
    var expiresAt: Timestamp
  }

  /// Registered providers cost a deposit each, but a book that grew with them would be theirs to fill.
  private static let capacity = 4_096

  /// Vouchers end by block time; no more often than this is it worth looking.
  static let reviewInterval: UInt64 = 600_000

  private var entries: [PublicKey: Entry] = [:]
  /// Node keys of validators; what consensus messages go to.
  private(set) var validators: Set<PeerID> = []
  /// All node keys, ascending.
  var nodes: [PeerID] { Set(entries.values.map(\.node)).sorted() }

  /// Takes a voucher whose key the chain knows; false when it says nothing new.
  mutating func learn(_ voucher: NodeVoucher, of node: PeerID) -> Bool {
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
  /// What a session's or record's voucher is worth by committed state; true when its key is known and in force.
  mutating func learn(
    _ voucher: NodeVoucher,
    of node: PeerID,
    _ turn: inout Turn
  ) -> Bool {
    guard isKnown(voucher) else { return false }
    // A session may outlast the voucher that it began with.
    if let shown = peers[node]?.voucher, shown.key == voucher.key, shown.expiresAt < voucher.expiresAt {
      peers[node]?.voucher = voucher
    }
    if known.learn(voucher, of: node) { tellKnownNodes(&turn) }
    return true
  }

  /// Block time decides about expiry: on a chain that stands still nobody stops being a validator.
  private func isKnown(_ voucher: NodeVoucher) -> Bool {
    guard voucher.expiresAt > tip.time else { return false }
    switch voucher.role {
    case .validator:
      return tip.validators.index(ofKey: voucher.key) != nil
        || tip.nextValidators.index(ofKey: voucher.key) != nil
    case .provider: return OrderAdmission(on: state, at: moment).isProvider(Address(voucher.key))
    }
  }

  /// After a commit: a changed set of validators comes into force two heights later, and vouchers expire.
  mutating func reviewKnownNodes(isChanged: Bool, _ turn: inout Turn) {
    if isChanged { validatorsChangedAt = tip.height }
    let isFresh = validatorsChangedAt.map { tip.height <= $0 + 2 } ?? false
    guard isFresh || tip.time.milliseconds(since: knownAt) >= KnownNodes.reviewInterval else { return }
    tellChainPeers(&turn)
  }

  /// Reads all vouchers anew: at the start, and when they may have become something else.
  mutating func tellChainPeers(_ turn: inout Turn) {
    knownAt = tip.time
    known = KnownNodes()
    for key in gossip.peers.book.keys {
      guard let voucher = gossip.peers.book[key]?.record.voucher, isKnown(voucher) else { continue }
      _ = known.learn(voucher, of: key)
    }
    for peer in peers.keys {
      guard let voucher = peers[peer]?.voucher, isKnown(voucher) else { continue }
      _ = known.learn(voucher, of: peer)
    }
    tellKnownNodes(&turn)
  }

  private mutating func tellKnownNodes(_ turn: inout Turn) {
    let validators = known.validators.sorted()
    turn.effects.append(
      .validatorsKnown(nodes: validators, keys: tip.validators.members.map(\.key))
    )
    stepGossip(
      .chainKnows(peers: known.nodes, mesh: ownAddress == nil ? [] : validators),
      &turn
    )
  }
}
