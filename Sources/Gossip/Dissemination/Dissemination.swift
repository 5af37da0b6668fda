public import Chain
public import Cryptography
import DequeModule
public import Primitives

/// Spreads signed objects. Each node chooses, for each origin, which neighbours push that origin's objects to it: its
/// suppliers.
///
/// All neighbours push an origin's first objects. Each node then keeps the neighbours that delivered first
/// and sends STOP for that origin to the others. These then send digests: lists of short identifiers. The
/// node asks with WANT for an object that was announced but does not come. Every node keeps a fixed number of
/// suppliers, so each gets every object, and the links that push form a few trees of nearly shortest paths.
/// Plumtree (Leitão, Pereira, Rodrigues: "Epidemic Broadcast Trees", 2007) also has eager and lazy links, but
/// one tree for all origins. GossipSub (libp2p spec, `pubsub/gossipsub`) has a fixed number of eager links
/// per topic, whatever the origin, and as many copies.
///
/// Short identifiers are hashed under the *receiver's* key rather than under one for each link, so that a node can match
/// the announcements of several neighbours before it has the object.
public struct Dissemination: Sendable {
  public enum Input: Sendable {
    case linked(PeerID)
    case unlinked(PeerID)
    /// `isRepair` says that reconciliation asked for the objects.
    case received([SignedObject], from: PeerID, isRepair: Bool)
    /// The content of an authentic object; nil when the signature is invalid.
    case verified(Digest, ObjectContent?)
    case judged(Digest, Judgement)
    case published(SignedObject)
    /// Objects that were live before a restart. They are stored and sent on request, but not pushed or
    /// announced.
    case restored([SignedObject])
    case retired([Digest])
    case digests([UInt64], from: PeerID)
    case wants([UInt64], from: PeerID)
    case stops([OriginTag], from: PeerID)
    case starts([OriginTag], from: PeerID)
    /// Time has reached `deadline`. An earlier `fired` has no effect.
    case fired
  }

  public enum Effect: Hashable, Sendable {
    case push(SignedObject, to: [PeerID])
    /// Send the object, which the peer has asked for.
    case answer(SignedObject, to: PeerID)
    case announce([UInt64], to: PeerID)
    case want([UInt64], from: PeerID)
    case stop([OriginTag], PeerID)
    case start([OriginTag], PeerID)
    case verify(SignedObject)
    /// Ask for the judgement of the object. `from` is nil when the link is closed by now.
    case deliver(SignedObject, ObjectContent, from: PeerID?)
    /// The object is live on this node from now on.
    case accepted(SignedObject)
    /// The peer was the first to deliver an object that was accepted.
    case useful(PeerID)
    case fault(PeerID, Fault)
  }

  public typealias Turn = Primitives.Turn<Effect>

  /// An object between its arrival and its judgement.
  struct Pending {
    var object: SignedObject
    var arrival: Arrival
    /// Links over which the object came with this signature. Their peers are at fault when it is forged.
    var senders: SlotSet
    /// Other signatures over the same content, tried when this one is forged.
    var alternatives: [(object: SignedObject, slot: Int)] = []
    var isRepair: Bool
    /// Nil until the signature is known to be valid.
    var content: ObjectContent?
  }

  /// The links over which an object arrived, and in which order.
  struct Arrival {
    let tag: OriginTag
    let firstAt: Instant
    /// The link over which the object came first; nil once that link is closed.
    var firstSlot: Int?
    /// Links over which the object came or was announced. The object is not sent to them.
    var holders: SlotSet = []
    /// Links that pushed the object unasked, first to last.
    var order: [UInt8] = []
    /// For each link of `order`, the milliseconds between the first copy and its copy.
    var lateness: [UInt8] = []
    /// Links that this node asked for the object.
    var asked: SlotSet = []

    /// Notes that a copy came over the link.
    mutating func note(_ slot: Int, at now: Instant) {
      holders.insert(slot)
      guard !asked.contains(slot), !order.contains(UInt8(slot)) else { return }
      order.append(UInt8(slot))
      lateness.append(UInt8(min(now.since(firstAt).milliseconds, UInt64(Route.latest))))
    }

    mutating func forget(_ slot: Int) {
      holders.remove(slot)
      asked.remove(slot)
      if let place = order.firstIndex(of: UInt8(slot)) {
        order.remove(at: place)
        lateness.remove(at: place)
      }
      if firstSlot == slot { firstSlot = nil }
    }
  }

  /// An announced object that has not arrived.
  struct Missing {
    var announcers: [UInt8]
    var asked: SlotSet = []
    /// `attempts` counts the rounds of requests for the object, `asks` the requests: later rounds send two each.
    var attempts = 0
    var asks = 0
  }

