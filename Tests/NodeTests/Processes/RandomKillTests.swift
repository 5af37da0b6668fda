import API
import Cryptography
import Foundation
import Node
import Primitives
import Testing

extension RealProcesses {
  /// Validators are killed at random moments while transfers flow: what a client was told is in a block stays there.
  ///
  /// `SUPERCLOUD_CHAOS_SECONDS` says how long each size is tormented (20 s when it is not set), `SUPERCLOUD_CHAOS_SEED`
  /// repeats a run's choices.
  @Suite(.serialized) struct RandomKillTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let duration = Duration.seconds(
      environment["SUPERCLOUD_CHAOS_SECONDS"].flatMap(Int.init) ?? 20
    )

    @Test(arguments: [4, 7])
    func `nodes die at random moments under load, and nothing that was acknowledged is lost`(
      validators: Int
    ) async throws {
      let seed = Self.environment["SUPERCLOUD_CHAOS_SEED"].flatMap(UInt64.init) ?? .random(in: 0..<1_000_000)
      print("random kills of \(validators) validators: seed \(seed)")
      let network = try await LocalNetwork(validators: validators)
      let names = network.validators
      try network.start(names)
      try await network.expect(names, at: 2)

      let receiver = SigningKey.generate().address
      let senders = try network.senders(to: receiver)
      var kills = 0
      try await withThrowingTaskGroup(of: Void.self) { group in
        for sender in senders { group.addTask { await sender.run() } }
        defer { for sender in senders { sender.stop() } }
        kills = try await torment(network, seed: seed)
        // Everybody is back: the chain goes on.
        let height = try await network.height(names[0])
        try await network.expect(names, at: height + 3)
        let before = senders.reduce(0) { $0 + $1.acknowledged.count }
        try await network.expect("transfers go on") {
          senders.reduce(0) { $0 + $1.acknowledged.count } > before
        }
      }
      #expect(kills > 3)
      print("\(kills) kills")
      try await network.expectKept(by: senders, at: receiver)
    }

    /// Kills up to a third at a time, every fifth time so many that the chain must stand still, and starts them again.
    private func torment(_ network: LocalNetwork, seed: UInt64) async throws -> Int {
      var generator = SeededGenerator(seed: seed)
      let names = network.validators
      let faulty = (names.count - 1) / 3
      let end = ContinuousClock.now + Self.duration
      var kills = 0
      while ContinuousClock.now < end {
        // The moments are the test's matter, not what it waits for.
        try await Task.sleep(for: .milliseconds(Int64(generator.next(below: 2_000))))
        let isStandstill = generator.next(below: 5) == 0
        let count = isStandstill ? faulty + 1 : 1 + Int(generator.next(below: UInt64(faulty)))
        let victims = Array(names.shuffled(using: &generator).prefix(count))
        for victim in victims {
          network.kill(victim)
          kills += 1
        }
        try await Task.sleep(for: .milliseconds(Int64(generator.next(below: 1_000))))
        try network.start(victims)
        if isStandstill {
          // It may itself be on its way back from an earlier death.
          let survivor = names.first { !victims.contains($0) } ?? names[0]
          var height: UInt64 = 0
          try await network.expect("\(survivor) answers") {
            height = try await network.height(survivor)
            return true
          }
          try await network.expect(names, at: height + 1)
        }
      }
      try await network.expect("all answer") {
        for name in names { _ = try await network.height(name) }
        return true
      }
      return kills
    }
  }
}
