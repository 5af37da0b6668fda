/// A set of link slots, 0 to 255, in four words: no allocation, cheap to copy and intersect.
struct SlotSet: Hashable, Sendable {
  /// Links that dissemination can have at once.
  static let capacity = 256

  private var word0: UInt64 = 0
  private var word1: UInt64 = 0
  private var word2: UInt64 = 0
  private var word3: UInt64 = 0

  init() {}

  var isEmpty: Bool { word0 | word1 | word2 | word3 == 0 }

  var count: Int {
    word0.nonzeroBitCount + word1.nonzeroBitCount + word2.nonzeroBitCount + word3.nonzeroBitCount
  }

  func contains(_ slot: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(slot & 63)
    switch slot >> 6 {
    case 0: return word0 & bit != 0
    case 1: return word1 & bit != 0
    case 2: return word2 & bit != 0
    default: return word3 & bit != 0
    }
  }

  mutating func insert(_ slot: Int) {
    let bit: UInt64 = 1 << UInt64(slot & 63)
    switch slot >> 6 {
    case 0: word0 |= bit
    case 1: word1 |= bit
    case 2: word2 |= bit
    default: word3 |= bit
    }
  }

  mutating func remove(_ slot: Int) {
    let mask: UInt64 = ~(1 << UInt64(slot & 63))
    switch slot >> 6 {
    case 0: word0 &= mask
    case 1: word1 &= mask
    case 2: word2 &= mask
    default: word3 &= mask
    }
  }

  func subtracting(_ other: SlotSet) -> SlotSet {
    var result = self
    result.word0 &= ~other.word0
    result.word1 &= ~other.word1
    result.word2 &= ~other.word2
    result.word3 &= ~other.word3
    return result
  }

  func intersection(_ other: SlotSet) -> SlotSet { subtracting(subtracting(other)) }

  func union(_ other: SlotSet) -> SlotSet {
    var result = self
    result.word0 |= other.word0
    result.word1 |= other.word1
    result.word2 |= other.word2
    result.word3 |= other.word3
    return result
  }
}

extension SlotSet: Sequence {
  /// Slots in ascending order.
  struct Iterator: IteratorProtocol {
    fileprivate var words: (UInt64, UInt64, UInt64, UInt64)
    private var base = 0

    fileprivate init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    mutating func next() -> Int? {
      while base < SlotSet.capacity {
        if words.0 != 0 {
          let slot = base + words.0.trailingZeroBitCount
          words.0 &= words.0 &- 1
          return slot
        }
        words = (words.1, words.2, words.3, 0)
        base += 64
      }
      return nil
    }
  }

  func makeIterator() -> Iterator { Iterator(words: (word0, word1, word2, word3)) }
}
