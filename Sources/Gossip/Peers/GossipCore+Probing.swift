import Primitives

extension GossipCore {
  /// The peer said something, to whichever room: its link lives.
  public mutating func heard(_ peer: PeerID, at now: Instant) { probing.heard(peer, at: now) }

  mutating func run(_ input: Probing.Input, at now: Instant, _ effects: inout [Effect]) {
    var inner: [Probing.Effect] = []
    probing.step(input, at: now, effects: &inner)
    for effect in inner {
      switch effect {
      case .send(let probe, let peer):
        if probe.isAnswer {
          answer(.probe(probe), to: peer, at: now, &effects)
        } else {
          effects.append(.send(peer, .probe(probe), via: .stream))
        }
      case .dial(let peer): run(PeerManager.Input.sought(peer), at: now, &effects)
      case .silent(let peer, let isReachable):
        run(PeerManager.Input.silent(peer, isReachable: isReachable), at: now, &effects)
      case .fault(let peer, let fault): run(PeerManager.Input.misbehaved(peer, fault), at: now, &effects)
      }
    }
  }
}
