public import Chain
import Cryptography
import Primitives
import Replication
import Wire

/// The result of a run. It is the JSON output of `supercloud simulate`.
public struct SimulationReport: Codable, Sendable {
  /// A Byzantine validator and the names of its strategies.
  public struct ByzantineNode: Codable, Sendable {
    public var node: String
    public var strategies: [String]
  }

  public var seed: UInt64
  public var validators: Int
  /// The number of full nodes that are not validators.
  public var peers: Int
  /// The name of the fault plan.
  public var faults: String
  /// The hash of everything that happened; equal for equal scenarios.
  public var traceHash: String
  /// The lowest height of an honest node at the end.
  public var lowestHeight: Height
  /// The highest height of an honest node at the end.
  public var highestHeight: Height
  /// The highest height of an honest node when the faults ended.
  public var healedHeight: Height
  /// How often a node entered a round above 0, summed over all nodes.
  public var roundsAboveZero: UInt64
  public var highestRound: Round
  public var virtualMilliseconds: UInt64
  public var realMilliseconds: UInt64
  /// The number of events in the trace.
  public var events: UInt64
  /// The number of messages that nodes sent.
  public var messages: UInt64
  /// Approximate payload bytes of all sent messages, without frames and encryption.
  public var bytes: UInt64
  /// The number of messages by the name of their frame's kind; kinds that were not sent are left out.
  public var messagesByKind: [String: UInt64]
  /// Messages that did not arrive.
  public var lost: UInt64
  /// How often a node stopped, because of a crash or a full disk.
  public var crashes: UInt64
  /// How often a node banned a peer.
  public var disconnects: UInt64
  /// How often a signing guard refused a signature.
  public var refusedSignatures: UInt64
  /// Committed transactions, failed ones included.
  public var transactions: UInt64
  /// Committed transactions whose execution failed.
  public var failedTransactions: UInt64
  /// Orders and bids that users published.
  public var objects: UInt64
  /// Lease agreements that succeeded.
  public var agreements: UInt64
  /// Successful closings of deployments and leases.
  public var closes: UInt64
  /// Pieces of evidence of misbehaviour in committed blocks.
  public var evidence: UInt64
  /// The Byzantine validators.
  public var byzantineNodes: [ByzantineNode]
  /// How often each invariant was checked, by its raw value.
  public var checks: [String: UInt64]
  /// The first violations, at most 20.
  public var violations: [Violation]
  /// The command line that repeats the run.
  public var command: String

  /// Whether no invariant was violated.
  public var isClean: Bool { violations.isEmpty }
}

/// Runs scenarios to their end.
public enum Simulation {
  /// Runs a scenario to its end and reports what happened.
  ///
  /// - `stopsEarly`: whether the run ends at the first violation.
  /// - `eventLog`: called after the run with each line of the event log, when something was violated.
  ///
  /// Throws when the scenario's genesis is invalid.
  public static func run(
    _ scenario: Scenario,
    stopsEarly: Bool = true,
    eventLog: ((String) -> Void)? = nil
  ) throws -> SimulationReport {
    let clock = ContinuousClock()
    let started = clock.now
    let cluster = try Cluster(scenario)
    cluster.start()
    let isBroken = cluster.run(for: scenario.duration) { stopsEarly && !$0.violations.isEmpty }
    if !isBroken { cluster.checkFinalState() }
    let elapsed = clock.now - started
    if !cluster.violations.isEmpty { cluster.eventLog.forEach { eventLog?($0) } }
    return report(cluster, milliseconds: UInt64(elapsed / .milliseconds(1)))
  }

  private static func report(_ cluster: Cluster, milliseconds: UInt64) -> SimulationReport {
    let scenario = cluster.scenario
    let honest = (0..<cluster.count).filter(cluster.isHonest)
    let heights = honest.map(cluster.height(of:))
    let traffic = cluster.traffic
    let observer = cluster.observer
    return SimulationReport(
      seed: scenario.seed,
      validators: scenario.validators,
      peers: scenario.peers,
      faults: scenario.faults.name,
      traceHash: "\(cluster.traceHash)",
      lowestHeight: heights.min() ?? 0,
      highestHeight: heights.max() ?? 0,
      healedHeight: cluster.healedHeight,
      roundsAboveZero: traffic.roundsAboveZero,
      highestRound: traffic.highestRound,
      virtualMilliseconds: cluster.now.nanoseconds / 1_000_000,
      realMilliseconds: milliseconds,
      events: cluster.events,
      messages: traffic.messages,
      bytes: traffic.bytes,
      messagesByKind: FrameKind.allCases.reduce(into: [:]) { counts, kind in
        let count = traffic.byKind[Int(kind.rawValue)]
        if count > 0 { counts[kind.name] = count }
      },
      lost: traffic.lost,
      crashes: traffic.crashes,
      disconnects: traffic.bans,
      refusedSignatures: traffic.refusedSignatures,
      transactions: observer.transactions,
      failedTransactions: observer.rejected,
      objects: traffic.published,
      agreements: observer.agreements,
      closes: observer.closes,
      evidence: observer.evidence,
      byzantineNodes: (0..<cluster.count).filter { !cluster.isHonest($0) }.map {
        .init(node: "validator-\($0 + 1)", strategies: cluster.strategies(of: $0))
      },
      checks: Dictionary(uniqueKeysWithValues: cluster.checks.map { ($0.key.rawValue, $0.value) }),
      violations: cluster.violations,
      command: scenario.command
    )
  }
}

extension Scenario {
  /// The command line that repeats the scenario. It is right only if the fault plan is one of the named ones
  /// and the workload is the default.
  public var command: String { command(faults: faults.name) }

  /// The command line that repeats the scenario; `faults` is a fault plan's name or its JSON file's path.
  public func command(faults: String) -> String {
    var text = "supercloud simulate --seed \(seed) --validators \(validators)"
    if peers > 0 { text += " --peers \(peers)" }
    text += " --duration \(durationMilliseconds)ms --faults \(faults)"
    if signatures != .ideal { text += " --signatures \(signatures.rawValue)" }
    if let brokenRule { text += " --broken-rule \(brokenRule.rawValue)" }
    return text
  }
}
