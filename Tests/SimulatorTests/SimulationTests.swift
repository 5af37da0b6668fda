import Foundation
import Primitives
import Simulator
import Testing

/// Whole runs under faults, drawn from seeds.
struct SimulationTests {
  /// How many seeds each kind of run gets: few by default, more with `SUPERCLOUD_SEEDS`.
  static let seeds: UInt64 = ProcessInfo.processInfo.environment["SUPERCLOUD_SEEDS"].flatMap(UInt64.init) ?? 2

  static func scenario(
    _ seed: UInt64,
    validators: Int = 4,
    peers: Int = 0,
    _ faults: FaultPlan,
    seconds: UInt64 = 40
  ) -> Scenario {
    Scenario(seed: seed, validators: validators, peers: peers, duration: .seconds(seconds), faults: faults)
  }

  static func explanation(_ report: SimulationReport) -> Comment {
    let violations = report.violations.map {
      "\($0.invariant.rawValue) at \($0.atMilliseconds) ms, \($0.node): \($0.text)"
    }
    return "\(violations.joined(separator: "\n"))\nreplay: \(report.command)"
  }

  @Test(arguments: 1...seeds)
  func `nothing is violated under chaos, and the network recovers`(seed: UInt64) throws {
    let report = try Simulation.run(Self.scenario(seed, peers: 1, .chaos))
    #expect(report.isClean, Self.explanation(report))
  }

  @Test(arguments: 1...seeds)
  func `a third of Byzantine validators is borne`(seed: UInt64) throws {
    let report = try Simulation.run(Self.scenario(seed, validators: 7, .byzantine))
    #expect(report.isClean, Self.explanation(report))
    #expect(report.byzantineNodes.count == 2)
  }

  @Test func `users are served on an ordinary day`() throws {
    let report = try Simulation.run(Self.scenario(1, peers: 2, .none))
    #expect(report.isClean, Self.explanation(report))
    #expect(report.transactions > 20)
    #expect(report.agreements > 0)
    #expect(report.closes > 0)
    #expect(report.lowestHeight > 20)
  }

  @Test func `the same seed gives the same trace`() throws {
    let first = try Simulation.run(Self.scenario(9, peers: 1, .chaos, seconds: 20))
    let second = try Simulation.run(Self.scenario(9, peers: 1, .chaos, seconds: 20))
    let other = try Simulation.run(Self.scenario(10, peers: 1, .chaos, seconds: 20))
    #expect(first.traceHash == second.traceHash)
    #expect(first.traceHash != other.traceHash)
  }

  @Test func `a plan of faults is read from a file, with what it names only`() throws {
    let text =
      #"{"name": "mine", "delays": "rough", "byzantine": null, "schedule": [{"kind": "crash", "atMilliseconds": 5, "forMilliseconds": 10, "nodes": [1]}]}"#
    let plan = try JSONDecoder().decode(FaultPlan.self, from: Data(text.utf8))
    #expect(plan.name == "mine")
    #expect(plan.delays == .rough)
    #expect(plan.byzantine == nil)
    #expect(plan.lossPartsPerMillion == 0)
    #expect(plan.schedule == [TimedFault(.crash, at: 5, for: 10, nodes: [1])])
    let again = try JSONDecoder().decode(FaultPlan.self, from: JSONEncoder().encode(plan))
    #expect(again == plan)
  }
}
