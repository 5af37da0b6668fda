/// A set of link slots, 0 to 255, in four words: no allocation, cheap to copy. As a sequence it gives its slots in
/// ascending order.
struct SlotSet: Hashable, Sendable, Sequence, IteratorProtocol, ExpressibleByArrayLiteral {
  /// The number of links that dissemination can have at once.
  static let capacity = 256

  private var words = SIMD4<UInt64>.zero

  init(arrayLiteral slots: Int...) { for slot in slots { insert(slot) } }

  var count: Int { (0..<4).reduce(0) { $0 + words[$1].nonzeroBitCount } }

  func contains(_ slot: Int) -> Bool { words[slot >> 6] >> UInt64(slot & 63) & 1 == 1 }

  mutating func insert(_ slot: Int) { words[slot >> 6] |= 1 << UInt64(slot & 63) }

  mutating func remove(_ slot: Int) { words[slot >> 6] &= ~(1 << UInt64(slot & 63)) }

  /// Removes and returns the lowest slot.
  mutating func next() -> Int? {
    for index in 0..<4 where words[index] != 0 {
      defer { words[index] &= words[index] &- 1 }
      return index << 6 + words[index].trailingZeroBitCount
    }
    return nil
  }
}
