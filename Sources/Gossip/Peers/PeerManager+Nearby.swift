import Cryptography
import Primitives

/// A few outbound sessions go to peers that are near.
///
/// Neighbours by lot alone give a node one or two in its own region: too few for a region to hang together, so that an
/// object crosses oceans more than once before it has reached everybody there. Two sessions in eight to peers that
/// answer fast make every region one cluster, and the long links of all its members serve all of them.
///
/// Near is who was quick to answer a dial; feelers dial anyway. Being quick is no merit that costs anything, so the
/// places are few: an attacker next door who fills them has these and no others, and the half that the chain vouches
/// for never gives way.
extension PeerManager {
  /// Whether a peer that a feeler reached stays as an outbound session: it answered in less than half the time of the
  /// one that would give way, so that places do not go back and forth for a millisecond.
  mutating func keepsNear(_ peer: PeerID, _ dialTime: Interval?) -> Bool {
    guard let dialTime, replacement == nil, sessionCount(inbound: false) >= settings.outbound,
      let entry = book[peer], groupIsFree(of: entry), let far = givingWay()
    else { return false }
    guard dialTime + dialTime < far.time else { return false }
    replacement = (peer, far.peer)
    return true
  }

  /// The slowest of those that chance chose while there is a place for another near one, else the slowest near one.
  private func givingWay() -> (peer: PeerID, time: Interval)? {
    let isFull = sessions.values.count(where: \.isNear) >= settings.nearby
    guard settings.nearby > 0 else { return nil }
    let candidates = sessions.compactMap { peer, session -> (peer: PeerID, time: Interval)? in
      guard let time = session.dialTime, session.purpose == .outbound || session.purpose == .seed,
        isFull ? session.isNear : !session.isNear && !known.contains(peer)
      else { return nil }
      return (peer, time)
    }
    return candidates.max { ($0.time, $0.peer) < ($1.time, $1.peer) }
  }

  /// Ends the slower session, when the new one is not turned away at once for lack of room.
  mutating func planReplacement(_ turn: inout Turn) {
    guard let (near, far) = replacement else { return }
    guard let session = sessions[near] else {
      replacement = nil
      return
    }
    guard turn.now.since(session.since) >= .seconds(1) else { return }
    replacement = nil
    guard let old = sessions[far], !old.isInbound, old.purpose != .mesh,
      sessionCount(inbound: false) > settings.outbound
    else { return }
    sessions[far] = nil
    turn.effects.append(.disconnect(far, .nearer))
  }
}
