import Primitives
import Testing

@Suite struct InstantTests {
  @Test func `an instant and an interval add, up to the end of time and no further`() {
    #expect(Instant.zero + .milliseconds(2) == Instant(nanoseconds: 2_000_000))
    #expect(Instant(nanoseconds: .max - 1) + .seconds(1) == Instant(nanoseconds: .max))
    #expect(Interval.seconds(1) + .milliseconds(500) == .milliseconds(1_500))
    #expect(Interval(nanoseconds: .max) + .seconds(1) == Interval(nanoseconds: .max))
    #expect(Interval.seconds(.max).nanoseconds == .max)
    #expect(Interval.milliseconds(.max).nanoseconds == .max)
  }

  @Test func `the time since a later instant is zero`() {
    let early = Instant(nanoseconds: 5)
    let late = Instant(nanoseconds: 9)
    #expect(late.since(early) == Interval(nanoseconds: 4))
    #expect(early.since(late) == .zero)
    #expect(early < late)
    #expect(Interval.milliseconds(1_999).milliseconds == 1_999)
  }

  @Test func `timestamps advance and measure the same way`() {
    let start = Timestamp(milliseconds: 1_000)
    #expect(start.advanced(byMilliseconds: 500) == Timestamp(milliseconds: 1_500))
    #expect(Timestamp(milliseconds: .max).advanced(byMilliseconds: 1) == Timestamp(milliseconds: .max))
    #expect(start.advanced(byMilliseconds: 7).milliseconds(since: start) == 7)
    #expect(start.milliseconds(since: start.advanced(byMilliseconds: 7)) == 0)
    #expect(Timestamp.zero < start)
  }
}
