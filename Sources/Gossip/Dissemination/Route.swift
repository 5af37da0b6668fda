import Primitives

/// What we know and have agreed about the objects of one origin, link by link.
struct Route: Sendable {
  /// Links that we have asked to push.
  var suppliers = SlotSet()
  /// Links that told us to stop, and that asked us to push.
  var peerStopped = SlotSet()
  var peerStarted = SlotSet()
  /// Objects accepted of this origin.
  var objects: UInt32 = 0
  /// Whether suppliers are chosen for this origin alone.
  var isOwn = false
  var usedAt: Instant
  var stoppedAt: Instant = .zero
  var allowance = TokenBucket()
  /// Moving average of how many milliseconds after the first copy a link delivered; 255 is unknown. A mean of times,
  /// not of latenesses: among neighbours that differ by a millisecond the place is chance, and costs nothing.
  private var latenesses: [UInt8] = []
  /// The last eight objects, newest in the lowest bit: set when the supplier failed to deliver.
  private var misses: [UInt8] = []

  static let unknownLateness: UInt8 = 255
  /// What is later counts as this.
  static let latest: UInt8 = 250
  /// Of eight; see the note on `Dissemination`.
  static let failingAt = 3
  static let deadAt = 6

  init(at now: Instant) {
    usedAt = now
  }

  func lateness(_ slot: Int) -> UInt8 {
    slot < latenesses.count ? latenesses[slot] : Self.unknownLateness
  }

  func missed(_ slot: Int) -> Int {
    slot < misses.count ? misses[slot].nonzeroBitCount : 0
  }

  /// Suppliers that deliver.
  var liveSuppliers: SlotSet {
    var live = SlotSet()
    for slot in suppliers where missed(slot) < Self.failingAt { live.insert(slot) }
    return live
  }

  mutating func record(lateness sample: UInt8, of slot: Int) {
    grow(to: slot)
    let old = latenesses[slot]
    latenesses[slot] = old == Self.unknownLateness ? sample : old - old / 4 + sample / 4
  }

  mutating func record(delivered: Bool, by slot: Int) {
    grow(to: slot)
    misses[slot] = misses[slot] << 1 | (delivered ? 0 : 1)
  }

  /// Bytes in the two tables.
  var tableBytes: Int { latenesses.count + misses.count }

  /// The link becomes a supplier with a clean record.
  mutating func start(_ slot: Int) {
    suppliers.insert(slot)
    if slot < misses.count { misses[slot] = 0 }
  }

  mutating func stop(_ slot: Int) {
    suppliers.remove(slot)
  }

  /// The link is gone; its slot may be given to another peer.
  mutating func forget(_ slot: Int) {
    suppliers.remove(slot)
    peerStopped.remove(slot)
    peerStarted.remove(slot)
    if slot < latenesses.count { latenesses[slot] = Self.unknownLateness }
    if slot < misses.count { misses[slot] = 0 }
  }

  private mutating func grow(to slot: Int) {
    while latenesses.count <= slot { latenesses.append(Self.unknownLateness) }
    while misses.count <= slot { misses.append(0) }
  }
}
