import HeapModule
import Primitives

/// What is going to happen, by time; the seed breaks ties, so that no order is favoured.
struct EventQueue<Content> {
  private struct Key: Comparable {
    let at: UInt64
    let tie: UInt32
    let slot: UInt32
    let sequence: UInt64

    static func < (left: Key, right: Key) -> Bool {
      if left.at != right.at { return left.at < right.at }
      if left.tie != right.tie { return left.tie < right.tie }
      return left.sequence < right.sequence
    }
  }

  private var heap: Heap<Key> = []
  private var slots: [Content?] = []
  private var free: [UInt32] = []
  private var sequence: UInt64 = 0
  private var generator: SeededGenerator

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed ^ 0x7469_6573)
  }

  var count: Int { heap.count }
  /// When the next content happens.
  var nextInstant: Instant? { heap.min.map { Instant(nanoseconds: $0.at) } }

  /// `keepsOrder`: after what was inserted earlier in this way for the same instant.
  mutating func insert(_ content: Content, at instant: Instant, keepsOrder: Bool = false) {
    let slot: UInt32
    if let reused = free.popLast() {
      slot = reused
      slots[Int(slot)] = content
    } else {
      slot = UInt32(slots.count)
      slots.append(content)
    }
    sequence += 1
    let tie = keepsOrder ? 0 : UInt32(truncatingIfNeeded: generator.next() | 1)
    heap.insert(Key(at: instant.nanoseconds, tie: tie, slot: slot, sequence: sequence))
  }

  /// The next content that happens at or before `end`.
  mutating func next(until end: Instant = Instant(nanoseconds: .max)) -> (at: Instant, content: Content)? {
    guard let key = heap.min, key.at <= end.nanoseconds else { return nil }
    heap.removeMin()
    let slot = Int(key.slot)
    guard let content = slots[slot] else { preconditionFailure("an event has lost its content") }
    slots[slot] = nil
    free.append(key.slot)
    return (Instant(nanoseconds: key.at), content)
  }
}
