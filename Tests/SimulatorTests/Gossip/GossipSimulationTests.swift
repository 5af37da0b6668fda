import Foundation
import Gossip
import Primitives
import Simulator
import Testing

@Suite struct GossipSimulationTests {
  /// A network that a debug build runs in seconds.
  private func scenario(seed: UInt64 = 1) -> GossipScenario {
    var scenario = GossipScenario(seed: seed)
    scenario.peers = 40
    scenario.origins = 2
    scenario.warmUpObjectsPerOrigin = 14
    scenario.messages = 10
    // The first feelers are over, and near peers found, before anything is learnt.
    scenario.settlingTime = .seconds(28)
    scenario.tailTime = .seconds(12)
    return scenario
  }

  @discardableResult
  private func run(_ scenario: GossipScenario, sourceLocation: SourceLocation = #_sourceLocation)
    -> GossipReport
  {
    let report = GossipSimulation.run(scenario)
    print(
      "gossip seed \(report.seed) \(report.attack ?? "-"): missed \(report.missedDeliveries), p99",
      report.deliveryMilliseconds.p99,
      "copies",
      report.payloadCopies,
      report.checks.map(\.value)
    )
    for check in report.checks {
      #expect(
        check.passed,
        "\(check.name): \(check.value), limit \(check.limit); seed \(report.seed)",
        sourceLocation: sourceLocation
      )
    }
    return report
  }

  @Test func `equal seeds give equal reports`() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var small = scenario(seed: 5)
    small.peers = 24
    small.warmUpObjectsPerOrigin = 4
    small.messages = 4
    small.tailTime = .seconds(2)
    let first = try encoder.encode(GossipSimulation.run(small))
    #expect(try first == encoder.encode(GossipSimulation.run(small)))
    small.seed = 6
    #expect(try first != encoder.encode(GossipSimulation.run(small)))
  }

  @Test func `everybody is reached with two copies`() {
    let report = run(scenario())
    #expect(report.delivered == 1 && report.expectedDeliveries == 390)
    #expect(report.payloadCopies <= 2.3)
    #expect(report.convergedAtObject != nil)
    #expect(report.memoryPerPeerBytes < 1_500_000)
  }

  @Test func `at 20 percent loss everybody is reached within 1.5 seconds`() {
    var lossy = scenario(seed: 2)
    lossy.lossPartsPerMillion = 200_000
    #expect(run(lossy).deliveryMilliseconds.last <= 1_500)
  }

  @Test func `with churn and a third of silent droppers every connected peer is reached`() {
    var bad = scenario(seed: 3)
    bad.lossPartsPerMillion = 50_000
    bad.churnPartsPerMillion = 100_000
    bad.byzantinePartsPerMillion = 333_000
    #expect(run(bad).newcomers == 4)
  }

  @Test func `peers that only dial out and peers without UDP take part`() {
    var hidden = scenario(seed: 4)
    hidden.hiddenPartsPerMillion = 500_000
    hidden.streamOnlyPartsPerMillion = 500_000
    #expect(run(hidden).expectedDeliveries == 390)
  }

  @Test(arguments: [GossipScenario.Attack.eclipse, .flood, .replay, .amplification, .censorship])
  func `attacks meet their pass criteria`(_ attack: GossipScenario.Attack) {
    var attacked = scenario(seed: 7)
    attacked.attack = attack
    attacked.byzantinePartsPerMillion = attack == .flood ? 60_000 : 200_000
    attacked.messages = 6
    // Newcomers are given a backfill in their first half minute: it begins after that.
    if attack == .amplification { attacked.settlingTime = .seconds(32) }
    #expect(run(attacked).byzantine > 0)
  }

  @Test func `the reference strategies reach everybody, with more copies`() {
    let flood = GossipSimulation.run(scenario(), FloodMachine.self, strategy: "flood")
    let mesh = GossipSimulation.run(scenario(), MeshMachine.self, strategy: "mesh")
    print("flood \(flood.payloadCopies) copies, mesh \(mesh.payloadCopies) copies")
    #expect(flood.delivered == 1 && mesh.delivered == 1)
    #expect(mesh.payloadCopies > 4 && flood.payloadCopies > mesh.payloadCopies)
  }

  /// `SUPERCLOUD_GOSSIP_BESIDE=1300 swift test -c release -Xswiftc -enable-testing --filter beside` prints the figures.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["SUPERCLOUD_GOSSIP_BESIDE"] != nil))
  func `beside flood and mesh, in figures`() throws {
    var large = GossipScenario(seed: 1)
    large.peers = try #require(Int(ProcessInfo.processInfo.environment["SUPERCLOUD_GOSSIP_BESIDE"] ?? ""))
    large.lossPartsPerMillion = 50_000
    large.warmUpObjectsPerOrigin = 4
    for report in [
      GossipSimulation.run(large, FloodMachine.self, strategy: "flood"),
      GossipSimulation.run(large, MeshMachine.self, strategy: "mesh, D = 8"),
    ] {
      print(
        "\(report.strategy): delivered \(report.delivered), p50 \(report.deliveryMilliseconds.p50), p99",
        "\(report.deliveryMilliseconds.p99), last \(report.deliveryMilliseconds.last), copies",
        "\(report.payloadCopies), bytes/peer/s \(report.bytesPerPeerAndSecond)"
      )
    }
  }
}
