import Primitives

/// How the objects of one origin, or of all origins without a route of their own, travel over each link of this node.
struct Route: Sendable {
  /// Links that this node asks to push.
  var suppliers: SlotSet = []
  /// Links over which this node was told to stop pushing, and over which it was asked to push.
  var stoppedByPeer: SlotSet = []
  var startedByPeer: SlotSet = []
  /// Objects accepted of this origin.
  var objects: UInt32 = 0
  /// Whether suppliers are chosen for this route. Until then all neighbours push.
  var hasChosenSuppliers = false
  var usedAt: Instant
  var stoppedAt: Instant = .zero
  var allowance = TokenBucket()
  /// By link, the moving average of how many milliseconds after the first copy the link delivered, at most 250; 255 is
  /// unknown. Milliseconds are averaged rather than ranks (first, second, third), since the rank of links that differ by
  /// a millisecond is random.
  private var latenesses: [UInt8] = []
  /// By link, one bit for each of the last eight objects, the newest in the lowest: set when the link did not deliver
  /// the object although it was a supplier.
  private var misses: [UInt8] = []

  static let unknownLateness: UInt8 = 255
  /// A copy that is later counts as this late.
  static let latest: UInt8 = 250
  /// Missed objects of the last eight from which a supplier is no longer counted as delivering. Three, so that a loss of
  /// 5 % does not change suppliers all the time.
  static let failingAt = 3
  /// Missed objects of the last eight from which a supplier is stopped.
  static let deadAt = 6

  init(at now: Instant) { usedAt = now }

  func lateness(_ slot: Int) -> UInt8 { slot < latenesses.count ? latenesses[slot] : Self.unknownLateness }

  func missed(_ slot: Int) -> Int { slot < misses.count ? misses[slot].nonzeroBitCount : 0 }

  /// Suppliers that missed fewer than `failingAt` of the last eight objects.
  var liveSuppliers: SlotSet {
    var live: SlotSet = []
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

  /// Makes the link a supplier; what it missed before no longer counts.
  mutating func start(_ slot: Int) {
    suppliers.insert(slot)
    if slot < misses.count { misses[slot] = 0 }
  }

  mutating func stop(_ slot: Int) { suppliers.remove(slot) }

  /// The link is gone; its slot may be given to another peer.
  mutating func forget(_ slot: Int) {
    suppliers.remove(slot)
    stoppedByPeer.remove(slot)
    startedByPeer.remove(slot)
    if slot < latenesses.count { latenesses[slot] = Self.unknownLateness }
    if slot < misses.count { misses[slot] = 0 }
  }

  private mutating func grow(to slot: Int) {
    while latenesses.count <= slot { latenesses.append(Self.unknownLateness) }
    while misses.count <= slot { misses.append(0) }
  }
}
