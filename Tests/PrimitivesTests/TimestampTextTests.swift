import Foundation
import Primitives
import Testing

@Suite struct TimestampTextTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (1_764_406_800_007, "2025-11-29T09:00:00.007Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ] as [(UInt64, String)]
  )
  func `a time is written as ISO 8601 in UTC with milliseconds`(
    _ milliseconds: UInt64,
    _ text: String
  ) {
    #expect(Timestamp(milliseconds: milliseconds).text == text)
  }

  @Test func `every day from 1970 to 2370 is written as Foundation writes it`() {
    for day in stride(from: 0, to: 400 * 365, by: 1) {
      let date = Date(timeIntervalSince1970: TimeInterval(day * 86_400))
      let text = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
      #expect(Timestamp(milliseconds: UInt64(day) * 86_400_000).text == text)
    }
  }

  @Test func `the largest time has a text too`() {
    #expect(Timestamp(milliseconds: .max).text.hasSuffix("Z"))
  }
}
