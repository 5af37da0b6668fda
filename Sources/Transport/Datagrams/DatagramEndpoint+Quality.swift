import Primitives

/// Whether datagrams to a peer are worth sending. Where they are not, the owner sends the same by the stream.
///
/// A path may be blocked after the session came up, and in one direction only. So what arrives from the peer proves
/// nothing about what it gets: it is asked, and says so by a pong, or by its reports of loss.
extension DatagramEndpoint {
  /// Of a thousand datagrams; from here on the stream is better.
  static let lossLimit = 100
  /// How long the stream is used then, before datagrams are tried again.
  static let lossPause = Interval.seconds(30)
  /// A peer that is sent datagrams is asked this often.
  static let proofInterval = Interval.seconds(3)
  /// How long it has for an answer.
  static let proofPatience = Interval.seconds(1)
  static let unansweredLimit = 3

  /// The peer told how much it missed.
  func reported(_ peer: DatagramPeer, now: Instant, _ effects: inout [Effect]) {
    peer.lossyUntil = peer.lossPerMille >= Self.lossLimit ? now + Self.lossPause : nil
    proven(peer, now: now, &effects)
  }

  /// The peer has received something lately.
  func proven(_ peer: DatagramPeer, now: Instant, _ effects: inout [Effect]) {
    peer.provenAt = now
    peer.unanswered = 0
    judge(peer, now: now, &effects)
  }

  /// Asks the peer whether it hears this node, as long as there is something to hear. To be called with every tick.
  func watch(_ peer: DatagramPeer, now: Instant, _ effects: inout [Effect]) {
    judge(peer, now: now, &effects)
    let isAsking = peer.unanswered > 0
    guard isAsking || peer.lastData > peer.provenAt else { return }
    let isPatient = !isAsking || peer.unanswered >= Self.unansweredLimit
    let wait = isPatient ? Self.proofInterval : Self.proofPatience
    guard now.since(max(peer.askedAt, peer.provenAt)) >= wait else { return }
    peer.askedAt = now
    peer.unanswered += 1
    transmit(peer, DatagramMessage.control, [Control.ping], now: now, &effects)
  }

  private func judge(_ peer: DatagramPeer, now: Instant, _ effects: inout [Effect]) {
    guard peer.isUp else { return }
    if let until = peer.lossyUntil, until <= now { peer.lossyUntil = nil }
    let isUnheard =
      peer.unanswered > Self.unansweredLimit
      || peer.unanswered == Self.unansweredLimit && now.since(peer.askedAt) >= Self.proofPatience
    let isUsable = peer.lossyUntil == nil && !isUnheard
    guard isUsable != peer.isUsable else { return }
    peer.isUsable = isUsable
    effects.append(.usable(peer.id, isUsable))
  }
}
