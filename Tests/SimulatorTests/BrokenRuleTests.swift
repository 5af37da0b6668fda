import Foundation
import Primitives
import Simulator
import Testing

/// Each rule that is broken on purpose is noticed.
@Suite(.serialized)
struct BrokenRuleTests {
  /// Within which a broken rule must be noticed.
  static let seedLimit: UInt64 = 40

  static func firstCaught(_ rule: BrokenRule) throws -> (seed: UInt64, violation: Violation)? {
    for seed in 1...seedLimit {
      var scenario = Scenario(
        seed: seed,
        validators: rule.faults.byzantine == nil ? 7 : 4,
        duration: .seconds(60),
        faults: rule.faults
      )
      scenario.brokenRule = rule
      if let violation = try Simulation.run(scenario).violations.first { return (seed, violation) }
    }
    return nil
  }

  static let selection: [BrokenRule] =
    ProcessInfo.processInfo.environment["SUPERCLOUD_SEEDS"] == nil
    ? [.signBeforeSync, .nilCountedAsValue, .durableBeforeSync, .timersIgnored] : BrokenRule.allCases

  @Test func `every broken rule is caught, and the table is printed`() throws {
    var lines: [String] = []
    for rule in Self.selection {
      let caught = try Self.firstCaught(rule)
      #expect(caught != nil, "\(rule.rawValue) is not noticed within \(Self.seedLimit) seeds")
      let name = rule.rawValue.padding(toLength: 24, withPad: " ", startingAt: 0)
      lines.append(
        "\(name) \(caught.map { "seed \($0.seed): \($0.violation.invariant.rawValue), \($0.violation.text)" } ?? "not noticed")"
      )
    }
    print(lines.joined(separator: "\n"))
  }

  @Test func `a failing run becomes smaller and still fails`() throws {
    var scenario = Scenario(seed: 1, validators: 4, duration: .seconds(30), faults: .chaos)
    scenario.brokenRule = .durableBeforeSync
    for seed in 1...Self.seedLimit {
      scenario.seed = seed
      guard var shrinker = try Shrinker(scenario, limit: 30) else { continue }
      let before = shrinker.scenario.faults.schedule?.count ?? 0
      try shrinker.shrink()
      #expect((shrinker.scenario.faults.schedule?.count ?? 0) < before)
      let again = try Simulation.run(shrinker.scenario)
      #expect(again.violations.first?.invariant == shrinker.violation.invariant)
      return
    }
    Issue.record("nothing failed")
  }
}
