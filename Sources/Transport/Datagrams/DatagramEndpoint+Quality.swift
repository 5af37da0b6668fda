import Primitives

/// Decides whether datagrams to a peer arrive. While they do not, messages go over the peer's TCP stream.
///
/// A firewall may block datagrams after a session was opened, and in one direction only. So datagrams
/// received from the peer do not prove that the peer receives ours. Its pongs and its reports of loss do.
extension DatagramEndpoint {
  /// At this loss or more, in lost datagrams per thousand, messages go over the TCP stream.
  static let lossLimit = 100
  /// How long messages go over the TCP stream after such a loss, before datagrams are tried again.
  static let lossPause = Interval.seconds(30)
  /// The time between pings to a peer to which datagrams are being sent.
  static let pingInterval = Interval.seconds(3)
  /// How long to wait for a pong before the next ping. After `unansweredPingLimit` pings without a pong,
  /// datagrams are considered not to arrive, and pings go out every `pingInterval` again.
  static let pongTimeout = Interval.seconds(1)
  static let unansweredPingLimit = 3

  /// Handles a peer's report of loss. The report also proves that the peer receives datagrams.
  func reported(_ peer: DatagramPeer, _ turn: inout Turn) {
    peer.lossyUntil = peer.lossPerMille >= Self.lossLimit ? turn.now + Self.lossPause : nil
    confirm(peer, &turn)
  }

  /// Records that the peer has proved to receive datagrams.
  func confirm(_ peer: DatagramPeer, _ turn: inout Turn) {
    peer.confirmedAt = turn.now
    peer.unansweredPings = 0
    updateUsability(of: peer, &turn)
  }

  /// Pings the peer if datagrams were sent to it since it last proved to receive them. Called every tick.
  func ping(_ peer: DatagramPeer, _ turn: inout Turn) {
    updateUsability(of: peer, &turn)
    let isUnanswered = peer.unansweredPings > 0
    guard isUnanswered || peer.lastDataSent > peer.confirmedAt else { return }
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
