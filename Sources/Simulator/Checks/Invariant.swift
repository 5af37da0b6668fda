/// A property of the honest nodes that must hold in every run. The raw values are the names in reports.
public enum Invariant: String, CaseIterable, Codable, Hashable, Sendable {
  /// All honest nodes commit the same block at a height. Its parent's hash makes the chains below equal too.
  case agreement = "agreement"
  /// The certificate of every commit has valid signatures of more than two thirds of the voting power of that
  /// height. The observer checks them by itself.
  case certificates = "certificates"
  /// All honest nodes have the same state root at a height.
  case stateRoots = "state_roots"
  /// An honest key never signs two messages for one height, round and step.
  case singleSigning = "single_signing"
  /// An honest validator that has precommitted a block prevotes for another one at the same height only when
  /// a polka (a quorum of prevotes) from that round or a later one justifies it.
  case lockRule = "lock_rule"
  /// A restarted node still has every height that it had reported as durable.
  case durability = "durability"
  /// For every currency, accounts, escrow, lease deposits, stake and pools add up to the supply.
  case conservation = "conservation"
  /// At most one lease agreement succeeds for an order.
  case ordersAgreedOnce = "orders_agreed_once"
  /// A block's time is at most `Observer.timeToleranceMilliseconds` ahead of the true time of its commit.
  case blockTime = "block_time"
  /// The tick of every block is that of a billing clock which adds, block by block, the time since the block
  /// before, at most `Parameters.billedIntervalLimit`.
  case billing = "billing"
  /// No honest node reports a fault of weight 20 or more of another honest node, or raises an alarm.
  case honestPeers = "honest_peers"
  /// After the faults every honest node commits at least `Cluster.heightsAfterHealing` more heights.
  case liveness = "liveness"
}

/// One case in which an invariant did not hold.
public struct Violation: Codable, Hashable, Sendable {
  public var invariant: Invariant
  /// Milliseconds of virtual time since the start of the run.
  public var atMilliseconds: UInt64
  /// The name of the node on which the violation was seen, such as `validator-1`.
  public var node: String
  /// A sentence that says what was wrong.
  public var text: String
}