  struct Due<Value: Sendable>: Sendable {
    let at: Instant
    let value: Value
  }

  public let settings: Settings
  public internal(set) var counters = Counters()
  var generator: SeededGenerator
  /// The hash with this node's own key, which gives the short identifiers that neighbours send to it.
  let hash: ShortHash
  var slots: [PeerID: Int] = [:]
  var links: [Link?] = []
  var routes: [OriginTag: Route] = [:]
  /// The suppliers for origins without a route of their own.
  var shared = Route(at: .zero)
  var live: [Digest: SignedObject] = [:]
  var liveBytes = 0
  var liveShorts: [UInt64: Digest] = [:]
  var seen: Generations<UInt64, Void>
  var refused: Generations<UInt64, Void>
  /// Objects whose signature is valid, by content and signature. If such an object is refused, retired or
  /// forgotten and then comes again, it is judged again, but its signature is not checked again.
  var checked: Generations<Digest, Void>
  var pending: [Digest: Pending] = [:]
  var pendingShorts: Set<UInt64> = []
  var pendingBytes = 0
  var recent: [Digest: Arrival] = [:]
  var evaluations: Deque<Due<Digest>> = []
  var missing: [UInt64: Missing] = [:]
  var fresh: Deque<Due<UInt64>> = []
  var retries: Deque<Due<UInt64>> = []
  var flushAt: Instant?
  var exploreAt: Instant
  /// Measures which share of the latest objects came only because this node asked for them.
  var lossWindow = LossWindow()

  /// `generator` makes the random choices: which of equal suppliers are kept, and which neighbours are tried.
  public init(peer: PeerID, settings: Settings = Settings(), generator: SeededGenerator, at now: Instant) {
    self.settings = settings
    self.generator = generator
    hash = Self.shortHash(for: peer)
    seen = Generations(capacity: settings.seenCapacity, period: settings.seenPeriod)
    refused = Generations(capacity: settings.seenCapacity / 8, period: settings.refusedPeriod)
    checked = Generations(capacity: settings.checkedCapacity, period: settings.checkedPeriod)
    exploreAt = now + settings.exploreInterval
  }

  /// The keyed hash function for the short identifiers of objects that are announced to `peer`. Its key is
  /// derived from the peer's identity, so everybody can compute it. An attacker that gives two of its own
  /// objects the same short identifier only hides one of them from that peer.
  static func shortHash(for peer: PeerID) -> ShortHash {
    ShortHash(Digest.blake2b(Array("supercloud digest".utf8) + peer.bytes))
  }

  public mutating func step(_ input: Input, _ turn: inout Turn) {
    switch input {
    case .linked(let peer): link(peer, &turn)
    case .unlinked(let peer): unlink(peer, &turn)
    case .received(let objects, let peer, let isRepair):
      guard let slot = slots[peer] else { return }
      for object in objects { receive(object, slot, isRepair: isRepair, &turn) }
    case .verified(let identifier, let content): verified(identifier, content, &turn)
    case .judged(let identifier, let judgement): judged(identifier, judgement, &turn)
    case .published(let object): publish(object, &turn)
    case .restored(let objects): for object in objects { restore(object, &turn) }
    case .retired(let identifiers): retire(identifiers)
    case .digests(let shorts, let peer): announced(shorts, by: peer, &turn)
    case .wants(let shorts, let peer): wanted(shorts, by: peer, &turn)
    case .stops(let tags, let peer): updateInterest(tags, isWanted: false, of: peer, &turn)
    case .starts(let tags, let peer): updateInterest(tags, isWanted: true, of: peer, &turn)
    case .fired: fire(&turn)
    }
  }

  /// The next instant at which `.fired` has an effect.
  public var deadline: Instant {
    var next = exploreAt
    if let flushAt { next = min(next, flushAt) }
    if let first = evaluations.first { next = min(next, first.at) }
    if let first = fresh.first { next = min(next, first.at) }
    if let first = retries.first { next = min(next, first.at) }
    return next
  }

  private mutating func fire(_ turn: inout Turn) {
    evaluate(&turn)
    askForMissing(&turn)
    if let flushAt, flushAt <= turn.now { flushAnnouncements(&turn) }
    if exploreAt <= turn.now { explore(&turn) }
  }

  /// The live object with this identifier, for reconciliation; nil when there is none.
  public func object(_ identifier: Digest) -> SignedObject? { live[identifier] }

  public var liveCount: Int { live.count }
  /// The bytes needed to send all live objects to a new neighbour: each object once and its identifier twice.
  public var fullSyncBytes: Int { liveBytes + live.count * 80 }
  public var pendingCount: Int { pending.count }
  public var missingCount: Int { missing.count }
  public var routeCount: Int { routes.count }
}
