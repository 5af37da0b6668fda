import Primitives

/// The state of the simulated network: sessions between nodes, links that faults have cut, and the delay,
/// loss, duplication and reordering of messages.
struct NetworkModel {
  let count: Int
  let delays: DelayModel
  /// Whether messages are lost, duplicated and reordered as the plan says; false after the faults have ended.
  var isUnreliable = true
  private let plan: FaultPlan
  private var generator: SeededGenerator
  /// One entry for each ordered pair of nodes, at the index `from * count + to`.
  private var directions: [Direction]
  private var nextSession: UInt32 = 1

  /// One direction between two nodes. Everything that sending a message reads is stored together, for speed.
  private struct Direction {
    /// When the last message arrives, in nanoseconds since the start: later ones of the session arrive later.
    var lastArrival: UInt64 = 0
    /// The session's number; 0 for no session. Both directions have the same number.
    var session: UInt32 = 0
    /// How many current faults cut this direction.
    var cuts: UInt8 = 0
  }

  init(count: Int, plan: FaultPlan, seed: UInt64) {
    self.count = count
    self.plan = plan
    delays = DelayModel(kind: plan.delays)
    generator = SeededGenerator(seed: seed ^ 0x6E65_7477_6F72_6B)
    directions = Array(repeating: Direction(), count: count * count)
  }

  // MARK: Sessions

  /// The number of the session between two nodes; 0 for none.
  func session(_ left: Int, _ right: Int) -> UInt32 { directions[left * count + right].session }

  /// Indices of the nodes with which a node has a session, ascending.
  func sessionPeers(of node: Int) -> [Int] { (0..<count).filter { session(node, $0) != 0 } }

  /// Opens a session and returns its number; nil when there is one already or either direction is cut.
  mutating func open(_ left: Int, _ right: Int) -> UInt32? {
    guard session(left, right) == 0, !isCut(left, right), !isCut(right, left) else { return nil }
    let number = nextSession
    nextSession += 1
    for index in [left * count + right, right * count + left] {
      directions[index].session = number
      directions[index].lastArrival = 0
    }
    return number
  }

  /// Ends a session; messages on their way are lost.
  mutating func close(_ left: Int, _ right: Int) {
    directions[left * count + right].session = 0
    directions[right * count + left].session = 0
  }

  // MARK: Cuts

  /// Whether a fault cuts the direction.
  func isCut(_ from: Int, _ to: Int) -> Bool { directions[from * count + to].cuts > 0 }

  /// Adds `change`, 1 or -1, to the number of faults that cut the direction.
  mutating func changeCuts(_ from: Int, _ to: Int, _ change: Int) {
    let value = Int(directions[from * count + to].cuts) + change
    directions[from * count + to].cuts = UInt8(clamping: value)
  }

  // MARK: Messages

  /// When the copies of a message sent at `now` arrive, in nanoseconds since the start: two nils when it is
  /// lost, two instants when it is duplicated. The message is sent `extra` after `now`.
  ///
  /// - `isStream`: whether the message keeps its order and is never lost or duplicated. A loss then delays it
  ///   by 200 ms, the time of a retransmission. Real nodes send the chain's protocols over streams, but the
  ///   simulation sends them with false: consensus must work with loss, duplication and reordering.
  mutating func arrivals(
    from: Int,
    to: Int,
    at now: Instant,
    extra: Interval = .zero,
    isStream: Bool = false
  ) -> (UInt64?, UInt64?) {
    guard !isCut(from, to) else { return (nil, nil) }
    var start = now.nanoseconds + extra.nanoseconds
    if isUnreliable, draws(plan.lossPartsPerMillion) {
      guard isStream else { return (nil, nil) }
      start += 200_000_000
    }
    var at = start + delays.draw(from: from, to: to, &generator)
    let index = from * count + to
    if isUnreliable, !isStream, draws(plan.reorderPartsPerMillion) {
      at += generator.next(below: max(1, plan.reorderMilliseconds) * 1_000_000)
    } else {
      at = max(at, directions[index].lastArrival + 1)
      directions[index].lastArrival = at
    }
    guard isUnreliable, !isStream, draws(plan.duplicationPartsPerMillion) else { return (at, nil) }
    return (at, at + generator.next(below: 50_000_000))
  }

  /// Draws whether the next message is really encoded and decoded.
  mutating func passesCodec() -> Bool { draws(plan.codecPartsPerMillion) }

  /// A draw with this probability; none is made when it is zero.
  private mutating func draws(_ partsPerMillion: UInt64) -> Bool {
    partsPerMillion > 0 && generator.chance(partsPerMillion: partsPerMillion)
  }

  /// Draws the duration of a handshake in nanoseconds: three one-way delays.
  mutating func handshake(_ left: Int, _ right: Int) -> UInt64 {
    3 * delays.draw(from: left, to: right, &generator)
  }
}
