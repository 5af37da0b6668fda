public import Chain
import Cryptography
import Primitives
import Replication
import Wire

/// What a run showed.
public struct SimulationReport: Codable, Sendable {
  public struct Liar: Codable, Sendable {
    public var node: String
    public var strategies: [String]
  }

  public var seed: UInt64
  public var validators: Int
  public var peers: Int
  public var faults: String
  /// Equal for equal seeds.
  public var traceHash: String
  public var lowestHeight: Height
  public var highestHeight: Height
  /// The highest height when the last fault was over.
  public var healedHeight: Height
  /// Entered by all nodes together.
  public var roundsAboveZero: UInt64
  public var highestRound: Round
  public var virtualMilliseconds: UInt64
  /// What it took; no part of the trace.
  public var realMilliseconds: UInt64
  public var events: UInt64
  public var messages: UInt64
  public var bytes: UInt64
  /// By the kind of their frame; kinds that were not sent are left out.
  public var messagesByKind: [String: UInt64]
  public var lost: UInt64
  public var crashes: UInt64
  public var disconnects: UInt64
  public var refusedSignatures: UInt64
  public var transactions: UInt64
  public var failedTransactions: UInt64
  public var objects: UInt64
  public var agreements: UInt64
  public var closes: UInt64
  public var evidence: UInt64
  public var liars: [Liar]
  public var checks: [String: UInt64]
  public var violations: [Violation]
  /// Replays the run.
  public var command: String

  public var isClean: Bool { violations.isEmpty }
}

/// Runs scenarios to their end.
public enum Simulation {
  /// `stopsEarly`: at the first violation.
  /// `story`: gets what happened, for a reader, when something is wrong.
  /// Throws when the scenario's genesis is none.
  public static func run(
    _ scenario: Scenario,
    stopsEarly: Bool = true,
    story: ((String) -> Void)? = nil
  ) throws -> SimulationReport {
    let clock = ContinuousClock()
    let started = clock.now
    let cluster = try Cluster(scenario)
    cluster.start()
    let isBroken = cluster.run(for: scenario.duration) { stopsEarly && !$0.violations.isEmpty }
    if !isBroken { cluster.judge() }
    let elapsed = clock.now - started
    if !cluster.violations.isEmpty { cluster.story.forEach { story?($0) } }
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
      messagesByKind: Dictionary(
        uniqueKeysWithValues: FrameKind.allCases.compactMap { kind in
          let count = traffic.byKind[Int(kind.rawValue)]
          return count > 0 ? ("\(kind)", count) : nil
        }
      ),
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
      liars: (0..<cluster.count).filter { !cluster.isHonest($0) }.map {
        .init(node: "validator-\($0 + 1)", strategies: cluster.strategies(of: $0))
      },
      checks: Dictionary(uniqueKeysWithValues: cluster.checks.map { ($0.key.rawValue, $0.value) }),
      violations: cluster.violations,
      command: scenario.command
    )
  }
}

extension Scenario {
  /// The command that replays the scenario, as long as its faults have a name.
  public var command: String {
    command(faults: faults.name)
  }

  /// `faults`: a plan's name or the path of a file that holds it.
  public func command(faults: String) -> String {
    var text = "supercloud simulate --seed \(seed) --validators \(validators)"
    if peers > 0 { text += " --peers \(peers)" }
    text += " --duration \(durationMilliseconds)ms --faults \(faults)"
    if signatures != .ideal { text += " --signatures \(signatures.rawValue)" }
    if let brokenRule { text += " --broken-rule \(brokenRule.rawValue)" }
    return text
  }
}
