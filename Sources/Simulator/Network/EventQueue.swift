import HeapModule
import Primitives

/// A priority queue of future events by time. Events of the same instant come in a random order drawn from
/// the seed, so that a run does not depend on the order of insertion.
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

  /// The number of waiting events.
  var count: Int { heap.count }
  /// When the next event happens; nil when there is none.
  var nextInstant: Instant? { heap.min.map { Instant(nanoseconds: $0.at) } }

  /// Adds an event. Of one instant's events those with `keepsOrder` come first, in the order of insertion.
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

  /// Removes and returns the next event if it happens at or before `end`; nil otherwise.
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
