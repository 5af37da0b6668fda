public import Chain
public import Cryptography
public import Primitives

/// Decides whom this node is connected to: a few outbound sessions that it chooses itself, half of them to
/// keys that the chain vouches for and two to peers that are near; a bounded number of inbound ones; and a
/// validator's direct links in reserved slots. The address book and the defence against eclipses follow
/// Heilman et al., "Eclipse Attacks on Bitcoin's Peer-to-Peer Network" (USENIX Security 2015).
public struct PeerManager: Sendable {
  public enum Input: Sendable {
    case connected(PeerID, Connection)
    case disconnected(PeerID)
    case dialFailed(Dial)
    case recordsRequested(count: Int, from: PeerID)
    /// Records with valid signatures, in answer to a request or through gossip.
    case records([SignedObject], from: PeerID?)
    case chainKnows(peers: [PeerID], mesh: [PeerID])
    case committed(Timestamp)
    case misbehaved(PeerID, Fault)
    case useful(PeerID)
    /// The link is dead; others reach the peer, or do not.
    case silent(PeerID, isReachable: Bool)
    /// Somebody else's link to the peer is silent: a feeler finds out whether it answers.
    case sought(PeerID)
    case fired
  }

  public enum Effect: Hashable, Sendable {
    case dial(Dial)
    case requestRecords(PeerID, count: Int)
    case sendRecords(PeerID, [SignedObject])
    case disconnect(PeerID, CloseReason)
    case fault(PeerID, Fault)
  }

  public typealias Turn = GossipTurn<Effect>

  /// A node that the configuration names.
  public struct Seed: Hashable, Sendable {
    public var address: String
    public var key: PeerID?

    public init(address: String, key: PeerID?) {
      self.address = address
      self.key = key
    }
  }

  struct Session {
    var connection: Connection
    var purpose: Dial.Purpose?
    var since: Instant
    /// From the dial to the session; nil for one that came in.
    var dialTime: Interval?
    /// Holds a place for near peers.
    var isNear = false
    /// First deliveries of accepted objects.
    var usefulness: UInt64 = 0
    var answers = TokenBucket()

    var isInbound: Bool { connection.direction == .inbound }

    /// The dials that could have led to it, by key and by address alone; none for one that came in.
    func dials(to peer: PeerID) -> [Dial] {
      guard case .outbound(let address) = connection.direction else { return [] }
      return [peer, nil].map { Dial(address: address, expectedKey: $0, purpose: purpose ?? .outbound) }
    }
  }

  /// What a peer was asked for, whatever became of the session: an answer may come over the next one.
  struct Asked {
    var at: Instant?
    /// Requests for records that the peer has not answered.
    var expected: UInt32 = 0
    /// Answers in a row that brought nothing new: it is asked less and less often.
    var barren: UInt32 = 0
  }

  struct DialKey: Hashable {
    let key: PeerID?
    let address: String

    /// One dial per key, whatever the address; per address when no key is known.
    init(_ dial: Dial) {
      key = dial.expectedKey
      address = dial.expectedKey == nil ? dial.address : ""
    }
  }

  /// A dial under way.
  struct Attempt {
    let dial: Dial
    let at: Instant

    var purpose: Dial.Purpose { dial.purpose }
  }

  struct Backoff {
    var failures: UInt32
    var until: Instant
  }

  public let settings: Settings
  public let peer: PeerID
  public internal(set) var book: AddressBook
  var generator: SeededGenerator
  var sessions: [PeerID: Session] = [:]
  var dialing: [DialKey: Attempt] = [:]
  var backoffs: GenerationTable<DialKey, Backoff>
  var scores = ScoreBook()
  /// One to two minutes long; a peer that answers later has no session any more.
  var asked: GenerationTable<PeerID, Asked>
  var known: Set<PeerID> = []
  var mesh: [PeerID] = []
  var time: Timestamp = .zero
  /// Outbound peers of the last run, dialed first.
  var anchors: [PeerID] = []
  var tickAt: Instant
  var feelerAt: Instant
  /// Feelers of the hurried kind that are left.
  var firstFeelers: Int
  /// A near peer that was found, and the one that makes room for it once its session has lasted.
  var replacement: (near: PeerID, far: PeerID)?
  var recordsAt: Instant = .zero

