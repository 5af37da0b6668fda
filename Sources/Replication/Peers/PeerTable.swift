import Chain
import Gossip
import Primitives

/// What a replica knows of a peer with which it has a session.
struct PeerState: Sendable {
  var role: NodeRecord.Role
  /// What the peer showed when it connected; its signature holds.
  var voucher: NodeVoucher?
  var status: PeerStatus?
  /// Blocks under vote, and parts of them, that it was given.
  var supplied = SupplyMeter()
  var statuses = TokenBucket()

  /// How many of a peer's statuses are acted upon. An honest peer sends one with every height and round. What it says
  /// is noted in any case, and a node that is behind by it looks by itself ten times a second.
  static let statusRate = TokenBucket.Rate(perSecond: 100, burst: 50)
}

/// The peers with which there is a session.
struct PeerTable: Sendable {
  private var states: [PeerID: PeerState] = [:]
  /// Ascending, so that messages to many leave in one order everywhere.
  private(set) var keys: [PeerID] = []

  var count: Int { keys.count }

  mutating func connect(_ peer: PeerID, _ state: PeerState) {
    if states.updateValue(state, forKey: peer) == nil { keys.insert(peer, at: place(of: peer)) }
  }

  mutating func disconnect(_ peer: PeerID) {
    if states.removeValue(forKey: peer) != nil { keys.remove(at: place(of: peer)) }
  }

  /// Changes what is known of a peer; who is not connected stays unknown.
  subscript(peer: PeerID) -> PeerState? {
    get { states[peer] }
    _modify {
      yield &states[peer]
      precondition(states.count == keys.count, "peers come and go by connect and disconnect")
    }
  }

  /// Notes what a peer says of itself; tells whether it may be acted upon.
  mutating func note(_ status: PeerStatus, from peer: PeerID, at now: Instant) -> Bool {
    guard let index = states.index(forKey: peer) else { return false }
    states.values[index].status = status
    return states.values[index].statuses.take(at: now, PeerState.statusRate)
  }

  /// The height that a peer says it has; 0 for who said nothing.
  func committed(by peer: PeerID) -> Height {
    guard let index = states.index(forKey: peer) else { return 0 }
    return states.values[index].status?.committed ?? 0
  }

  /// Of the first key that does not come before `peer`.
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
