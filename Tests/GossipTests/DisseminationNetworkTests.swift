import Primitives
import Simulator
import Testing

/// Dissemination alone among a hundred peers: the simulator's network, its figures held to limits.
@Suite struct DisseminationNetworkTests {
  /// Runs a network without attackers' tricks and prints what came of it.
  private func run(_ seed: UInt64, _ change: (inout GossipScenario) -> Void) -> GossipReport {
    var scenario = GossipScenario(seed: seed)
    scenario.peers = 100
    scenario.origins = 2
    scenario.warmUpObjectsPerOrigin = 13
    scenario.messages = 6
    // The first feelers are over before anything is learnt.
    scenario.settlingTime = .seconds(28)
    scenario.tailTime = .seconds(3)
    change(&scenario)
    let report = GossipSimulation.run(scenario)
    print(
      "dissemination seed \(seed), \(report.peers) peers, loss \(report.loss), \(report.byzantine) droppers:",
      "missed \(report.missedDeliveries)/\(report.expectedDeliveries), p99",
      "\(report.deliveryMilliseconds.p99) ms, copies \(report.payloadCopies), faults \(report.faults)"
    )
    return report
  }

  @Test func `everybody is reached with two copies when nothing is lost`() {
    let report = run(1) { $0.peers = 60 }
    #expect(report.delivered == 1 && report.unconnected == 0)
    #expect(report.payloadCopies <= 2.4)
    #expect(report.faults.isEmpty)
  }

  @Test func `at 5 percent loss everybody is reached within a second`() {
    let report = run(2) { $0.lossPartsPerMillion = 50_000 }
    #expect(report.delivered == 1 && report.deliveredWithinSecond == 1 && report.unconnected == 0)
    #expect(report.payloadCopies <= 2.5)
    #expect(report.faults.isEmpty)
  }

  @Test func `at 20 percent loss everybody is reached`() {
    let report = run(3) { $0.lossPartsPerMillion = 200_000 }
    #expect(report.delivered == 1 && report.unconnected == 0)
    #expect(report.deliveryMilliseconds.p99 <= 1_500)
  }

  @Test func `when a third stops forwarding the others are still reached`() {
    let report = run(4) {
      $0.peers = 60
      $0.lossPartsPerMillion = 50_000
      $0.byzantinePartsPerMillion = 333_000
      $0.attack = .drop
      $0.tailTime = .seconds(12)
    }
    #expect(report.byzantine > 0)
    #expect(report.delivered == 1 && report.unconnected == 0)
  }
}
