public import Chain
import Gossip
import Primitives
public import Replication

// What users and tests give to the nodes.
extension Cluster {
  /// Submits an authentic transaction to a node, as a user would. Returns the mempool's answer; nil when the
  /// node is down.
  @discardableResult
  public func submit(_ transaction: Transaction, to index: Int) -> Admission? {
    let node = nodes[index]
    let shard = shard(of: index)
    guard node.replica != nil else { return nil }
    trace.record(at: now, node: index, tag: 7, transaction.sequence)
    let answer = shard.request(.submitted([transaction], Ticket(0)), of: node)
    synchronizeShards()
    guard case .admitted(let admissions)? = answer else { return nil }
    return admissions.first
  }

  /// Gives a node a message at once, as if `sender` had sent it.
  public func receive(_ message: PeerMessage, at index: Int, from sender: Int) {
    shard(of: index).handle(.message(message, from: nodes[sender].peer), at: nodes[index], tag: 1)
    synchronizeShards()
  }

  /// Publishes an authentic order, bid or offer through a node, as a user would. Returns whether the node's
  /// order book accepted it; false when the node is down.
  @discardableResult
  public func publish(_ object: SignedObject, to index: Int) -> Bool {
    let node = nodes[index]
    let shard = shard(of: index)
    trace.record(at: now, node: index, tag: 8, UInt64(object.kind.rawValue))
    let answer = shard.request(.published(object, Ticket(0)), of: node)
    synchronizeShards()
    guard case .published(let outcome)? = answer else { return false }
    return outcome.judgement == .accepted
  }
}
