/// What must hold in every run.
public enum Invariant: String, CaseIterable, Codable, Hashable, Sendable {
  /// One block at a height, on every node: with the parent's hash in each header, equal prefixes.
  case agreement
  /// Every commit carries signatures of a quorum of its height's validators, checked anew.
  case certificates
  case stateRoots = "state_roots"
  /// An honest key never signs two messages for one height, round and step.
  case singleSigning = "single_signing"
  /// After a precommit an honest validator prevotes for another block only with a later polka.
  case lockRule = "lock_rule"
  /// What a node called durable is there after a crash; heights never fall.
  case durability
  /// Every unit of every currency is somewhere.
  case conservation
  case ordersAgreedOnce = "orders_agreed_once"
  /// A block's time is near the time at which it was decided.
  case blockTime = "block_time"
  /// An honest node finds no grave fault with an honest one, and nobody raises an alarm.
  case honestPeers = "honest_peers"
  /// Once the network is whole, heights grow on every honest node.
  case liveness
}

/// An invariant that did not hold.
public struct Violation: Codable, Hashable, Sendable {
  public var invariant: Invariant
  public var atMilliseconds: UInt64
  public var node: String
  public var text: String
}
