import Foundation
import Gossip
import Primitives
import Testing

@Suite struct DisseminationNetworkTests {
  /// Runs a scenario and prints what came of it.
  private func run(_ name: String, _ change: (inout DisseminationModel.Scenario) -> Void)
    -> DisseminationModel.Report
  {
    var scenario = DisseminationModel.Scenario()
    scenario.origins = 2
    scenario.warmUp = 13
    scenario.objects = 6
    change(&scenario)
    var model = DisseminationModel(scenario)
    let report = model.run()
    print("report \(name) seed \(scenario.seed) peers \(scenario.peers): \(report)")
    return report
  }

  @Test func `everybody is reached with two copies when nothing is lost`() {
    let report = run("no loss") { $0.peers = 60 }
    #expect(report.share == 1)
    #expect(report.copies <= 2.4)
    #expect(report.faults.isEmpty)
  }

  @Test func `at 5 percent loss everybody is reached within a second`() {
    let report = run("5 % loss") {
      $0.lossPermille = 50
      $0.seed = 2
    }
    #expect(report.share == 1 && report.inSecond == report.expected)
    #expect(report.copies <= 2.5)
    #expect(report.faults.isEmpty)
  }

  @Test func `at 20 percent loss everybody is reached`() {
    let report = run("20 % loss") {
      $0.lossPermille = 200
      $0.seed = 3
    }
    #expect(report.share == 1)
    #expect(report.percentile(0.99) <= 1_500)
  }

  @Test func `when a third stops forwarding the others are still reached`() {
    let report = run("droppers") {
      $0.lossPermille = 50
      $0.dropperPermille = 333
      $0.peers = 60
      $0.seed = 4
      $0.tail = .seconds(12)
    }
    #expect(report.share == 1)
  }

  /// `SUPERCLOUD_GOSSIP_PEERS=1300 swift test -c release --filter largeNetwork` prints the figures of issue 6.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["SUPERCLOUD_GOSSIP_PEERS"] != nil))
  func largeNetwork() throws {
    let environment = ProcessInfo.processInfo.environment
    let peers = try #require(Int(environment["SUPERCLOUD_GOSSIP_PEERS"] ?? ""))
    func number(_ name: String, _ standard: UInt64) -> UInt64 {
      environment[name].flatMap(UInt64.init) ?? standard
    }
    let report = run("large") {
      $0.peers = peers
      $0.origins = Int(number("SUPERCLOUD_GOSSIP_ORIGINS", 8))
      $0.objects = Int(number("SUPERCLOUD_GOSSIP_OBJECTS", 40))
      $0.warmUp = Int(number("SUPERCLOUD_GOSSIP_WARMUP", 14))
      $0.lossPermille = number("SUPERCLOUD_GOSSIP_LOSS", 50)
      $0.dropperPermille = number("SUPERCLOUD_GOSSIP_DROPPERS", 0)
      $0.churnPermille = number("SUPERCLOUD_GOSSIP_CHURN", 0)
      $0.settings.dissemination.suppliers = Int(number("SUPERCLOUD_GOSSIP_SUPPLIERS", 2))
      $0.seed = number("SUPERCLOUD_GOSSIP_SEED", 1)
    }
    #expect(report.share == 1)
  }
}
