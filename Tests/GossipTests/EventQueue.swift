import Primitives

/// Events of virtual time: earliest first, equal instants in the order in which they were put in.
struct EventQueue<Event> {
  private var heap: [(at: Instant, order: UInt64, event: Event)] = []
  private var next: UInt64 = 0

  var isEmpty: Bool { heap.isEmpty }
  var nextAt: Instant? { heap.first?.at }

  mutating func put(_ event: Event, at: Instant) {
    heap.append((at, next, event))
    next += 1
    var child = heap.count - 1
    while child > 0, precedes(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func take() -> (at: Instant, event: Event)? {
    guard !heap.isEmpty else { return nil }
    heap.swapAt(0, heap.count - 1)
    let taken = heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) {
        least = child
      }
      guard least != parent else { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (taken.at, taken.event)
  }

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    (heap[left].at, heap[left].order) < (heap[right].at, heap[right].order)
  }
}
