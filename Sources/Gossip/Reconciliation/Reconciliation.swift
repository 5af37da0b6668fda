public import Cryptography
import DequeModule
public import Primitives

/// Finds the objects that one of two neighbours has and the other lacks, with traffic proportional to their number
/// (range-based set reconciliation, as in negentropy).
///
/// A message lists ranges of the identifier space with a fingerprint of each. If a node's own fingerprint of
/// a range differs, it answers with up to sixteen parts of that range, or with all its identifiers in the
/// range if they are few. Objects are sent only when they are asked for by identifier. Both sides follow the
/// same rules. They store nothing about a round except the identifiers that they still want.
public struct Reconciliation: Sendable {
  public enum Input: Sendable {
    case linked(PeerID)
    case unlinked(PeerID)
    /// The object with this identifier became live (`added`) or is no longer live (`removed`).
    case added(Digest)
    case removed(Digest)
    case received(RangeMessage, from: PeerID)
    /// Objects arrived over the stream, whether reconciliation asked for them or not.
    case arrived([Digest], from: PeerID)
    case fired
  }

  public enum Effect: Hashable, Sendable {
    case send(RangeMessage, to: PeerID)
    /// Send these live objects, which the peer has asked for.
    case supply([Digest], to: PeerID)
    case fault(PeerID, Fault)
  }

  public typealias Turn = Primitives.Turn<Effect>

  public struct Settings: Hashable, Sendable {
    public var interval = Interval.seconds(10)
    /// The number of answered rounds after which a new node should have all objects of the network. These
    /// rounds begin at once, with the first neighbours.
    public var joinRounds = 2
    /// The time to wait for an answer. After it, a round with another neighbour begins.
    public var answerTimeout = Interval.milliseconds(2_500)
    /// The largest number of identifiers in a range that is listed. A range with more is split into `parts`
    /// ranges.
    public var listLimit = 32
    public var parts = 16
    /// The number of objects that are asked for in one message.
    public var chunk = 1_024
    /// The limit of identifiers that wait to be asked for, for each neighbour.
    public var neededLimit = 16_384
    /// If a neighbour sends none of the requested objects for this time, the missing ones are given up.
    public var deliveryTimeout = Interval.seconds(5)
    /// The shortest time between two requests for the same object.
    public var askAgainAfter = Interval.seconds(10)
    /// For one neighbour: the messages that are handled a second, and the identifiers that the answers may
    /// name a second. The bursts let a new neighbour get all objects at once.
    public var steps = TokenBucket.Rate(perSecond: 4, burst: 64)
    public var identifiers = TokenBucket.Rate(perSecond: 256, burst: 32_768)
    public var supplies = TokenBucket.Rate(perSecond: 4_000, burst: 32_768)

    public init() {}
  }

  private struct Session {
    var steps = TokenBucket()
    var identifiers = TokenBucket()
    var supplies = TokenBucket()
    var needed: Deque<Digest> = []
    var outstanding: Set<Digest> = []
    var progressAt: Instant = .zero
    var standing = Standing.untried
  }

  /// Whether a neighbour answers. It becomes `silent` when this node begins a round with it, and `answering`
  /// when it sends a message.
  private enum Standing {
    case untried
    case answering
    case silent
  }

  public let settings: Settings
  private var generator: SeededGenerator
  private var live = LiveSet()
  private var sessions: [PeerID: Session] = [:]
  private var asked: Generations<Digest, Void>
  private var nextRoundAt: Instant
  /// The number of rounds that this node has begun.
  public private(set) var rounds: UInt64 = 0
  /// The number of rounds begun by this node that were answered.
  private var answeredRounds: UInt64 = 0
  /// The number of objects that this node has asked for.
  public private(set) var requested: UInt64 = 0

  public init(settings: Settings = Settings(), generator: SeededGenerator, at now: Instant) {
    self.settings = settings
    self.generator = generator
    asked = Generations(capacity: 65_536, period: settings.askAgainAfter)
    nextRoundAt = now + settings.interval
  }

  public var deadline: Instant { nextRoundAt }
  public var liveCount: Int { live.count }

  /// Whether the object was named as missing, and so queued for a request, within the last 10 to 20 s.
  public func hasAsked(for identifier: Digest, at now: Instant) -> Bool {
    asked.contains(identifier, at: now)
  }

