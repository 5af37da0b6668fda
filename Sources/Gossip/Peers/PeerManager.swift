public import Chain
public import Cryptography
public import Primitives

/// Decides which peers this node has sessions with.
///
/// * Outbound sessions, which this node chooses: half of them to keys that the chain vouches for, two to near
///   peers.
/// * Inbound sessions, up to a limit.
/// * The mesh: a validator's sessions with the other validators, which count as neither outbound nor inbound.
///
/// The address book and the defence against eclipse attacks follow Heilman et al., "Eclipse Attacks on Bitcoin's
/// Peer-to-Peer Network" (USENIX Security 2015).
public struct PeerManager: Sendable {
  public enum Input: Sendable {
    case connected(PeerID, Connection)
    case disconnected(PeerID)
    case dialFailed(Dial)
    case recordsRequested(count: Int, from: PeerID)
    /// Records with valid signatures, from the answer to a request or from gossip.
    case records([Record], from: PeerID?)
    case chainKnows(peers: [PeerID], mesh: [PeerID])
    case committed(Timestamp)
    case misbehaved(PeerID, Fault)
    case useful(PeerID)
    /// Probing found the session dead. `isReachable` is true when another node has received an ack from the
    /// peer.
    case silent(PeerID, isReachable: Bool)
    /// Another node asks (ping-req) whether the peer is alive. A feeler finds out.
    case testRequested(PeerID)
    case fired
  }

  public enum Effect: Hashable, Sendable {
    case dial(Dial)
    case requestRecords(PeerID, count: Int)
    case sendRecords(PeerID, [SignedObject])
    case disconnect(PeerID, CloseReason)
    case fault(PeerID, Fault)
  }

  public typealias Turn = Primitives.Turn<Effect>

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
    /// The time from the dial to the open session; nil for an inbound session.
    var dialTime: Interval?
    /// True for one of the sessions that are kept for near peers.
    var isNear = false
    /// The number of accepted objects that this peer was the first to deliver.
    var usefulness: UInt64 = 0
    var answers = TokenBucket()

    var isInbound: Bool { connection.direction == .inbound }

