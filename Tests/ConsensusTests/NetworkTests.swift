import Chain
import Consensus
import Cryptography
import Foundation
import Primitives
import Simulator
import Testing

/// Thousands of seeds under faults. `CONSENSUS_SEEDS` multiplies them.
@Suite struct NetworkTests {
  static let factor = ProcessInfo.processInfo.environment["CONSENSUS_SEEDS"].flatMap { UInt64($0) } ?? 1

  /// Runs one seed; what went wrong, or nil.
  static func failure(
    seed: UInt64,
    count: Int,
    byzantine: Int,
    crashes: Int,
    breaking mutation: Mutation? = nil
  ) -> (String?, Network) {
    var generator = SeededGenerator(seed: seed &* 0x1_0000_0001)
    var strategies: [Int: Strategy] = [:]
    while strategies.count < byzantine {
      var strategy = Strategy.random(&generator)
      // A rule is missed only where somebody breaks it.
      if mutation == .validityUnchecked { strategy.proposesInvalid = true }
      if mutation == .timestampUnchecked { strategy.liesAboutTime = true }
      strategies[Int(generator.next(below: UInt64(count)))] = strategy
    }
    var options = Network.Options()
    options.count = count
    options.heights = 1 + generator.next(below: 2)
    options.healsAt = generator.next(below: 3) == 0 ? 0 : 300 + generator.next(below: 2_000)
    options.faults.delays = generator.next(below: 2) == 0 ? .lan : .rough
    options.faults.reorderPartsPerMillion = 1_000_000
    options.faults.reorderMilliseconds = 1 + generator.next(below: 400)
    options.faults.lossPartsPerMillion = generator.next(below: 300_000)
    options.faults.duplicationPartsPerMillion = generator.next(below: 100_000)
    options.crashes = crashes
    options.faults.skewMilliseconds = 300
    options.mutation = mutation
    let network = Network(seed: seed, options: options, byzantine: strategies)
    network.run(until: options.healsAt + 60_000)
    if let violation = network.violations.first { return (violation, network) }
    return (network.isDone ? nil : "not all decide", network)
  }

  static func run(_ name: String, seeds: ClosedRange<UInt64>, count: Int, byzantine: Int, crashes: Int) {
    var deliveries = 0
    var highestRound: Round = 0
    var slowest: UInt64 = 0
    for seed in seeds {
      let (failure, network) = failure(seed: seed, count: count, byzantine: byzantine, crashes: crashes)
      deliveries += network.deliveries
      highestRound = max(highestRound, network.highestRound)
      slowest = max(slowest, network.milliseconds - min(network.options.healsAt, network.milliseconds))
      guard let failure else { continue }
      Issue.record("\(name), seed \(seed): \(failure)")
    }
    print(
      "\(name): \(seeds.count) seeds, \(deliveries) messages, highest round \(highestRound), "
        + "last decision at most \(slowest) ms after healing"
    )
  }

  @Test func `four validators, one Byzantine, agree and decide`() {
    Self.run(
      "4 validators, 1 Byzantine",
      seeds: 1...(500 * Self.factor),
      count: 4,
      byzantine: 1,
      crashes: 0
    )
  }

  @Test func `four validators that crash and come back agree, decide and never sign twice`() {
    Self.run(
      "4 validators, 4 crashes",
      seeds: 10_001...(10_000 + 350 * Self.factor),
      count: 4,
      byzantine: 0,
      crashes: 4
    )
  }

  @Test func `four validators, one Byzantine, others crashing`() {
    Self.run(
      "4 validators, 1 Byzantine, 2 crashes",
      seeds: 20_001...(20_000 + 350 * Self.factor),
      count: 4,
      byzantine: 1,
      crashes: 2
    )
  }

  @Test func `seven validators, two Byzantine, agree and decide`() {
    Self.run(
      "7 validators, 2 Byzantine",
      seeds: 30_001...(30_000 + 150 * Self.factor),
      count: 7,
      byzantine: 2,
      crashes: 1
    )
  }
}
