import Chain
import Gossip
import Primitives

@testable import Replication

/// Four validators whose messages arrive at once, in the order in which they were sent.
final class Quartet {
  let world: World
  let nodes: [Harness]
  /// Blocks what one node sends to another.
  var isCut: (Int, Int) -> Bool = { _, _ in false }
  /// What becomes of a message on its way; nil when it is lost.
  var alter: (PeerMessage, Int) -> PeerMessage? = { message, _ in message }
  /// All messages that arrived, with their senders and receivers.
  private(set) var delivered: [(message: PeerMessage, from: Int, to: Int)] = []

  /// `checks`: of each node, by its number.
  init(_ world: World? = nil, checks: (Int) -> Checks = { _ in .ed25519 }) throws {
    let world = try world ?? World(validators: 4)
    self.world = world
    nodes = (0..<4).map { Harness(world, key: world.validators[$0], checks: checks($0), name: 60 + $0) }
    for (index, node) in nodes.enumerated() {
      node.step(.started)
      for (other, peer) in nodes.enumerated() where other != index { node.connect(peer.name) }
    }
  }

  func deliver() {
    var isQuiet = false
    while !isQuiet {
      isQuiet = true
      for (index, node) in nodes.enumerated() {
        let sent = node.sent
        node.sent = []
        for (message, peer) in sent {
          guard let target = nodes.firstIndex(where: { $0.name == peer }), !isCut(index, target) else {
            continue
          }
          isQuiet = false
          if case .transactions = message { continue }
          guard let message = alter(message, index) else { continue }
          delivered.append((message, index, target))
          nodes[target].step(.message(message, from: node.name))
        }
      }
    }
  }

  /// Lets all clocks run until `condition` holds.
  func run(_ limit: Int = 2_000, until condition: (Quartet) -> Bool) -> Bool {
    for _ in 0..<limit {
      deliver()
      if condition(self) { return true }
      for node in nodes {
        let next = node.now + .milliseconds(20)
        node.run(for: .milliseconds(20)) { _ in false }
        node.now = max(node.now, next)
      }
    }
    return condition(self)
  }
}
