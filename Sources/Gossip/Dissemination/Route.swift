import Primitives

/// The supply state of one origin, or of all origins without a route of their own, for each link of this
/// node.
struct Route: Sendable {
  /// Links that this node asks to push.
  var suppliers: SlotSet = []
  /// Links whose peers told this node to stop pushing, and links whose peers asked it to push.
  var stoppedByPeer: SlotSet = []
  var startedByPeer: SlotSet = []
  /// The number of accepted objects of this origin.
  var objects: UInt32 = 0
  /// Whether suppliers are chosen for this route. Until then all neighbours push.
  var hasChosenSuppliers = false
  var usedAt: Instant
  var stoppedAt: Instant = .zero
  var allowance = TokenBucket()
  /// For each link, the moving average of the milliseconds between the first copy and the link's copy, at
  /// most 250; 255 if unknown. Milliseconds are averaged instead of ranks (first, second, third), since the
  /// ranks of links that differ by a millisecond are random.
  private var latenesses: [UInt8] = []
  /// For each link, one bit for each of the last eight objects, the newest in the lowest bit. A bit is set
  /// when the link was a supplier and did not deliver the object.
  private var misses: [UInt8] = []

  static let unknownLateness: UInt8 = 255
  /// The greatest lateness in milliseconds. A copy that is later counts as this late.
  static let latest: UInt8 = 250
  /// A supplier that missed this many of the last eight objects no longer counts as delivering. Three, so
  /// that a loss of 5 % does not change suppliers all the time.
  static let failingAt = 3
  /// A supplier that missed this many of the last eight objects is stopped.
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

  /// Makes the link a supplier and forgets the objects that it missed before.
  mutating func start(_ slot: Int) {
    suppliers.insert(slot)
    if slot < misses.count { misses[slot] = 0 }
  }

  mutating func stop(_ slot: Int) { suppliers.remove(slot) }

  /// Removes a link that is closed, since its slot may be given to another peer.
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
