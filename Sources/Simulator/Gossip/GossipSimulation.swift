import Gossip
import Primitives

/// Runs gossip scenarios to their end. Equal scenarios give equal reports.
public enum GossipSimulation {
  public static func run(_ scenario: GossipScenario) -> GossipReport {
    run(scenario, GossipCore.self, strategy: "supercloud")
  }

  /// The same network with another machine in every peer.
  public static func run<Machine: GossipMachine>(
    _ scenario: GossipScenario,
    _ machine: Machine.Type,
    strategy: String
  ) -> GossipReport {
    let network = GossipNetwork<Machine>(scenario)
    network.plan()
    network.run(until: scenario.end)
    var report = network.report(strategy: strategy)
    report.checks = network.verdict(report)
    if scenario.attack == .amplification, report.byzantine > 0 {
      var calm = scenario
      calm.isCalm = true
      let comparison = GossipNetwork<Machine>(calm)
      comparison.plan()
      comparison.run(until: calm.end)
      report.checks += network.amplification(besides: comparison)
    }
    return report
  }
}

extension GossipNetwork {
  /// What attackers drew beyond what they would have been sent in the same network without an attack, against all that
  /// they sent: answers are given for whatever a neighbour sends. Both by the second of a session, since an attack
  /// changes who has one. The limits come from what harm is, not from what was measured:
  ///
  /// - Leverage: three bytes per byte, which QUIC allows even towards an address that nobody validated (RFC 9000 § 8.1),
  ///   beyond 1 KiB/s a session, which is no leverage worth having. Both those who ask all the time and those who ask
  ///   only when an answer is due are held to it.
  /// - Load: a home's uplink of 10 Mbit/s serves 32 neighbours. All of them hostile may take a third of it: 13 kB/s
  ///   each.
  ///
  /// The backfill of newcomers is over when the attack begins; `AnswerBudget` says what bounds it.
  func amplification(besides calm: GossipNetwork) -> [GossipReport.Check] {
    [(0, "who asks when an answer is due"), (1, "who asks all the time")].flatMap { habit, name in
      // Those who ask all the time are banned in the end: what counts is while they have a session.
      let seconds = max(1, adversary.sessionSeconds[habit])
      let calmSeconds = max(1, calm.adversary.sessionSeconds[habit])
      let usual = Double(calm.measure.drawnByAttackers[habit]) * seconds / calmSeconds
      let drawn = Double(measure.drawnByAttackers[habit]) - usual
      let sent = Double(measure.sentByAttackers[habit])
      let trickle = 1_024 * seconds
      func check(_ what: String, _ value: Double, _ limit: Double) -> GossipReport.Check {
        .init(name: "\(what), \(name)", value: value, limit: limit, passed: value <= limit)
      }
      return [
        check("bytes drawn per byte sent, beyond a trickle", max(0, drawn - trickle) / max(1, sent), 3),
        check("bytes/s drawn from one neighbour", drawn / seconds, 13_000),
      ]
    }
  }

  /// What must hold in a scenario, whatever its figures.
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
      let outbound = peers[victim].dialed
      let honest = outbound.count { !peers[$0].isByzantine }
      checks.append(
        .init(
          name: "victim's outbound sessions to honest peers (at least)",
          value: Double(honest),
          limit: Double(scenario.outbound / 2),
          passed: honest >= scenario.outbound / 2
        )
      )
      let missed = measure.tracks.count { $0.isCounted && $0.delays[victim] == .max }
      atMost("objects that the victim missed", Double(missed), 0)
    case .flood:
      atMost("delivery p99, ms", report.deliveryMilliseconds.p99, 1_000)
    case .replay:
      // One check per object, record and peer, whatever is sent again.
      atMost(
        "repeated signature checks per thousand replays",
        Double(measure.repeatedChecks) * 1_000 / Double(max(1, adversary.replayed)),
        0.1
      )
      atMost("signature checks per object and peer", report.signatureChecksPerObjectAndPeer, 1)
    case .censorship:
      atMost("delivery p99, ms", report.deliveryMilliseconds.p99, 1_500)
    }
    return checks
  }
}
