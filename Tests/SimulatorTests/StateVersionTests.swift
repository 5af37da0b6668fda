import Cryptography
import Ledger
import Primitives
import Testing

@testable import Simulator

/// Nodes share state because it is equal, never because it should be.
@Suite struct StateVersionTests {
  private let origin = StateVersion(state: MemoryState(applying: [Self.write(1, 1)]), pages: [:])

  private static func write(_ key: UInt8, _ value: UInt8?) -> StateChange {
    StateChange(key: [key], value: value.map { [$0] })
  }

  private func next(_ changes: [StateChange], root: UInt8 = 1) -> StateVersion {
    origin.successor(writing: changes, [(.root, StateTreePage())], root: .blake2b([root]))
  }

  @Test func `equal writes make one version, which holds them`() {
    let first = next([Self.write(2, 7), Self.write(1, nil)])
    #expect(first === next([Self.write(2, 7), Self.write(1, nil)]))
    #expect(first.state.value(for: [2]) == [7])
    #expect(first.state.value(for: [1]) == nil)
    #expect(first.pages.count == 1)
    #expect(origin.state.value(for: [1]) == [1] && origin.pages.isEmpty)
  }

  @Test func `a node that writes anything else has its own`() {
    let first = next([Self.write(2, 7), Self.write(3, 8)])
    let lost = next([Self.write(2, 7)])
    let other = next([Self.write(2, 7), Self.write(3, 9)])
    let otherTree = next([Self.write(2, 7), Self.write(3, 8)], root: 2)
    #expect(first !== lost && first !== other && first !== otherTree)
    #expect(lost.state.value(for: [3]) == nil)
    #expect(other.state.value(for: [3]) == [9])
  }

  @Test func `what nobody holds any more is made again`() {
    weak let version = next([Self.write(2, 7)])
    #expect(version == nil)
    #expect(next([Self.write(2, 7)]).state.value(for: [2]) == [7])
  }

  /// Followers take each other's results, validators do not: a divergence of either would be seen.
  @Test func `a hundred followers agree with validators that execute by themselves`() throws {
    let report = try Simulation.run(Scenario(seed: 7, peers: 100, duration: .seconds(8)))
    #expect(report.violations.isEmpty, "seed 7: \(report.violations)")
    #expect(report.lowestHeight > 2 && report.transactions > 0)
  }
}
