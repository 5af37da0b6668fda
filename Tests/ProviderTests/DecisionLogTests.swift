import Chain
import Primitives
import Testing

@testable import Provider

@Suite struct DecisionLogTests {
  private func decision(_ number: UInt64, at time: UInt64) -> Decision {
    Decision(
      order: Fixture.digest(number),
      deployment: DeploymentID(owner: Fixture.tenant, sequence: number),
      group: 1,
      outcome: .lost,
      at: Timestamp(milliseconds: time)
    )
  }

  @Test func `decisions are bounded, the oldest goes first`() {
    var log = DecisionLog(capacity: 100)
    for number in 0..<UInt64(5_000) { log.record(decision(number, at: number)) }
    #expect(log.count == 100)
    #expect(log.decisions(on: Fixture.digest(4_999)).count == 1)
    #expect(log.decisions(on: Fixture.digest(4_899)).isEmpty)
    #expect(log.decisions().first?.at.milliseconds == 4_999)
  }

  @Test func `decisions are kept for a day`() {
    var log = DecisionLog()
    log.record(decision(1, at: 0))
    log.record(decision(2, at: 1_000))
    log.expire(at: Timestamp(milliseconds: 86_400_000))
    #expect(log.count == 1)
    log.expire(at: Timestamp(milliseconds: 86_401_000))
    #expect(log.count == 0)
  }

  @Test func `an order that is decided on again does not keep the decisions after it`() {
    var log = DecisionLog()
    log.record(decision(1, at: 0))
    log.record(decision(2, at: 1_000))
    log.record(decision(1, at: 80_000_000))
    log.expire(at: Timestamp(milliseconds: 86_401_000))
    #expect(log.count == 1)
    #expect(log.decisions(on: Fixture.digest(1)).first?.at.milliseconds == 80_000_000)
  }
}
