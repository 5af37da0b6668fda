import Primitives
import Testing

@testable import Gossip

@Suite struct PeerScoreTests {
  @Test func `points halve in ten minutes`() {
    var score = PeerScore(at: .zero)
    _ = score.punish(.malformedObject, at: .zero)
    #expect(score.points(at: .zero) == -50)
    #expect(score.points(at: .zero + .seconds(600)) == -25)
    #expect(score.points(at: .zero + .seconds(1_200)) == -12)
    #expect(score.points(at: .zero + .seconds(100_000)) == 0)
  }

  @Test func `provable misconduct bans for an hour, doubling to a day`() {
    var score = PeerScore(at: .zero)
    var now = Instant.zero
    var bans: [UInt64] = []
    for _ in 0..<7 {
      guard let ban = score.punish(.forgedSignature, at: now) else { continue }
      bans.append(ban.milliseconds / 3_600_000)
      // While it is banned, a fault brings no other ban.
      #expect(score.punish(.forgedSignature, at: now) == nil)
      now = now + ban
    }
    #expect(bans == [1, 2, 4, 8, 16, 24, 24])
  }

  @Test func `small faults need company to ban, and credit buys little of it`() {
    var score = PeerScore(at: .zero)
    for _ in 0..<10_000 { score.credit(at: .zero) }
    #expect(score.points(at: .zero) == 20)
    var count = 0
    while score.punish(.excessiveControl, at: .zero) == nil { count += 1 }
    #expect(count == 119)
  }

  @Test func `every fault has a weight, and no timeout is a fault`() {
    #expect(Fault.allCases.allSatisfy { $0.weight > 0 })
    #expect(!Fault.allCases.contains { "\($0)".lowercased().contains("timeout") })
  }
}