    /// The dials that may have opened this session: one by key, one by address only. Empty for an inbound
    /// session.
    func dials(to peer: PeerID) -> [Dial] {
      guard case .outbound(let address) = connection.direction else { return [] }
      return [peer, nil].map { Dial(address: address, expectedKey: $0, purpose: purpose ?? .outbound) }
    }
  }

  /// The requests for records to one peer. They outlive a session, since an answer may come over the next
  /// session.
  struct RecordRequests {
    var at: Instant?
    /// The number of answers with records that are expected from the peer.
    var expected: UInt32 = 0
    /// The number of answers in a row that brought nothing new. Each doubles the wait before the next
    /// request.
    var emptyAnswers: UInt32 = 0
  }

  struct DialKey: Hashable {
    let key: PeerID?
    let address: String

    /// Dials to the same key count as one, whatever the address; dials without a key count as one per
    /// address.
    init(_ dial: Dial) {
      key = dial.expectedKey
      address = dial.expectedKey == nil ? dial.address : ""
    }
  }

  /// A pending dial and its start.
  struct Attempt {
    let dial: Dial
    let at: Instant

    var purpose: Dial.Purpose { dial.purpose }
  }

  /// An authentic node record with its decoded body.
  public struct Record: Hashable, Sendable {
    public let object: SignedObject
    public let content: NodeRecord

    public init(object: SignedObject, content: NodeRecord) {
      self.object = object
      self.content = content
    }
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
  var backoffs: Generations<DialKey, Backoff>
  var scores = ScoreBook()
  /// The expected answers of each peer, remembered for one to two minutes after the last request.
  var recordRequests: Generations<PeerID, RecordRequests>
  var vouchedKeys: Set<PeerID> = []
  var mesh: [PeerID] = []
  var time: Timestamp = .zero
  /// The outbound peers of the last run, which are dialed first.
  var anchors: [PeerID] = []
  var tickAt: Instant
  var feelerAt: Instant
  /// The number of feelers that still follow each other at `Settings.firstFeelerInterval`.
  var firstFeelers: Int
  /// A near peer (`near`), and the peer whose session ends when the session with `near` has lasted a second
  /// (`far`).
  var replacement: (near: PeerID, far: PeerID)?
  /// When one peer is next asked for node records, if there is a choice of peers to dial.
  var nextRecordRequestAt: Instant = .zero

  public init(peer: PeerID, settings: Settings = Settings(), generator: SeededGenerator, at now: Instant) {
    var generator = generator
    var bookSettings = AddressBook.Settings()
    bookSettings.usesGroups = settings.usesGroups
    book = AddressBook(settings: bookSettings, generator: &generator)
    self.peer = peer
    self.settings = settings
    self.generator = generator
    backoffs = Generations(capacity: 8_192, period: .seconds(1_800))
    recordRequests = Generations(capacity: 4_096, period: .seconds(60))
    tickAt = now
    firstFeelers = settings.firstFeelers
    feelerAt = now + (settings.firstFeelers > 0 ? settings.firstFeelerWait : settings.feelerInterval)
  }

  public var deadline: Instant { tickAt }

  public mutating func step(_ input: Input, _ turn: inout Turn) {
    switch input {
    case .connected(let peer, let connection): connected(peer, connection, &turn)
    case .disconnected(let peer): disconnected(peer, at: turn.now)
    case .dialFailed(let dial): failed(dial, at: turn.now)
    case .recordsRequested(let count, let peer): answer(peer, count: count, &turn)
    case .records(let records, let peer):
      for record in records {
        let insertion = insert(record, from: peer)
        guard let peer else { continue }
        if insertion == .added || insertion == .updated {
          recordRequests.update(peer) { $0.emptyAnswers = 0 }
        }
      }
    case .chainKnows(let peers, let mesh):
      vouchedKeys = Set(peers)
      self.mesh = mesh.filter { $0 != self.peer }.sorted()
      assignMesh()
    case .committed(let time): self.time = max(self.time, time)
    case .misbehaved(let peer, let fault): punish(peer, fault, &turn)
    case .useful(let peer):
      scores.credit(peer, at: turn.now)
      sessions[peer]?.usefulness += 1
      return
    case .silent(let peer, let isReachable): endSilent(peer, isReachable, &turn)
    case .testRequested(let peer):
      testOnRequest(peer, &turn)
      return
    case .fired:
      guard tickAt <= turn.now else { return }
      tickAt = turn.now + settings.tickInterval
    }
    plan(&turn)
  }

  /// Inserts a record with a valid signature into the address book.
  public mutating func insert(_ record: Record, from peer: PeerID?) -> AddressBook.Insertion {
    let object = record.object
    guard object.key != self.peer else { return .stale }
    let source = peer.flatMap { sessions[$0] }.map { AddressGroup(address: $0.connection.host) }
    let insertion = book.insert(
      object,
      record.content,
      source: source ?? AddressGroup(text: "unknown"),
      time: time
    )
    // This outbound session to the key proves that the address is right.
    if insertion == .added, let session = sessions[object.key], !session.isInbound {
      book.succeeded(object.key, at: session.since)
    }
    return insertion
  }

  /// Whether the address book has no record of the key, or an older one. The signature is not checked.
  func isNewer(_ object: SignedObject) -> Bool {
    guard let known = book[object.key] else { return true }
    guard let record = try? NodeRecord(decoding: object.body) else { return true }
    return record.sequence > known.record.sequence
  }

  /// Whether node records of `key` are forwarded to neighbours. Keys that the chain vouches for cost stake; others can
  /// be made at will, so their records are not forwarded.
  public func spreadsRecord(of key: PeerID) -> Bool {
    settings.spreadsAllRecords || vouchedKeys.contains(key)
  }

  /// Removes expired records from the address book, and returns their identifiers.
  public mutating func expireRecords() -> [Digest] { book.expire(at: time) }

  public func score(of peer: PeerID, at now: Instant) -> Int64 { scores.points(peer, at: now) }

  /// When a banned peer may come back; nil for one that may have a session now.
  public func ban(of peer: PeerID, at now: Instant) -> Instant? { scores.ban(of: peer, at: now) }

  public var connectedPeers: [PeerID] { sessions.keys.sorted() }

  /// The two outbound peers with the oldest sessions, which the next run dials first.
  public var nextAnchors: [PeerID] {
    let outbound = sessions.filter { !$0.value.isInbound }
    return outbound.sorted { ($0.value.since, $0.key) < ($1.value.since, $1.key) }.prefix(2).map(\.key)
  }

  public mutating func restoreAnchors(_ anchors: [PeerID]) { self.anchors = Array(anchors.prefix(2)) }

  public mutating func restoreBook(_ bytes: [UInt8], chain: ChainID, at now: Instant) throws(DecodingError) {
    try book.restore(bytes, chain: chain, time: time, at: now)
  }
}
