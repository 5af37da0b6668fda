public import Cryptography
import Primitives

extension GossipCore {
  /// The peer said something, in gossip or in another protocol: its session is alive.
  public mutating func heard(_ peer: PeerID, at now: Instant) { probing.heard(peer, at: now) }

  mutating func run(_ input: Probing.Input, _ turn: inout Turn) {
    var inner = Probing.Turn(at: turn.now)
    probing.step(input, &inner)
    for effect in inner.effects {
      switch effect {
      case .send(let probe, let peer):
        if probe.isAnswer {
          answer(.probe(probe), to: peer, &turn)
        } else {
          turn.effects.append(.send(peer, .probe(probe), via: .stream))
        }
      case .dial(let peer): run(PeerManager.Input.testRequested(peer), &turn)
      case .silent(let peer, let isReachable):
        run(PeerManager.Input.silent(peer, isReachable: isReachable), &turn)
      case .fault(let peer, let fault): run(PeerManager.Input.misbehaved(peer, fault), &turn)
      }
    }
  }
}
