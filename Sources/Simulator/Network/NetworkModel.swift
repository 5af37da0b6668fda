import Primitives

/// Who has a session with whom, who is cut off from whom, and what becomes of a message on its way.
struct NetworkModel {
  let count: Int
  let delays: DelayModel
  /// While the network is bad; after it heals nothing is lost any more.
  var isRough = true
  private let plan: FaultPlan
  private var generator: SeededGenerator
  /// By `from * count + to`.
  private var ways: [Way]
  private var nextSession: UInt32 = 1

  /// One direction between two nodes; what a message needs lies together.
  private struct Way {
    /// When the last message arrives: a session keeps order.
    var lastArrival: UInt64 = 0
    /// The session's number, 0 for none. Both directions agree.
    var session: UInt32 = 0
    /// How many faults cut this direction.
    var cuts: UInt8 = 0
  }

  init(count: Int, plan: FaultPlan, seed: UInt64) {
    self.count = count
    self.plan = plan
    delays = DelayModel(kind: plan.delays)
    generator = SeededGenerator(seed: seed ^ 0x6E65_7477_6F72_6B)
    ways = Array(repeating: Way(), count: count * count)
  }

  // MARK: Sessions

  func session(_ left: Int, _ right: Int) -> UInt32 { ways[left * count + right].session }

  func sessionPeers(of node: Int) -> [Int] {
    (0..<count).filter { session(node, $0) != 0 }
  }

  /// Opens a session; nil when there is one or the way is cut.
  mutating func open(_ left: Int, _ right: Int) -> UInt32? {
    guard session(left, right) == 0, !isCut(left, right), !isCut(right, left) else { return nil }
    let number = nextSession
    nextSession += 1
    for index in [left * count + right, right * count + left] {
      ways[index].session = number
      ways[index].lastArrival = 0
    }
    return number
  }

  mutating func close(_ left: Int, _ right: Int) {
    ways[left * count + right].session = 0
    ways[right * count + left].session = 0
  }

  // MARK: Cuts

  func isCut(_ from: Int, _ to: Int) -> Bool { ways[from * count + to].cuts > 0 }

  mutating func cut(_ from: Int, _ to: Int, _ change: Int) {
    let value = Int(ways[from * count + to].cuts) + change
    ways[from * count + to].cuts = UInt8(clamping: value)
  }

  // MARK: Messages

  /// When copies of a message that leaves now arrive; none when it is lost.
  ///
  /// `isStream`: keeps order and loses nothing but time, until the session ends. The chain's messages get
  ///   the rougher treatment of datagrams, though they travel over streams: consensus must not depend on more.
  mutating func arrivals(
    from: Int,
    to: Int,
    at now: Instant,
    extra: Interval = .zero,
    isStream: Bool = false
  ) -> (UInt64?, UInt64?) {
    guard !isCut(from, to) else { return (nil, nil) }
    let isRough = isRough
    var start = now.nanoseconds + extra.nanoseconds
    if isRough, plan.lossPartsPerMillion > 0, generator.chance(partsPerMillion: plan.lossPartsPerMillion) {
      guard isStream else { return (nil, nil) }
      start += 200_000_000
    }
    var at = start + delays.draw(from: from, to: to, &generator)
    let index = from * count + to
    if isRough, !isStream, plan.reorderPartsPerMillion > 0,
      generator.chance(partsPerMillion: plan.reorderPartsPerMillion)
    {
      at += generator.next(below: max(1, plan.reorderMilliseconds) * 1_000_000)
    } else {
      at = max(at, ways[index].lastArrival + 1)
      ways[index].lastArrival = at
    }
    guard isRough, !isStream, plan.duplicationPartsPerMillion > 0,
      generator.chance(partsPerMillion: plan.duplicationPartsPerMillion)
    else { return (at, nil) }
    return (at, at + generator.next(below: 50_000_000))
  }

  /// Whether this message goes through its codec.
  mutating func passesCodec() -> Bool {
    plan.codecPartsPerMillion > 0 && generator.chance(partsPerMillion: plan.codecPartsPerMillion)
  }

  /// A session's handshake.
  mutating func handshake(_ left: Int, _ right: Int) -> UInt64 {
    3 * delays.draw(from: left, to: right, &generator)
  }
}
