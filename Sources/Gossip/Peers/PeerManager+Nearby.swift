import Cryptography
import Primitives

/// Some outbound sessions (`Settings.nearby`) are kept for near peers: those that answered a feeler's dial fastest.
///
/// Random neighbours alone give a node one or two in its own region. The nodes of a region are then not connected among
/// themselves, and an object crosses an ocean several times before all of them have it. With two near peers in eight,
/// every region is connected, and an object that reaches one of its nodes reaches the others over short links.
///
/// To be near costs an attacker nothing, so these sessions are few, and sessions with keys that the chain vouches for are
/// never replaced by them.
extension PeerManager {
  /// Keeps the session of a feeler as one with a near peer, in the place of a slower session; returns whether it does.
  ///
  /// The new peer must have answered in less than half the time of the other, so that sessions are not exchanged for
  /// differences of a millisecond.
  mutating func adoptAsNear(_ peer: PeerID, _ dialTime: Interval?) -> Bool {
    guard let dialTime, replacement == nil, sessionCount(inbound: false) >= settings.outbound,
      let entry = book[peer], isGroupFree(of: entry), let far = sessionToReplace()
    else { return false }
    guard dialTime + dialTime < far.time else { return false }
    replacement = (peer, far.peer)
    return true
  }

  /// The session that a near peer replaces: the slowest near one when there are `Settings.nearby` of them, else the
  /// slowest of the others that the chain does not vouch for.
  private func sessionToReplace() -> (peer: PeerID, time: Interval)? {
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

  /// Ends the slower session once the near peer's has lasted a second: until then that peer may still disconnect for
  /// lack of a free slot.
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
