import Gossip
import Primitives

/// Runs gossip scenarios to their end. Equal scenarios give equal reports.
public enum GossipSimulation {
  /// Runs the scenario with the node's own gossip core in every peer.
  public static func run(_ scenario: GossipScenario) -> GossipReport {
    run(scenario, GossipCore.self, strategy: "supercloud")
  }

  /// Runs the scenario with another machine in every peer; `strategy` is its name in the report.
  public static func run<Machine: GossipMachine>(
    _ scenario: GossipScenario,
    _ machine: Machine.Type,
    strategy: String
  ) -> GossipReport {
    let network = GossipNetwork<Machine>(played: scenario)
    var report = network.report(strategy: strategy)
    report.checks = network.verdict(report)
    if scenario.attack == .amplification, report.byzantine > 0 {
      var baseline = scenario
      baseline.isBaseline = true
      report.checks += network.amplification(comparedWith: GossipNetwork(played: baseline))
    }
    return report
  }
}

extension GossipNetwork {
  fileprivate convenience init(played scenario: GossipScenario) {
    self.init(scenario)
    plan()
    run(until: scenario.end)
  }

  /// Checks the run against the conditions of all scenarios and those of this scenario's attack. The
  /// conditions of an amplification attack need a second run to compare with; `run` checks them.
  func verdict(_ report: GossipReport) -> [GossipReport.Check] {
    var checks: [GossipReport.Check] = []
    func atMost(_ name: String, _ value: Double, _ limit: Double) {
      checks.append(.init(name: name, value: value, limit: limit, passed: value <= limit))
    }
    atMost("connected honest peers missed", Double(report.missedDeliveries), 0)
    atMost("honest peers banned", Double(report.honestPeersBanned), 0)
    guard scenario.byzantinePartsPerMillion > 0, let victim = adversary.victim else { return checks }
    switch scenario.attack {
    case .drop, .amplification: break
    case .eclipse:
      let honest = peers[victim].dialed.count { !peers[$0].isByzantine }
      let (value, limit) = (Double(honest), Double(scenario.outbound / 2))
      let name = "victim's outbound sessions to honest peers (at least)"
      checks.append(.init(name: name, value: value, limit: limit, passed: value >= limit))
      let missed = measure.tracks.count { $0.isCounted && $0.delays[victim] == .max }
      atMost("objects that the victim missed", Double(missed), 0)
    case .flood: atMost("delivery p99, ms", report.deliveryMilliseconds.p99, 1_000)
    case .replay:
      // A peer checks each object and record once, however often it is sent.
      let repeated = Double(measure.repeatedChecks) * 1_000 / Double(max(1, adversary.replayed))
      atMost("repeated signature checks per thousand replays", repeated, 0.1)
      atMost("signature checks per object and peer", report.signatureChecksPerObjectAndPeer, 1)
    case .censorship: atMost("delivery p99, ms", report.deliveryMilliseconds.p99, 1_500)
    }
    return checks
  }
}
