import Chain
import Cryptography
import Gossip
import Primitives

/// The data of a connected peer.
struct PeerState: Sendable {
  var role: NodeRecord.Role
  /// The voucher that the peer sent when it connected, or a newer one of the same key. Its signature is
  /// verified.
  var voucher: NodeVoucher?
  var status: PeerStatus?
  /// The limit of bytes of proposed blocks that the peer gets.
  var servingLimiter = ServingLimiter()
  var statuses = TokenBucket()

  /// How many statuses of a peer are answered at once. An honest peer sends one with every height and round.
  /// A status beyond the rate is still stored, and a node that is behind uses it at the next sync timer,
  /// within 100 ms.
  static let statusRate = TokenBucket.Rate(perSecond: 100, burst: 50)
}

/// The connected peers.
struct PeerTable: Sendable {
  private var states: [PeerID: PeerState] = [:]
  /// In ascending order, so that a message to many peers is sent in the same order in every run of a
  /// simulation.
  private(set) var keys: [PeerID] = []

  var count: Int { keys.count }

  mutating func connect(_ peer: PeerID, _ state: PeerState) {
    if states.updateValue(state, forKey: peer) == nil { keys.insert(peer, at: place(of: peer)) }
  }

  mutating func disconnect(_ peer: PeerID) {
    if states.removeValue(forKey: peer) != nil { keys.remove(at: place(of: peer)) }
  }

  /// The data of a peer; nil when it is not connected. Only a connected peer may be set, and never to nil.
  subscript(peer: PeerID) -> PeerState? {
    get { states[peer] }
    _modify {
      yield &states[peer]
      precondition(states.count == keys.count, "peers come and go by connect and disconnect")
    }
  }

  /// Stores the status of a peer. False when the peer is not connected or has sent more statuses than
  /// `statusRate` allows.
  mutating func setStatus(_ status: PeerStatus, from peer: PeerID, at now: Instant) -> Bool {
    guard let index = states.index(forKey: peer) else { return false }
    states.values[index].status = status
    return states.values[index].statuses.take(at: now, PeerState.statusRate)
  }

  /// The committed height that a peer reported last; 0 when it has not sent a status.
  func committed(by peer: PeerID) -> Height {
    guard let index = states.index(forKey: peer) else { return 0 }
    return states.values[index].status?.committed ?? 0
  }

  /// The index of the first key that does not come before `peer`.
  private func place(of peer: PeerID) -> Int {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < peer { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
