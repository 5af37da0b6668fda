import Primitives

/// Decides whether datagrams to a peer arrive. While they do not, the owner uses the stream instead.
///
/// A firewall may block datagrams after a session was opened, and in one direction only. So datagrams received from the peer
/// do not prove that the peer receives ours. It is asked by pings; pongs and its reports of loss are the proof.
extension DatagramEndpoint {
  /// From this loss on, in datagrams of a thousand, the stream is used.
  static let lossLimit = 100
  /// How long the stream is used before datagrams are tried again.
  static let lossPause = Interval.seconds(30)
  /// How often a peer that is sent datagrams is pinged.
  static let pingInterval = Interval.seconds(3)
  /// How long to wait for the pong before the next ping.
  static let pongTimeout = Interval.seconds(1)
  static let unansweredPingLimit = 3

  /// Handles a report of loss, which also proves that datagrams arrive.
  func reported(_ peer: DatagramPeer, _ turn: inout Turn) {
    peer.lossyUntil = peer.lossPerMille >= Self.lossLimit ? turn.now + Self.lossPause : nil
    confirm(peer, &turn)
  }

  /// Notes that the peer has received a datagram.
  func confirm(_ peer: DatagramPeer, _ turn: inout Turn) {
    peer.confirmedAt = turn.now
    peer.unansweredPings = 0
    updateUsability(of: peer, &turn)
  }

  /// Pings the peer if datagrams were sent to it since it last confirmed to receive them. Called with every tick.
  func ping(_ peer: DatagramPeer, _ turn: inout Turn) {
    updateUsability(of: peer, &turn)
    let isUnanswered = peer.unansweredPings > 0
    guard isUnanswered || peer.lastData > peer.confirmedAt else { return }
    let isSlow = !isUnanswered || peer.unansweredPings >= Self.unansweredPingLimit
    let wait = isSlow ? Self.pingInterval : Self.pongTimeout
    guard turn.now.since(max(peer.pingedAt, peer.confirmedAt)) >= wait else { return }
    peer.pingedAt = turn.now
    peer.unansweredPings += 1
    transmit(peer, DatagramMessage.control, [Control.ping], &turn)
  }

  private func updateUsability(of peer: DatagramPeer, _ turn: inout Turn) {
    guard peer.isUp else { return }
    if let until = peer.lossyUntil, until <= turn.now { peer.lossyUntil = nil }
    let isUnreceived =
      peer.unansweredPings > Self.unansweredPingLimit
      || peer.unansweredPings == Self.unansweredPingLimit && turn.now.since(peer.pingedAt) >= Self.pongTimeout
    let isUsable = peer.lossyUntil == nil && !isUnreceived
    guard isUsable != peer.isUsable else { return }
    peer.isUsable = isUsable
    turn.effects.append(.usable(peer.id, isUsable))
  }
}
