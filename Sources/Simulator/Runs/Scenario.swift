public import Primitives

/// Why a scenario cannot be run.
public enum ScenarioError: Error, Hashable, Sendable {
  /// `Scenario.parameters` contains a name that is not one of `ParameterKey`.
  case unknownParameter(String)
}

/// All settings of a simulated run: equal scenarios give equal traces.
public struct Scenario: Codable, Hashable, Sendable {
  /// How consensus messages and transactions are signed.
  public enum Signatures: String, Codable, Hashable, Sendable {
    /// Real Ed25519 signatures, as in a node.
    case ed25519 = "ed25519"
    /// Digests in place of signatures (`IdealSignatures`): much faster, and no simulated node forges them.
    case ideal = "ideal"
  }

  /// The seed of all random numbers of the run.
  public var seed: UInt64
  /// The number of validators; all have the same voting power.
  public var validators: Int
  /// The number of followers: full nodes that do not vote.
  public var peers: Int
  /// The length of the run in milliseconds of virtual time.
  public var durationMilliseconds: UInt64
  public var faults: FaultPlan
  public var workload: LoadPlan
  public var signatures: Signatures
  /// A rule that the simulator breaks on purpose, to test that an invariant shows it; nil for none.
  public var brokenRule: BrokenRule?
  /// Chain parameters that differ from those in `Population`, by the raw value of `ParameterKey`.
  public var parameters: [String: UInt64] = [:]

  public init(
    seed: UInt64,
    validators: Int = 4,
    peers: Int = 0,
    duration: Interval = .seconds(60),
    faults: FaultPlan = .none,
    workload: LoadPlan = LoadPlan(),
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

  /// The length of the run in virtual time.
  public var duration: Interval { .milliseconds(durationMilliseconds) }

  /// When all faults except Byzantine behaviour end: 30 s before the end of the run, or halfway through a run
  /// shorter than 60 s. Afterwards heights must grow (`Invariant.liveness`).
  public var healsAt: Instant {
    let calm = min(30_000, durationMilliseconds / 2)
    return .zero + .milliseconds(durationMilliseconds - calm)
  }

  /// The greatest number of Byzantine validators that consensus tolerates: fewer than a third.
  public var tolerated: Int { max(0, (validators - 1) / 3) }
}