  public init(
    peer: PeerID,
    settings: Settings = Settings(),
    generator: SeededGenerator,
    at now: Instant
  ) {
    var generator = generator
    var bookSettings = AddressBook.Settings()
    bookSettings.usesGroups = settings.usesGroups
    book = AddressBook(settings: bookSettings, generator: &generator)
    self.peer = peer
    self.settings = settings
    self.generator = generator
    backoffs = GenerationTable(capacity: 8_192, period: .seconds(1_800))
    asked = GenerationTable(capacity: 4_096, period: .seconds(60))
    tickAt = now
    firstFeelers = settings.firstFeelers
    feelerAt =
      now + (settings.firstFeelers > 0 ? settings.firstFeelerWait : settings.feelerInterval)
  }

  public var deadline: Instant { tickAt }

  public mutating func step(_ input: Input, _ turn: inout Turn) {
    switch input {
    case .connected(let peer, let connection): connected(peer, connection, &turn)
    case .disconnected(let peer): disconnected(peer, at: turn.now)
    case .dialFailed(let dial): failed(dial, at: turn.now)
    case .recordsRequested(let count, let peer): answer(peer, count: count, &turn)
    case .records(let objects, let peer):
      for object in objects {
        guard let insertion = insert(object, from: peer), let peer else { continue }
        if insertion == .added || insertion == .updated { asked.update(peer) { $0.barren = 0 } }
      }
    case .chainKnows(let peers, let mesh):
      known = Set(peers)
      self.mesh = mesh.filter { $0 != self.peer }.sorted()
      assignMesh()
    case .committed(let time):
      self.time = max(self.time, time)
    case .misbehaved(let peer, let fault): punish(peer, fault, &turn)
    case .useful(let peer):
      scores.credit(peer, at: turn.now)
      sessions[peer]?.usefulness += 1
      return
    case .silent(let peer, let isReachable): giveUp(peer, isReachable, &turn)
    case .sought(let peer):
      seek(peer, &turn)
      return
    case .fired:
      guard tickAt <= turn.now else { return }
      tickAt = turn.now + settings.tickInterval
    }
    plan(&turn)
  }

  /// Takes a record with a valid signature into the book; nil when its body is none.
  public mutating func insert(_ object: SignedObject, from peer: PeerID?) -> AddressBook.Insertion? {
    guard object.kind == .nodeRecord, let record = try? NodeRecord(decoding: object.body) else { return nil }
    guard object.key != self.peer else { return .stale }
    let source = peer.flatMap { sessions[$0] }.map { AddressGroup(address: $0.connection.host) }
    let insertion = book.insert(
      object,
      record,
      source: source ?? AddressGroup(text: "unknown"),
      time: time
    )
    // A live session that we dialed has proved the address already.
    if insertion == .added, let session = sessions[object.key], !session.isInbound {
      book.succeeded(object.key, at: session.since)
    }
    return insertion
  }

  /// Whether the book could learn from a record, judged by its body alone.
  func isNews(_ object: SignedObject) -> Bool {
    guard let known = book[object.key] else { return true }
    guard let record = try? NodeRecord(decoding: object.body) else { return true }
    return record.sequence > known.record.sequence
  }

  /// Whether node records of `key` are passed on to neighbours: the chain's keys cost stake, others nothing.
  public func spreadsRecord(of key: PeerID) -> Bool {
    settings.spreadsAllRecords || known.contains(key)
  }

  /// Drops expired records; returns their identifiers.
  public mutating func expireRecords() -> [Digest] { book.expire(at: time) }

  public func score(of peer: PeerID, at now: Instant) -> Int64 { scores.points(peer, at: now) }

  /// When a banned peer may come back; nil for one that may have a session now.
  public func ban(of peer: PeerID, at now: Instant) -> Instant? { scores.ban(of: peer, at: now) }

  public var connectedPeers: [PeerID] { sessions.keys.sorted() }

  /// The two outbound peers that have lasted longest, to be dialed first by the next run.
  public var nextAnchors: [PeerID] {
    let outbound = sessions.filter { !$0.value.isInbound }
    return outbound.sorted { ($0.value.since, $0.key) < ($1.value.since, $1.key) }.prefix(2).map(\.key)
  }

  public mutating func restoreAnchors(_ anchors: [PeerID]) { self.anchors = Array(anchors.prefix(2)) }

  public mutating func restoreBook(_ bytes: [UInt8], chain: ChainID, at now: Instant) throws(DecodingError) {
    try book.restore(bytes, chain: chain, time: time, at: now)
  }
}
