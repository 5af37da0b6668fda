import Primitives
import Testing

@Suite struct TokenBucketTests {
  private let start = Instant(nanoseconds: 5_000_000_000)

  @Test func `a bucket gives its burst at once and then its rate`() {
    var bucket = TokenBucket()
    let rate = TokenBucket.Rate(perSecond: 10, burst: 5)
    let taken = (0..<8).count { _ in bucket.take(at: start, rate) }
    #expect(taken == 5)
    let later = (0..<3).count { _ in bucket.take(at: start + .milliseconds(100), rate) }
    #expect(later == 1)
    #expect(!bucket.isFull(at: start + .milliseconds(599)))
    #expect(bucket.isFull(at: start + .milliseconds(600)))
  }
}
