import Chain
import Cryptography
import Primitives
import Replication

@testable import Simulator

/// What a test does to the nodes of a run.
extension Cluster {
  /// Stops a node; everything that it has not synced is lost.
  func crash(_ index: Int) { stop(nodes[index]) }

  /// Starts a stopped node with what is on its disk. It does nothing when the node is up.
  func restart(_ index: Int) { if !nodes[index].isUp { boot(nodes[index]) } }

  /// Sets the protocol versions that a node's program supports. It takes effect at the node's next start.
  func install(_ versions: ClosedRange<UInt32>, on index: Int) { nodes[index].versions = versions }

  /// Cuts all links between these nodes and the others until `rejoin`.
  func isolate(_ indices: Set<Int>) { cut(indices.sorted(), 1) }

  /// Ends the cut that `isolate` made for the same nodes.
  func rejoin(_ indices: Set<Int>) {
    cut(indices.sorted(), -1)
    reconnect()
  }

  /// Gives a node a message at once, as if `sender` had sent it.
  func receive(_ message: PeerMessage, at index: Int, from sender: Int) {
    shard(of: index).handle(.message(message, from: nodes[sender].peer), at: nodes[index], tag: 1)
    synchronizeShards()
  }

  /// A signed vote, as a validator with `key` could make it, contradicting ones included. `validator` is its
  /// index in the set of that height; nil `block` is a vote for nil.
  func vote(
    _ kind: Vote.Kind,
    height: Height,
    round: Round,
    block: Digest?,
    validator: ValidatorIndex,
    by key: SigningKey
  ) -> Vote {
    let body = Vote.signBody(height: height, round: round, validRound: nil, block: block)
    return Vote(
      kind: kind,
      height: height,
      round: round,
      validRound: nil,
      block: block,
      validator: validator,
      signature: signatures.sign(body, domain: kind.domain, by: key)
    )
  }
}
