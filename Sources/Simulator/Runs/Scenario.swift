public import Primitives

public enum ScenarioError: Error, Hashable, Sendable {
  case unknownParameter(String)
}

/// Everything that decides a simulated run: equal scenarios give equal traces.
public struct Scenario: Codable, Hashable, Sendable {
  /// How consensus messages and transactions are signed.
  public enum Signatures: String, Codable, Hashable, Sendable {
    /// libsodium, as in a node.
    case ed25519
    /// Digests in the place of signatures: nobody can forge, and checking costs a digest.
    case ideal
  }

  public var seed: UInt64
  public var validators: Int
  /// Nodes that follow without voting.
  public var peers: Int
  /// Of virtual time.
  public var durationMilliseconds: UInt64
  public var faults: FaultPlan
  public var workload: WorkloadPlan
  public var signatures: Signatures
  /// A rule that is broken on purpose, to see that it is noticed.
  public var brokenRule: BrokenRule?
  /// The chain's parameters that differ from the simulator's usual ones, by `ParameterKey`'s names.
  public var parameters: [String: UInt64] = [:]

  public init(
    seed: UInt64,
    validators: Int = 4,
    peers: Int = 0,
    duration: Interval = .seconds(60),
    faults: FaultPlan = .none,
    workload: WorkloadPlan = WorkloadPlan(),
    signatures: Signatures = .ideal,
    brokenRule: BrokenRule? = nil
  ) {
    self.seed = seed
    self.validators = validators
    self.peers = peers
    durationMilliseconds = duration.milliseconds
    self.faults = faults
    self.workload = workload
    self.signatures = signatures
    self.brokenRule = brokenRule
  }

  public var duration: Interval { .milliseconds(durationMilliseconds) }

  /// When the network is whole again, every node up, and only Byzantine nodes still misbehave: from here on the
  /// chain must move.
  public var healsAt: Instant {
    let calm = min(30_000, durationMilliseconds / 2)
    return .zero + .milliseconds(durationMilliseconds - calm)
  }

  /// The greatest number of validators of equal power that may be faulty.
  public var tolerated: Int { max(0, (validators - 1) / 3) }
}
