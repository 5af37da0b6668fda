import Cryptography
import Primitives

/// A fingerprint of a set of identifiers: their count and their sum modulo 2²⁵⁶, hashed to 16 bytes, as in negentropy.
///
/// Identifiers are added rather than combined by exclusive-or, since with exclusive-or it is easy to choose identifiers
/// that cancel each other. The sum is hashed with the count, so that it cannot be computed with further.
public struct Fingerprint: Hashable, Sendable {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  init(sum: IdentifierSum) {
    var writer = ByteWriter(capacity: 40)
    for word in [sum.word0, sum.word1, sum.word2, sum.word3, UInt64(sum.count)] { writer.write(word) }
    let words = Digest.blake2b(writer.bytes).words
    self.init(high: words.0, low: words.1)
  }
}

extension Digest {
  /// The bytes as four big-endian words.
  var words: (UInt64, UInt64, UInt64, UInt64) {
    var reader = ByteReader(bytes)
    func next(_ reader: inout ByteReader) -> UInt64 { (try? reader.read(UInt64.self)) ?? 0 }
    return (next(&reader), next(&reader), next(&reader), next(&reader))
  }
}

/// The sum modulo 2²⁵⁶ of identifiers, which are hashes already, with their count.
struct IdentifierSum: Hashable, Sendable {
  private(set) var word0: UInt64 = 0
  private(set) var word1: UInt64 = 0
  private(set) var word2: UInt64 = 0
  private(set) var word3: UInt64 = 0
  private(set) var count = 0

  mutating func add(_ identifier: Digest) {
    let words = identifier.words
    add(words.0, words.1, words.2, words.3)
    count += 1
  }

  mutating func remove(_ identifier: Digest) {
    let words = identifier.words
    // −x is ¬x + 1 in two's complement.
    var carry = true
    let negated3 = Self.add(~words.3, 0, &carry)
    let negated2 = Self.add(~words.2, 0, &carry)
    let negated1 = Self.add(~words.1, 0, &carry)
    let negated0 = Self.add(~words.0, 0, &carry)
    add(negated0, negated1, negated2, negated3)
    count -= 1
  }

  mutating func add(_ other: IdentifierSum) {
    add(other.word0, other.word1, other.word2, other.word3)
    count += other.count
  }

  private mutating func add(_ high0: UInt64, _ high1: UInt64, _ low2: UInt64, _ low3: UInt64) {
    var carry = false
    word3 = Self.add(word3, low3, &carry)
    word2 = Self.add(word2, low2, &carry)
    word1 = Self.add(word1, high1, &carry)
    word0 = Self.add(word0, high0, &carry)
  }

  private static func add(_ left: UInt64, _ right: UInt64, _ carry: inout Bool) -> UInt64 {
    let (partial, first) = left.addingReportingOverflow(right)
    let (sum, second) = partial.addingReportingOverflow(carry ? 1 : 0)
    carry = first || second
    return sum
  }
}

/// A sorted set of identifiers with cached sums, for fingerprints of ranges.
///
/// 256 buckets by first byte: an insertion moves a 256th of the set, a fingerprint adds whole buckets.
struct LiveSet: Sendable {
  private struct Bucket: Sendable {
    var identifiers: [Digest] = []
    var sum = IdentifierSum()
  }

  private var buckets: [Bucket] = Array(repeating: Bucket(), count: 256)
  private(set) var count = 0

  mutating func insert(_ identifier: Digest) {
    let bucket = Self.bucket(of: identifier)
    let position = buckets[bucket].identifiers.partition(at: identifier)
    if position < buckets[bucket].identifiers.count, buckets[bucket].identifiers[position] == identifier {
      return
    }
    buckets[bucket].identifiers.insert(identifier, at: position)
    buckets[bucket].sum.add(identifier)
    count += 1
  }

  mutating func remove(_ identifier: Digest) {
    let bucket = Self.bucket(of: identifier)
    let position = buckets[bucket].identifiers.partition(at: identifier)
    guard position < buckets[bucket].identifiers.count, buckets[bucket].identifiers[position] == identifier
    else { return }
    buckets[bucket].identifiers.remove(at: position)
    buckets[bucket].sum.remove(identifier)
    count -= 1
  }

  func contains(_ identifier: Digest) -> Bool {
    let bucket = buckets[Self.bucket(of: identifier)].identifiers
    let position = bucket.partition(at: identifier)
    return position < bucket.count && bucket[position] == identifier
  }

  /// The sum of the identifiers from `lower` up to and without `upper`.
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

  /// The first `limit` identifiers from `lower` up to and without `upper`.
  func identifiers(from lower: Digest, to upper: Digest?, limit: Int = .max) -> [Digest] {
    var found: [Digest] = []
    forEachPart(from: lower, to: upper) { bucket, range in
      guard found.count < limit else { return }
      found.append(contentsOf: bucket.identifiers[range].prefix(limit - found.count))
    }
    return found
  }

  /// `parts` − 1 identifiers that divide the range into parts of about equal count; ascending.
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
      let start = index == first ? identifiers.partition(at: lower) : 0
      var end = identifiers.count
      if let upper, index == last { end = identifiers.partition(at: upper) }
      if start < end { body(buckets[index], start..<end) }
    }
  }

  private static func bucket(of identifier: Digest) -> Int { Int(identifier.words.0 >> 56) }
}

extension [Digest] {
  /// The position of the first element that is not below `identifier`, in a sorted array.
  fileprivate func partition(at identifier: Digest) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < identifier { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
