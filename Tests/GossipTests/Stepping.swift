import Primitives

@testable import Gossip

// Single steps, each a turn of its own.

extension GossipCore {
  mutating func start(at now: Instant, effects: inout [Effect]) {
    var turn = Turn(at: now, effects: effects)
    start(&turn)
    effects = turn.effects
  }

  mutating func step(_ input: Input, at now: Instant, effects: inout [Effect]) {
    var turn = Turn(at: now, effects: effects)
    step(input, &turn)
    effects = turn.effects
  }
}

extension Dissemination {
  mutating func step(_ input: Input, at now: Instant, effects: inout [Effect]) {
    var turn = Turn(at: now, effects: effects)
    step(input, &turn)
    effects = turn.effects
  }
}

extension Reconciliation {
  mutating func step(_ input: Input, at now: Instant, effects: inout [Effect]) {
    var turn = Turn(at: now, effects: effects)
    step(input, &turn)
    effects = turn.effects
  }
}

extension PeerManager {
  mutating func step(_ input: Input, at now: Instant, effects: inout [Effect]) {
    var turn = Turn(at: now, effects: effects)
    step(input, &turn)
    effects = turn.effects
  }
}

extension Probing {
  mutating func step(_ input: Input, at now: Instant, effects: inout [Effect]) {
    var turn = Turn(at: now, effects: effects)
    step(input, &turn)
    effects = turn.effects
  }
}
