import Cryptography
import Primitives

/// A fingerprint of a set of identifiers: a 16-byte hash of their count and their sum modulo 2²⁵⁶. The set
/// reconciliation protocol Negentropy uses the same count and sum for its fingerprints.
///
/// Identifiers are added, not combined by exclusive-or, since with exclusive-or it is easy to choose
/// identifiers that cancel each other. The sum and the count are hashed, so that a fingerprint does not
/// reveal the sum.
public struct Fingerprint: Hashable, Sendable {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  init(sum: IdentifierSum) {
    var writer = ByteWriter(capacity: 40)
    for index in 0..<4 { writer.write(sum.words[index]) }
    writer.write(UInt64(sum.count))
    let words = Digest.blake2b(writer.bytes).words
    self.init(high: words[0], low: words[1])
  }
}

/// The sum of identifiers modulo 2²⁵⁶, and their count.
struct IdentifierSum: Hashable, Sendable {
  /// Big-endian, as `Digest.words`.
  private(set) var words = SIMD4<UInt64>.zero
  private(set) var count = 0

  mutating func add(_ identifier: Digest) {
    add(identifier.words)
    count += 1
  }

  mutating func remove(_ identifier: Digest) {
    // −x is ¬x + 1 in two's complement.
    add(~identifier.words, carry: 1)
    count -= 1
  }

  mutating func add(_ other: IdentifierSum) {
    add(other.words)
    count += other.count
  }

  private mutating func add(_ other: SIMD4<UInt64>, carry: UInt64 = 0) {
    var carry = carry
    for index in (0..<4).reversed() {
      let (partial, first) = words[index].addingReportingOverflow(other[index])
      let (sum, second) = partial.addingReportingOverflow(carry)
      words[index] = sum
      carry = first || second ? 1 : 0
    }
  }
}

/// A sorted set of identifiers with cached sums, for fingerprints of ranges.
///
/// There are 256 buckets by first byte. An insertion moves entries of one bucket only, and a sum adds whole
/// buckets.
struct LiveSet: Sendable {
  private struct Bucket: Sendable {
    var identifiers: [Digest] = []
    var sum = IdentifierSum()
  }

  private var buckets: [Bucket] = Array(repeating: Bucket(), count: 256)
  private(set) var count = 0

  mutating func insert(_ identifier: Digest) {
    let (bucket, position, isPresent) = place(of: identifier)
    guard !isPresent else { return }
    buckets[bucket].identifiers.insert(identifier, at: position)
    buckets[bucket].sum.add(identifier)
    count += 1
  }

  mutating func remove(_ identifier: Digest) {
    let (bucket, position, isPresent) = place(of: identifier)
    guard isPresent else { return }
    buckets[bucket].identifiers.remove(at: position)
    buckets[bucket].sum.remove(identifier)
    count -= 1
  }

  func contains(_ identifier: Digest) -> Bool { place(of: identifier).isPresent }

  private func place(of identifier: Digest) -> (bucket: Int, position: Int, isPresent: Bool) {
    let bucket = Self.bucket(of: identifier)
    let identifiers = buckets[bucket].identifiers
    let position = identifiers.partitioningIndex { $0 >= identifier }
    return (bucket, position, position < identifiers.count && identifiers[position] == identifier)
  }

  /// The sum of the identifiers from `lower` to before `upper`, or to the end when `upper` is nil.
  func sum(from lower: Digest, to upper: Digest?) -> IdentifierSum {
    var total = IdentifierSum()
    forEachPart(from: lower, to: upper) { bucket, range in
      if range.count == bucket.identifiers.count {
        total.add(bucket.sum)
      } else {
        for index in range { total.add(bucket.identifiers[index]) }
      }
    }
    return total
  }

  /// The first `limit` identifiers from `lower` to before `upper`, or to the end when `upper` is nil.
  func identifiers(from lower: Digest, to upper: Digest?, limit: Int = .max) -> [Digest] {
    var found: [Digest] = []
    forEachPart(from: lower, to: upper) { bucket, range in
      guard found.count < limit else { return }
      found.append(contentsOf: bucket.identifiers[range].prefix(limit - found.count))
    }
    return found
  }

  /// At most `parts` − 1 identifiers, in ascending order, that divide the range into parts of about equal
  /// count.
  func dividers(from lower: Digest, to upper: Digest?, parts: Int) -> [Digest] {
    let total = sum(from: lower, to: upper).count
    guard total >= parts, parts > 1 else { return [] }
    var dividers: [Digest] = []
    var passed = 0
    forEachPart(from: lower, to: upper) { bucket, range in
      while dividers.count < parts - 1 {
        let next = total * (dividers.count + 1) / parts
        guard next < passed + range.count else { break }
        dividers.append(bucket.identifiers[range.lowerBound + next - passed])
      }
      passed += range.count
    }
    return dividers
  }

  private func forEachPart(from lower: Digest, to upper: Digest?, _ body: (Bucket, Range<Int>) -> Void) {
    let first = Self.bucket(of: lower)
    let last = upper.map(Self.bucket(of:)) ?? 255
    guard first <= last else { return }
    for index in first...last {
      let identifiers = buckets[index].identifiers
      guard !identifiers.isEmpty else { continue }
      let start = index == first ? identifiers.partitioningIndex { $0 >= lower } : 0
      var end = identifiers.count
      if let upper, index == last { end = identifiers.partitioningIndex { $0 >= upper } }
      if start < end { body(buckets[index], start..<end) }
    }
  }

  private static func bucket(of identifier: Digest) -> Int { Int(identifier.words[0] >> 56) }
}
