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
  /// Moving average of the place in which a link delivered, in eighths; 255 is unknown.
  private var places: [UInt8] = []
  /// The last eight objects, newest in the lowest bit: set when the supplier failed to deliver.
  private var misses: [UInt8] = []

  static let unknownPlace: UInt8 = 255
  /// Of eight; see the note on `Dissemination`.
  static let failingAt = 3
  static let deadAt = 6

  init(at now: Instant) {
    usedAt = now
  }

  func place(_ slot: Int) -> UInt8 {
    slot < places.count ? places[slot] : Self.unknownPlace
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

  mutating func record(place: Int, of slot: Int) {
    grow(to: slot)
    let sample = UInt8(min(place, 31) * 8)
    let old = places[slot]
    places[slot] = old == Self.unknownPlace ? sample : old - old / 4 + sample / 4
  }

  mutating func record(delivered: Bool, by slot: Int) {
    grow(to: slot)
    misses[slot] = misses[slot] << 1 | (delivered ? 0 : 1)
  }

  /// Bytes in the two tables.
  var placesAndMisses: Int { places.count + misses.count }

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
    if slot < places.count { places[slot] = Self.unknownPlace }
    if slot < misses.count { misses[slot] = 0 }
  }

  private mutating func grow(to slot: Int) {
    while places.count <= slot { places.append(Self.unknownPlace) }
    while misses.count <= slot { misses.append(0) }
  }
}
