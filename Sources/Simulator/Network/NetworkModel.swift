import Primitives

/// Who has a session with whom, who is cut off from whom, and what becomes of a message on its way.
struct NetworkModel {
  let count: Int
  let delays: DelayModel
  /// While the network is bad; after it heals nothing is lost any more.
  var isRough = true
  private let plan: FaultPlan
  private var generator: SeededGenerator
  /// By `from * count + to`: how many faults cut this direction.
  private var cuts: [UInt8]
  /// By the same index: the session's number, 0 for none. Both directions agree.
  private var sessions: [UInt32]
  private var nextSession: UInt32 = 1
  /// When the last message of this direction arrives: a session keeps order.
  private var lastArrival: [UInt64]

  init(count: Int, plan: FaultPlan, seed: UInt64) {
    self.count = count
    self.plan = plan
    delays = DelayModel(kind: plan.delays)
    generator = SeededGenerator(seed: seed ^ 0x6E65_7477_6F72_6B)
    cuts = Array(repeating: 0, count: count * count)
    sessions = Array(repeating: 0, count: count * count)
    lastArrival = Array(repeating: 0, count: count * count)
  }

  // MARK: Sessions

  func session(_ left: Int, _ right: Int) -> UInt32 { sessions[left * count + right] }

  func sessionPeers(of node: Int) -> [Int] {
    (0..<count).filter { sessions[node * count + $0] != 0 }
  }

  /// Opens a session; nil when there is one or the way is cut.
  mutating func open(_ left: Int, _ right: Int) -> UInt32? {
    guard session(left, right) == 0, !isCut(left, right), !isCut(right, left) else { return nil }
    let number = nextSession
    nextSession += 1
    sessions[left * count + right] = number
    sessions[right * count + left] = number
    lastArrival[left * count + right] = 0
    lastArrival[right * count + left] = 0
    return number
  }

  mutating func close(_ left: Int, _ right: Int) {
    sessions[left * count + right] = 0
    sessions[right * count + left] = 0
  }

  // MARK: Cuts

  func isCut(_ from: Int, _ to: Int) -> Bool { cuts[from * count + to] > 0 }

  mutating func cut(_ from: Int, _ to: Int, _ change: Int) {
    let value = Int(cuts[from * count + to]) + change
    cuts[from * count + to] = UInt8(clamping: value)
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
      at = max(at, lastArrival[index] + 1)
      lastArrival[index] = at
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