  public mutating func step(_ input: Input, _ turn: inout Turn) {
    switch input {
    case .linked(let peer):
      sessions[peer] = Session()
      guard rounds < settings.joinRounds else { return }
      begin(with: peer, &turn)
    case .unlinked(let peer): sessions[peer] = nil
    case .added(let identifier): live.insert(identifier)
    case .removed(let identifier): live.remove(identifier)
    case .received(let message, let peer): receive(message, from: peer, &turn)
    case .arrived(let identifiers, let peer): arrived(identifiers, from: peer, &turn)
    case .fired: fire(&turn)
    }
  }

  private mutating func fire(_ turn: inout Turn) {
    guard nextRoundAt <= turn.now else { return }
    nextRoundAt = turn.now + settings.interval
    let peers = sessions.keys.sorted()
    guard !peers.isEmpty else { return }
    for (peer, session) in sessions where turn.now.since(session.progressAt) >= settings.deliveryTimeout {
      sessions[peer]?.outstanding = []
      sessions[peer]?.needed = []
    }
    for partner in partners(among: peers) { begin(with: partner, &turn) }
  }

  /// The neighbours to begin a round with, drawn at random. Until `joinRounds` rounds are answered: as many
  /// as are still missing, from the untried neighbours first. Later: one that is not `silent`, if there is
  /// any.
  private mutating func partners(among peers: [PeerID]) -> [PeerID] {
    let isNewcomer = answeredRounds < settings.joinRounds
    let count = isNewcomer ? settings.joinRounds - Int(answeredRounds) : 1
    let ranks: [[Standing]] =
      isNewcomer ? [[.untried], [.answering], [.silent]] : [[.untried, .answering], [.silent]]
    let groups = ranks.map { rank in
      peers.filter { peer in sessions[peer].map { rank.contains($0.standing) } == true }
    }
    return generator.sample(count, of: groups.first { !$0.isEmpty } ?? [])
  }

  private mutating func begin(with peer: PeerID, _ turn: inout Turn) {
    rounds += 1
    sessions[peer]?.standing = .silent
    nextRoundAt = turn.now + settings.answerTimeout
    var message = RangeMessage()
    append(to: &message, from: .zero, upTo: nil)
    turn.effects.append(.send(message, to: peer))
  }

  /// Notes that a neighbour has answered. After `joinRounds` answers, the next round begins a whole interval
  /// later.
  private mutating func recordHeard(_ peer: PeerID, at now: Instant) {
    guard sessions[peer]?.standing == .silent else { return }
    sessions[peer]?.standing = .answering
    answeredRounds += 1
    guard answeredRounds >= settings.joinRounds else { return }
    // A jitter of up to a tenth, so that nodes that started together do not begin their rounds together.
    let jitter = generator.next(below: max(1, settings.interval.nanoseconds / 10))
    nextRoundAt = now + settings.interval + Interval(nanoseconds: jitter)
  }

  private mutating func receive(_ message: RangeMessage, from peer: PeerID, _ turn: inout Turn) {
    guard sessions[peer]?.steps.take(at: turn.now, settings.steps) == true else {
      if sessions[peer] != nil { turn.effects.append(.fault(peer, .excessiveRequests)) }
      return
    }
    recordHeard(peer, at: turn.now)
    supply(message.wanted, to: peer, &turn)
    queueMissing(message.held, from: peer, at: turn.now)
    var reply = answer(message.ranges, from: peer, at: turn.now)
    // If the answer names more identifiers than allowed, its contents are dropped. A later round names them.
    let count = UInt64(reply.identifierCount)
    if sessions[peer]?.identifiers.take(count, at: turn.now, settings.identifiers) != true {
      reply = RangeMessage()
    }
    reply.wanted = nextChunk(of: peer, at: turn.now)
    if !reply.isEmpty { turn.effects.append(.send(reply, to: peer)) }
  }

  private mutating func supply(_ wanted: [Digest], to peer: PeerID, _ turn: inout Turn) {
    let held = wanted.filter { live.contains($0) }
    guard !held.isEmpty else { return }
    guard sessions[peer]?.supplies.take(UInt64(held.count), at: turn.now, settings.supplies) == true else {
      return
    }
    turn.effects.append(.supply(held, to: peer))
  }

  /// Queues identifiers that the peer holds and this node lacks. `nextChunk` then asks for the objects.
  private mutating func queueMissing(_ identifiers: [Digest], from peer: PeerID, at now: Instant) {
    for identifier in identifiers where !live.contains(identifier) && !asked.contains(identifier, at: now) {
      guard let count = sessions[peer]?.needed.count, count < settings.neededLimit else { return }
      asked.insert(identifier, at: now)
      sessions[peer]?.needed.append(identifier)
    }
  }

