public import Chain
import Gossip
import Primitives
public import Replication

/// What somebody outside hands to the nodes.
extension Cluster {
  /// Hands an authentic transaction to a node, as a user would.
  @discardableResult
  public func submit(_ transaction: Transaction, to index: Int) -> Admission? {
    let node = nodes[index]
    let lane = lane(of: index)
    let clock = lane.clock(of: node)
    var effects: [ReplicaEffect] = []
    guard let admission = node.replica?.admit(transaction, from: nil) else { return nil }
    node.replica?.step(.batchEnded, at: clock, effects: &effects)
    trace.record(at: now, node: index, tag: 7, transaction.sequence)
    lane.perform(effects, of: node)
    settle()
    return admission
  }

  /// Gives a message to a node as if another had sent it.
  public func receive(_ message: PeerMessage, at index: Int, from sender: Int) {
    lane(of: index).handle(.message(message, from: nodes[sender].peer), at: nodes[index], tag: 1)
    settle()
  }

  /// Hands an authentic object to a node, as a user would; tells whether the node's book took it.
  @discardableResult
  public func publish(_ object: SignedObject, to index: Int) -> Bool {
    let node = nodes[index]
    let lane = lane(of: index)
    var effects: [ReplicaEffect] = []
    let outcome = node.replica?.publish(object, at: lane.clock(of: node), &effects)
    trace.record(at: now, node: index, tag: 8, UInt64(object.kind.rawValue))
    lane.perform(effects, of: node)
    settle()
    return outcome?.judgement == .accepted
  }
}