  private mutating func nextChunk(of peer: PeerID, at now: Instant) -> [Digest] {
    guard let session = sessions[peer], session.outstanding.isEmpty, !session.needed.isEmpty else {
      return []
    }
    let chunk = session.needed.prefix(settings.chunk).filter { !live.contains($0) }
    sessions[peer]?.needed.removeFirst(min(settings.chunk, session.needed.count))
    sessions[peer]?.outstanding = Set(chunk)
    sessions[peer]?.progressAt = now
    requested += UInt64(chunk.count)
    return Array(chunk)
  }

  private mutating func arrived(_ identifiers: [Digest], from peer: PeerID, _ turn: inout Turn) {
    guard sessions[peer]?.outstanding.isEmpty == false else { return }
    for identifier in identifiers where sessions[peer]?.outstanding.remove(identifier) != nil {
      sessions[peer]?.progressAt = turn.now
    }
    let wanted = nextChunk(of: peer, at: turn.now)
    guard !wanted.isEmpty else { return }
    var message = RangeMessage()
    message.wanted = wanted
    turn.effects.append(.send(message, to: peer))
  }

  /// Compares the peer's ranges with this node's set. The answer has no ranges if all of the peer's are
  /// settled.
  private mutating func answer(_ ranges: [RangeMessage.Range], from peer: PeerID, at now: Instant)
    -> RangeMessage
  {
    var reply = RangeMessage()
    var lower = Digest.zero
    // A listed identifier takes 34 bytes. The frame has room for half the limit of identifiers and all
    // fingerprints.
    var room = GossipLimits.identifiers / 2
    for range in ranges {
      defer { lower = range.upper ?? lower }
      switch range.content {
      case .settled: settle(&reply, upTo: range.upper)
      case .fingerprint(let theirs):
        let sum = live.sum(from: lower, to: range.upper)
        // A range for which there is no room is compared in a later round.
        guard Fingerprint(sum: sum) != theirs, room >= settings.listLimit,
          reply.ranges.count < GossipLimits.ranges / 2
        else {
          settle(&reply, upTo: range.upper)
          continue
        }
        if sum.count <= settings.listLimit { room -= sum.count }
        append(to: &reply, from: lower, upTo: range.upper)
      case .listed(let theirs):
        queueMissing(theirs, from: peer, at: now)
        offer(theirs, from: lower, upTo: range.upper, room: &room, &reply)
      }
    }
    // If all ranges of a message are settled, it is not answered. Such a message is sent once, so that the
    // other side learns that its round was answered.
    if ranges.allSatisfy({ $0.content == .settled }) { reply.ranges = [] }
    return reply
  }

  /// Names the identifiers in this node's range that the peer's list lacks. From the first one without room
  /// on, the fingerprint of the rest of the range is sent instead.
  private func offer(
    _ theirs: [Digest],
    from lower: Digest,
    upTo upper: Digest?,
    room: inout Int,
    _ reply: inout RangeMessage
  ) {
    let known = Set(theirs)
    for identifier in live.identifiers(from: lower, to: upper, limit: room + known.count + 1)
    where !known.contains(identifier) {
      guard room > 0 else {
        if identifier > lower { settle(&reply, upTo: identifier) }
        return fingerprint(&reply, from: identifier, upTo: upper)
      }
      reply.held.append(identifier)
      room -= 1
    }
    settle(&reply, upTo: upper)
  }

  /// Appends this node's part of a range: all identifiers if they are few, otherwise fingerprints of its
  /// parts.
  private func append(to message: inout RangeMessage, from lower: Digest, upTo upper: Digest?) {
    let identifiers = live.identifiers(from: lower, to: upper, limit: settings.listLimit + 1)
    guard identifiers.count > settings.listLimit else {
      message.ranges.append(.init(upper: upper, content: .listed(identifiers)))
      return
    }
    var start = lower
    for divider in live.dividers(from: lower, to: upper, parts: settings.parts) where divider > start {
      fingerprint(&message, from: start, upTo: divider)
      start = divider
    }
    fingerprint(&message, from: start, upTo: upper)
  }

  private func fingerprint(_ message: inout RangeMessage, from lower: Digest, upTo upper: Digest?) {
    let sum = live.sum(from: lower, to: upper)
    message.ranges.append(.init(upper: upper, content: .fingerprint(Fingerprint(sum: sum))))
  }

  private func settle(_ message: inout RangeMessage, upTo upper: Digest?) {
    if message.ranges.last?.content == .settled { message.ranges.removeLast() }
    message.ranges.append(.init(upper: upper, content: .settled))
  }
}
